/** Files and cameras that claim to be larger than any is: refused in words, before memory is taken for them. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { UrlSource } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { RecordingSink } from '../contract/media-source.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined;
if (!hasFfmpeg)
  console.warn('skipped: a picture that is too large, because ffmpeg is not installed to make one');

const folder = mkdtempSync(join(tmpdir(), 'earsight-limits-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function outcome(file: string): Promise<string> {
  const source = new UrlSource('large', {
    url: secretUrl(pathToFileURL(file).href),
    reading: { pace: 'fastest' },
  });
  const sink = new RecordingSink();
  source.open(sink);
  try {
    await sink.until(({ phases }) => /ended|failed/.test(phases.at(-1)?.phase ?? ''), 'an outcome');
  } finally {
    await source.close();
  }
  const last = sink.phases.at(-1);
  return last !== undefined && 'reason' in last ? `${last.reason}: ${last.detail ?? ''}` : '';
}

/** PCM of one second as a WAV file of the given claims. */
function wav(rateHz: number, channels: number): Buffer {
  const data = Buffer.alloc(4_000);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rateHz, 24);
  head.writeUInt32LE((rateHz * channels * 2) >>> 0, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

it.each([
  [1, 1],
  [10_000_000, 1],
])('sound of %i samples a second is refused', async (rateHz, channels) => {
  const file = join(folder, `${rateHz}.wav`);
  writeFileSync(file, wav(rateHz, channels));
  expect(await outcome(file)).toMatch(/^source-unsupported: Its sound has \d+ samples a second/);
});

it('sound of an ordinary rate is taken', async () => {
  const file = join(folder, 'ordinary.wav');
  writeFileSync(file, wav(8_000, 1));
  expect(await outcome(file)).toMatch(/^end-of-file/);
});

it.skipIf(!hasFfmpeg)('pictures of more pixels than 8K are refused', async () => {
  const file = join(folder, 'huge.mkv');
  const made = ['-f', 'lavfi', '-i', 'color=size=8192x4400:rate=1', '-frames:v', '1', '-c:v', 'mjpeg', file];
  expect(spawnSync('ffmpeg', ['-loglevel', 'error', ...made]).status).toBe(0);
  expect(await outcome(file)).toMatch(/^source-unsupported: Its pictures have 8192x4400 pixels/);
});

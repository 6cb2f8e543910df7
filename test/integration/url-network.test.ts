/** Live sources by RTMP, SRT, DASH and HLS, with the outside ffmpeg as the other end. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { UrlSource } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { RecordingSink } from '../contract/media-source.ts';
import { freePort } from '../support/free-port.ts';

const noFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0 ? null : 'ffmpeg is not installed';
if (noFfmpeg) console.log(`Skipped: RTMP, SRT, DASH and HLS (${noFfmpeg}).`);

const TYPES: Readonly<Record<string, string>> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mpd': 'application/dash+xml',
  '.m4s': 'video/iso.segment',
};

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A picture of 25 a second and a tone, in real time, for half a minute. */
function encode(output: readonly string[]): ChildProcess {
  const input =
    '-loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=25 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 30 ' +
    '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 25 -c:a aac -ac 1';
  const encoder = spawn('ffmpeg', [...input.split(' '), ...output], { stdio: 'ignore' });
  closers.push(async () => {
    if (encoder.exitCode !== null || encoder.signalCode !== null) return;
    const gone = once(encoder, 'exit');
    encoder.kill('SIGKILL');
    await gone;
  });
  return encoder;
}

function open(url: string): RecordingSink {
  const sink = new RecordingSink();
  const source = new UrlSource('net', { url: secretUrl(url), backoff: { firstMs: 200, maxMs: 400 } });
  closers.push(() => source.close());
  source.open(sink);
  return sink;
}

/** Both tracks flow, on one clock, at their own rates. */
async function expectMedia(sink: RecordingSink): Promise<void> {
  await sink.until((s) => s.frames.length > 40 && s.chunks.length > 0, 'forty pictures and sound');
  expect(sink.infos.at(-1)).toMatchObject({
    video: { codec: 'h264', width: 320, height: 240 },
    audio: { codec: 'aac', rateHz: 44_100, channels: 1 },
    timing: 'shared',
  });
  // A busy machine may miss a picture, but moves none.
  for (const [i, { ptsUs }] of sink.frames.entries()) {
    const steps = (ptsUs - sink.frames[Math.max(0, i - 1)]!.ptsUs) / 40_000;
    expect(Math.abs(steps - Math.round(steps))).toBeLessThan(0.03);
  }
  const [frame, chunk] = [sink.frames.at(-1)!, sink.chunks.at(-1)!];
  expect(Math.abs(frame.ptsUs - chunk.ptsUs)).toBeLessThan(1_500_000);
}

describe.skipIf(noFfmpeg !== null)('UrlSource by network', () => {
  it('plays RTMP', async () => {
    const url = `rtmp://127.0.0.1:${await freePort()}/live/camera`;
    encode(['-f', 'flv', '-listen', '1', url]);
    await expectMedia(open(url));
  });

  it('plays SRT, encrypted, and calls again when its other end is back', async () => {
    const address = `srt://127.0.0.1:${await freePort()}`;
    const secret = 'passphrase=ten-letters-or-more&pbkeylen=16';
    const listen = () => encode(['-f', 'mpegts', `${address}?mode=listener&${secret}`]);
    const first = listen();
    const sink = open(`${address}?${secret}`);
    await expectMedia(sink);
    first.kill('SIGKILL');
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the loss');
    expect(JSON.stringify(sink.phases)).not.toContain('ten-letters');
    listen();
    const before = sink.frames.length;
    await sink.until((s) => s.frames.length > before + 10, 'pictures of the second');
  });

  it('plays live DASH', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dash-'));
    closers.push(() => rm(folder, { recursive: true }));
    const list = join(folder, 'live.mpd');
    encode(['-f', 'dash', '-seg_duration', '1', '-window_size', '6', '-streaming', '0', list]);
    const url = await serve(folder);
    await until(list);
    await expectMedia(open(`${url}/live.mpd`));
  });

  it('plays a live HLS playlist, and follows it as it moves on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hls-'));
    closers.push(() => rm(folder, { recursive: true }));
    const playlist = join(folder, 'live.m3u8');
    encode(['-f', 'hls', '-hls_time', '1', '-hls_list_size', '4', '-hls_flags', 'delete_segments', playlist]);
    const url = await serve(folder);
    await until(playlist);
    const sink = open(`${url}/live.m3u8`);
    await expectMedia(sink);
    // Longer than the playlist was when it was opened.
    await sink.until((s) => s.frames.length > 150, 'six seconds of pictures');
    // A segment comes at once; its pictures do not, or all but the newest would be lost.
    const steps = sink.frames.slice(1).map(({ ptsUs }, i) => ptsUs - sink.frames[i]!.ptsUs);
    expect(steps.filter((step) => step > 60_000).length).toBeLessThan(0.1 * steps.length);
    const [first, last] = [sink.frames[0]!, sink.frames.at(-1)!];
    expect((last.arrivalUs - first.arrivalUs) / (last.ptsUs - first.ptsUs)).toBeGreaterThan(0.9);
    expect(sink.phases.map(({ phase }) => phase)).toEqual(['connecting', 'connected']);
  });
});

async function until(playlist: string): Promise<void> {
  for (let tries = 0; !existsSync(playlist); tries++) {
    if (tries > 200) throw new Error('no playlist after 20 s');
    await sleep(100);
  }
}

/** The files of one folder by HTTP, on a free port. */
async function serve(folder: string): Promise<string> {
  const server: Server = createServer((request, response) => {
    const path = join(folder, basename(request.url ?? ''));
    if (!existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'video/mp2t' });
    createReadStream(path)
      .on('error', () => response.destroy())
      .pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

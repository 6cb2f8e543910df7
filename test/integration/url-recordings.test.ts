import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { AV_LOG_ERROR } from 'node-av/constants';
import { Log } from 'node-av/lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UrlSource, type UrlSourceOptions } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { mediaSourceContract, RecordingSink } from '../contract/media-source.ts';
import { beepTimesUs, flashTimesUs, skewsUs } from '../support/clips/flash-and-beep.ts';
import { writeClip } from '../support/clips/write-clip.ts';

const folder = mkdtempSync(join(tmpdir(), 'url-recordings-'));
const url = (name: string): string => pathToFileURL(join(folder, name)).href;

beforeAll(async () => {
  Log.setLevel(AV_LOG_ERROR);
  await writeClip(join(folder, 'clip.mov'), { seconds: 3, bFrames: 2 });
  await writeClip(join(folder, 'sizes.ts'), {
    seconds: 4,
    sizes: [
      { width: 320, height: 240 },
      { width: 1280, height: 720 },
    ],
  });
  await writeClip(join(folder, 'silent.mov'), { seconds: 1, audioRateHz: 0 });
  writeFileSync(
    join(folder, 'noise.mp4'),
    Uint8Array.from({ length: 40_000 }, (_, i) => (i * i * 31) >> 3),
  );
  writeFileSync(
    join(folder, 'outside.m3u8'),
    `#EXTM3U\n#EXTINF:3,\n${join(folder, 'sizes.ts')}\n#EXT-X-ENDLIST\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

async function play(
  options: UrlSourceOptions,
  until: (sink: RecordingSink) => boolean = (sink) => /ended|failed/.test(sink.phases.at(-1)!.phase),
): Promise<RecordingSink> {
  const sink = new RecordingSink();
  const source = new UrlSource('clip', options);
  source.open(sink);
  await sink.until(until, 'the end').finally(() => source.close());
  return sink;
}

const phases = (sink: RecordingSink): string[] => sink.phases.map(({ phase }) => phase);

mediaSourceContract('UrlSource on a file', () =>
  Promise.resolve({
    source: new UrlSource('clip', { url: secretUrl(url('clip.mov')), reading: { loop: true } }),
  }),
);

describe('UrlSource on recordings', () => {
  it('plays a file at its own pace, pictures and sound together, and ends', async () => {
    const began = performance.now();
    const sink = await play({ url: secretUrl(url('clip.mov')) });
    expect(phases(sink)).toEqual(['connecting', 'connected', 'ended']);
    expect(performance.now() - began).toBeGreaterThan(2900);
    expect(sink.infos).toEqual([
      {
        sourceId: 'clip',
        epoch: 0,
        video: { codec: 'h264', width: 320, height: 240, frameRate: 25 },
        audio: { codec: 'pcm_s16le', rateHz: 48_000, channels: 1 },
        timing: 'shared',
      },
    ]);
    expect(sink.frames.map(({ ptsUs }) => ptsUs)).toEqual(Array.from({ length: 75 }, (_, i) => i * 40_000));
    const skews = skewsUs(flashTimesUs(sink.frames), beepTimesUs(sink.chunks));
    expect(skews).toHaveLength(2);
    for (const skew of skews) expect(Math.abs(skew)).toBeLessThan(200);
    // Sound and picture of the same moment arrive at the same moment, give or take the reordered pictures.
    const frame = sink.frames[50]!;
    const chunk = sink.chunks.find(({ ptsUs }) => ptsUs >= frame.ptsUs)!;
    expect(Math.abs(frame.arrivalUs - chunk.arrivalUs)).toBeLessThan(400_000);
  });

  it('loses nothing at the fastest pace, however slow the consumer', async () => {
    const sink = new RecordingSink();
    const source = new UrlSource('clip', { url: secretUrl(url('sizes.ts')), reading: { pace: 'fastest' } });
    source.open(sink);
    const ended = sink.until((s) => s.phases.at(-1)!.phase === 'ended', 'the end');
    for (let turn = 0; turn < 15; turn++) {
      source.pause();
      await sleep(40);
      source.resume();
      await sleep(2);
    }
    await ended;
    await source.close();
    expect(sink.frames).toHaveLength(100);
    expect(sink.drops).toEqual([]);
    const samples = sink.chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0);
    expect(Math.abs(samples / 22_050 - 4)).toBeLessThan(0.06);
  });

  it('follows a size that changes mid-stream, and tells it', async () => {
    const sink = await play({ url: secretUrl(url('sizes.ts')), reading: { pace: 'fastest' } });
    const widths = sink.frames.map(({ width, height }) => `${width}x${height}`);
    expect([...new Set(widths)]).toEqual(['320x240', '640x360']);
    expect(sink.infos.map(({ video }) => video?.width)).toEqual([320, 1280, 320, 1280]);
    expect(sink.frames.at(-1)!.data.length).toBe(640 * 360 * 1.5);
  });

  it('shows a phone recording the way the phone was held', async () => {
    const bytes = readFileSync(join(folder, 'clip.mov'));
    // A quarter clockwise in the picture track's header (ISO/IEC 14496-12 section 8.3.2), as phones write it.
    const turned = Buffer.alloc(36);
    [0, 65_536, 0, -65_536, 0, 0, 0, 0, 1 << 30].forEach((value, i) => turned.writeInt32BE(value, 4 * i));
    turned.copy(bytes, bytes.indexOf('tkhd') + 44);
    writeFileSync(join(folder, 'phone.mov'), bytes);
    const sink = await play({
      url: secretUrl(url('phone.mov')),
      reading: { pace: 'fastest', picture: { width: 320, height: 160 } },
    });
    expect(sink.frames).toHaveLength(75);
    expect(new Set(sink.frames.map(({ width, height }) => `${width}x${height}`))).toEqual(
      new Set(['120x160']),
    );
  });

  it('loops on a clock that goes on', async () => {
    const sink = await play(
      { url: secretUrl(url('clip.mov')), reading: { loop: true, pace: 'fastest' } },
      (s) => s.frames.length > 200,
    );
    expect(sink.frames.slice(0, 200).map(({ ptsUs }) => ptsUs)).toEqual(
      Array.from({ length: 200 }, (_, i) => i * 40_000),
    );
    // The clip's sound is a little shorter than its picture: that gap, and nothing else, opens at the seams.
    for (const [i, chunk] of sink.chunks.entries()) {
      if (i === 0) continue;
      const previous = sink.chunks[i - 1]!;
      const gapUs = chunk.ptsUs - previous.ptsUs - (previous.samples.length * 1e6) / 22_050;
      if (chunk.ptsUs % 3_000_000 !== 0) expect(Math.abs(gapUs)).toBeLessThanOrEqual(2);
      else expect(gapUs).toBeGreaterThan(0);
    }
    expect(phases(sink)).toEqual(['connecting', 'connected']);
    const skews = skewsUs(flashTimesUs(sink.frames), beepTimesUs(sink.chunks));
    expect(skews.length).toBeGreaterThanOrEqual(6);
    for (const skew of skews) expect(Math.abs(skew)).toBeLessThan(200);
  });

  it('caps the rate by choosing frames, and counts the others', async () => {
    const sink = await play({ url: secretUrl(url('clip.mov')), reading: { pace: 'fastest', maxRateHz: 5 } });
    expect(sink.frames.map(({ ptsUs }) => ptsUs)).toEqual(Array.from({ length: 15 }, (_, i) => i * 200_000));
    const capped = sink.drops.filter(({ reason }) => reason === 'rate-cap');
    expect(capped.reduce((sum, { count }) => sum + count, 0)).toBe(60);
  });

  it.each(['auto', 'cuda', 'vaapi', 'unheard-of'])(
    'plays with hwaccel %s whether or not it is here',
    async (hwaccel) => {
      const sink = await play({ url: secretUrl(url('clip.mov')), reading: { pace: 'fastest', hwaccel } });
      expect(sink.frames).toHaveLength(75);
    },
  );

  it('survives damage in the middle: others go on, the damage is counted, the end is an end', async () => {
    const bytes = readFileSync(join(folder, 'sizes.ts'));
    for (let at = 20_000; at < bytes.length; at += 1777) bytes[at] = (bytes[at]! + 91) & 0xff;
    writeFileSync(join(folder, 'damaged.ts'), bytes);
    const sink = await play({ url: secretUrl(url('damaged.ts')), reading: { pace: 'fastest' } });
    expect(sink.phases.at(-1)!.phase).toBe('ended');
    expect(sink.frames.length).toBeGreaterThan(20);
    for (const [i, frame] of sink.frames.entries())
      if (i > 0) expect(frame.ptsUs).toBeGreaterThan(sink.frames[i - 1]!.ptsUs);
  });

  it('plays a file without sound', async () => {
    const sink = await play({ url: secretUrl(url('silent.mov')), reading: { pace: 'fastest' } });
    expect(sink.infos[0]!.audio).toBeNull();
    expect(sink.frames).toHaveLength(25);
    expect(sink.phases.at(-1)!.phase).toBe('ended');
  });

  it.each([
    ['noise.mp4', 'source-corrupt'],
    ['absent.mp4', 'source-not-found'],
    // A playlist could name files that were not allowed.
    ['outside.m3u8', 'source-corrupt'],
  ])('says of %s that it failed: %s', async (name, reason) => {
    const sink = await play({ url: secretUrl(url(name)) });
    expect(sink.phases.at(-1)).toMatchObject({ phase: 'failed', reason });
    expect(sink.frames).toEqual([]);
  });

  describe('from a web server', () => {
    let server: Server;
    beforeAll(async () => {
      server = createServer((request, response) => {
        const path = new URL(request.url ?? '', 'http://x').pathname;
        if (path === '/private.mov' && request.headers.authorization !== `Basic ${btoa('eve:s3cret/word')}`) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        } else if (path === '/local.m3u8') {
          response.end(`#EXTM3U\n#EXTINF:3,\nfile://${join(folder, 'sizes.ts')}\n#EXT-X-ENDLIST\n`);
        } else if (path.endsWith('.mov')) {
          // FFmpeg finds the index at the file's end by asking for ranges.
          const bytes = readFileSync(join(folder, 'clip.mov'));
          const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
          const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
          response.writeHead(206, { 'accept-ranges': 'bytes', 'content-range': range });
          response.end(bytes.subarray(from));
        } else {
          response.writeHead(404).end();
        }
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => void server.close());
    const at = (path: string, user = ''): string =>
      `http://${user}127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const away = (sink: RecordingSink): boolean => sink.phases.at(-1)!.phase === 'reconnecting';

    it('plays a recording to its end, with credentials where it asks for them', async () => {
      const sink = await play({
        url: secretUrl(at('/private.mov', 'eve:s3cret%2Fword@')),
        reading: { pace: 'fastest' },
      });
      expect(sink.phases.at(-1)!.phase).toBe('ended');
      expect(sink.frames).toHaveLength(75);
    });

    it.each([
      ['/private.mov', 'eve:wr0ngpass@', 'source-auth'],
      ['/absent', '', 'source-not-found'],
    ])('tries %s again after %s %s', async (path, user, reason) => {
      const log: string[] = [];
      const sink = await play({ url: secretUrl(at(path, user)), onLog: (line) => log.push(line) }, away);
      expect(sink.phases.at(-1)).toMatchObject({ phase: 'reconnecting', reason, epoch: 1 });
      expect(JSON.stringify([sink.phases, log])).not.toContain('wr0ngpass');
    });

    it('does not let a playlist reach local files', async () => {
      const sink = await play({ url: secretUrl(at('/local.m3u8')), reading: { pace: 'fastest' } }, (s) =>
        /ended|failed|reconnecting/.test(s.phases.at(-1)!.phase),
      );
      expect(sink.frames).toEqual([]);
      expect(sink.phases.at(-1)!.phase).toBe('reconnecting');
    });
  });
});

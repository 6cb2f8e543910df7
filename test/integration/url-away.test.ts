/** An HTTP camera (MJPEG) that goes away, comes back, or has no stream. */

import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UrlSource, type UrlSourceOptions } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { JpegEncoder } from '../../src/server/picture/jpeg-encoder.ts';
import { RecordingSink } from '../contract/media-source.ts';
import { freePort } from '../support/free-port.ts';
import { Host } from '../support/host.ts';

/** The shortest wait is 30 s: who is back before it was let in by a knock. */
const patient = { firstMs: 60_000, maxMs: 60_000 };
const KNOCKED_MS = 20_000;

let picture: Uint8Array;
beforeAll(async () => {
  const encoder = new JpegEncoder();
  const [width, height] = [64, 48];
  picture = await encoder.encode({ width, height, data: new Uint8Array((width * height * 3) / 2).fill(128) });
  await encoder.close();
});

class Camera extends Host {
  /** Whether it has the stream; else it says 404. */
  hasStream = true;
  /** Takes calls and never answers them, as a forwarder may whose camera is away. */
  isMute = false;
  requests = 0;

  constructor() {
    super(() =>
      createServer((_request, response) => {
        this.requests += 1;
        if (this.isMute) return;
        if (!this.hasStream) {
          response.writeHead(404).end();
          return;
        }
        response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=next' });
        const timer = setInterval(() => {
          response.write(`--next\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
          response.write(picture);
          response.write('\r\n');
        }, 40);
        response.on('close', () => clearInterval(timer));
      }),
    );
  }
}

describe('UrlSource on an HTTP camera', () => {
  let camera = new Camera();
  const sources: UrlSource[] = [];
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await camera.leave();
    camera = new Camera();
  });
  const open = (
    port: number,
    more: Partial<UrlSourceOptions> = {},
  ): { source: UrlSource; sink: RecordingSink } => {
    const sink = new RecordingSink();
    const source = new UrlSource('camera', {
      url: secretUrl(`http://user:secret@127.0.0.1:${port}/stream.mjpg`),
      backoff: patient,
      ...more,
    });
    sources.push(source);
    source.open(sink);
    return { source, sink };
  };
  const reconnecting = (sink: RecordingSink, reason: string): Promise<void> =>
    sink.until(
      ({ phases }) => phases.some((phase) => phase.phase === 'reconnecting' && phase.reason === reason),
      `reconnecting for ${reason}`,
    );

  it('leaves no socket or timer behind when it is closed while it knocks', async () => {
    const resources = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => /Process|Pipe|Timeout|TCP|GetAddrInfo/.test(kind))
        .sort();
    const port = await freePort();
    // Time for whatever the test's own surroundings still have to do.
    await sleep(1000);
    const before = resources();
    const { source, sink } = open(port);
    await reconnecting(sink, 'source-refused');
    await sleep(1200);
    expect(resources()).not.toEqual(before);
    await source.close();
    await source.close();
    await sleep(50);
    expect(resources()).toEqual(before);
    await camera.listen(port);
    await sleep(1500);
    expect(camera.calls).toBe(0);
  });

  it('is live again soon after it came back, long before backoff would try', async () => {
    const port = await camera.listen();
    const { sink } = open(port);
    await sink.until(({ frames }) => frames.length > 3, 'pictures');
    await camera.leave();
    await reconnecting(sink, 'source-lost');
    const last = sink.phases.at(-1)!;
    expect('retryInMs' in last && last.retryInMs).toBeGreaterThan(KNOCKED_MS);
    const epoch = last.phase === 'reconnecting' ? last.epoch : -1;
    await sleep(3000);
    const { requests } = camera;
    await camera.listen(port);
    await sink.until(
      ({ frames }) => frames.some((frame) => frame.epoch === epoch),
      'pictures again',
      KNOCKED_MS,
    );
    expect(sink.phases.map(({ phase }) => phase)).toEqual([
      'connecting',
      'connected',
      'reconnecting',
      'connected',
    ]);
    // That of the knock, and that of the attempt.
    expect(camera.requests - requests).toBe(2);
  });

  it('makes no attempt while its knocks are refused, unless it is asked to', async () => {
    const port = await freePort();
    const { source, sink } = open(port, { backoff: { firstMs: 2_000, maxMs: 2_000 } });
    const reconnects = (): number => sink.phases.filter(({ phase }) => phase === 'reconnecting').length;
    await reconnecting(sink, 'source-refused');
    await sleep(6_000);
    expect(reconnects()).toBe(1);
    source.restart('a person asked');
    // Its own, and that of the attempt.
    await expect.poll(reconnects, { timeout: 20_000 }).toBe(3);
    await camera.listen(port);
    await sink.until(({ frames }) => frames.length > 0, 'pictures', KNOCKED_MS);
  });

  it.each([
    ['while backoff waits', patient, 1_500],
    ['while an attempt hangs', { firstMs: 200, maxMs: 300 }, 4_000],
  ])(
    'is back within 3 s behind a forwarder that took calls and said nothing: %s',
    async (_, backoff, awayMs) => {
      camera.isMute = true;
      const { sink } = open(await camera.listen(), {
        backoff,
        reading: { openTimeoutMs: awayMs < 2_000 ? 3_000 : 10_000 },
      });
      await reconnecting(sink, 'source-timeout');
      await sleep(awayMs);
      camera.isMute = false;
      const backMs = performance.now();
      await sink.until(({ frames }) => frames.length > 0, 'pictures', KNOCKED_MS);
      expect(performance.now() - backMs).toBeLessThan(3_000);
      expect(sink.phases.map(({ phase }) => phase)).toContain('connected');
    },
  );

  it('is not hammered where it answers without a stream', async () => {
    camera.hasStream = false;
    const { sink } = open(await camera.listen());
    await reconnecting(sink, 'source-not-found');
    const { requests } = camera;
    await sleep(4000);
    // Those of the attempt, and a single knock.
    expect(camera.requests).toBeLessThanOrEqual(requests + 1);
    expect(camera.calls).toBeLessThanOrEqual(requests + 1);
  });
});

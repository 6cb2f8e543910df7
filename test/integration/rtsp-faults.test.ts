/**
 * Faults of RTSP cameras, of their clocks and networks, and of the processes that read them, made for real against a
 * running server. Each test has a camera and a stream of its own, so they run side by side.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EarsightServer } from '../../src/server/server.ts';
import { startLiveServer, untilState } from '../support/live-server.ts';
import { childConnectedTo } from '../support/media-process/connected-child.ts';
import { processAlive } from '../support/media-process/process-alive.ts';
import { RtspRelay } from '../support/rtsp/rtsp-relay.ts';
import {
  type RtspServer,
  type RtspServerOptions,
  rtspAvailable,
  startRtspServer,
} from '../support/rtsp/rtsp-server.ts';
import { isUsable, WatchedStream } from '../support/watched-stream.ts';

const unavailable = rtspAvailable();
if (unavailable !== null) console.log(`skipped: faults of RTSP cameras (${unavailable})`);

const HOUR_S = 3600;
const small = { width: 160, height: 120, frameRate: 15, reportEveryS: 0.5 } as const;

let streams = 0;

/** The cameras, networks and streams of one test; all gone when it is over. */
class Scene implements AsyncDisposable {
  readonly #serverUrl: string;
  readonly #stack = new AsyncDisposableStack();

  constructor(server: EarsightServer) {
    this.#serverUrl = server.url;
  }

  async camera(options: RtspServerOptions = {}): Promise<RtspServer> {
    const camera = await startRtspServer({ ...small, ...options });
    this.#stack.defer(() => camera.stop());
    return camera;
  }

  async relay(camera: RtspServer): Promise<RtspRelay> {
    const relay = await new RtspRelay(camera.port).listen();
    this.#stack.defer(() => relay.close());
    return relay;
  }

  async watch(url: string, options: Record<string, unknown> = {}): Promise<WatchedStream> {
    const stream = await WatchedStream.add(this.#serverUrl, `camera${streams++}`, url, options);
    this.#stack.defer(async () => {
      stream[Symbol.dispose]();
      await fetch(`${this.#serverUrl}/api/v1/streams/${stream.id}`, { method: 'DELETE' });
    });
    return stream;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

describe.skipIf(unavailable !== null).concurrent('a running server survives', () => {
  let server: EarsightServer;
  let bystander: WatchedStream;

  beforeAll(async () => {
    server = await startLiveServer(['session.maxRateHz=5', 'engine.precision=int8']);
    await untilState(server.url, 'demo', 'live');
    bystander = new WatchedStream(server.url, 'demo');
  });
  afterAll(async () => {
    bystander[Symbol.dispose]();
    await server.close();
  });

  /** Whether the line of a series is there, with a value of 1 or more. */
  const counted = async (series: string): Promise<boolean> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text.split('\n').some((line) => line.startsWith(`${series} `) && Number(line.split(' ')[1]) >= 1);
  };

  it('a camera that is killed and comes back with another codec and another size', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const stream = await scene.watch(camera.url);
    await stream.fresh(3);
    await camera.kill();
    await stream.untilState('reconnecting', 'source-refused');
    await scene.camera({ port: camera.port, video: 'h265', width: 320, height: 240 });
    const results = await stream.fresh(3, (message) => isUsable(message) && message.picture.width === 320);
    expect(results[0]!.picture).toEqual({ width: 320, height: 240 });
    await stream.untilState('live');
    const { picture, stats } = await stream.now();
    expect(picture).toEqual({ width: 320, height: 240 });
    expect(stats.restarts).toBeGreaterThan(0);
    expect(await counted(`earsight_source_restarts_total{source="${stream.id}",reason="source-lost"}`)).toBe(
      true,
    );
  });

  it('a codec that changes within the stream, by a new connection', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const relay = await scene.relay(camera);
    const stream = await scene.watch(relay.url);
    await stream.fresh(3);
    relay.faults.otherCodec = true;
    await stream.untilState('degraded', 'no-video');
    await stream.until(
      () => stream.statuses.some(({ reason }) => reason === 'video-stalled'),
      'a new connection asked for',
    );
    relay.faults.otherCodec = false;
    await stream.fresh(3);
    await stream.untilState('live');
  });

  it('a camera that freezes and goes on', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const stream = await scene.watch(camera.url);
    await stream.fresh(3);
    camera.freeze();
    await stream.untilState('stalled', 'no-media');
    await stream.untilState('reconnecting', 'stalled');
    camera.thaw();
    await stream.fresh(3);
    await stream.untilState('live');
  });

  it('a sound track that is lost and comes back, without ever using old sound', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const stream = await scene.watch(camera.url);
    await stream.fresh(3, ({ alignment }) => alignment === 'aligned');
    camera.pause('audio');
    await stream.untilState('degraded', 'no-audio');
    const silent = await stream.fresh(5, () => true);
    for (const { alignment, classes, audioWindow } of silent)
      expect({ alignment, classes, audioWindow }).toEqual({
        alignment: 'no-audio',
        classes: [],
        audioWindow: null,
      });
    camera.resume('audio');
    const back = await stream.fresh(3);
    for (const { audioWindow, ptsUs } of back)
      expect(Math.abs(audioWindow!.endUs - ptsUs)).toBeLessThanOrEqual(23);
    await stream.untilState('live');
    expect((await stream.now()).stats.restarts).toBe(0);
  });

  it('clocks that cannot be true: it goes by arrival and says so', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const relay = await scene.relay(camera);
    const { faults } = relay;
    faults.withoutReports = true;
    const stream = await scene.watch(relay.url);
    const unaligned = await stream.fresh(3);
    for (const { alignment, skewUs } of unaligned)
      expect({ alignment, skewUs }).toEqual({ alignment: 'unaligned', skewUs: null });
    expect((await stream.now()).stats.clockFaults).toEqual(['no-reports']);

    faults.withoutReports = false;
    await stream.fresh(3, ({ alignment }) => alignment === 'aligned');
    await stream.until(async () => (await stream.now()).stats.clockFaults.length === 0, 'clocks believed');

    // The camera's clock is set an hour ahead: both tracks agree, so the tie holds.
    const jumpedAt = stream.results.length;
    faults.reportsOffS = { video: HOUR_S, audio: HOUR_S };
    await stream.until(
      async () => (await stream.now()).detail?.includes('dated by their arrival') === true,
      'a wrong clock told',
    );
    await stream.fresh(
      3,
      ({ alignment, skewUs }) => alignment === 'aligned' && Math.abs(skewUs ?? 1e9) < 50_000,
    );
    for (const { captureWallMs, sendWallMs } of stream.results.slice(jumpedAt))
      expect(Math.abs(sendWallMs - captureWallMs)).toBeLessThan(60_000);

    // The sound's reports alone are a minute off.
    faults.reportsOffS = { video: 0, audio: 60 };
    await stream.until(async () => {
      const { state, detail, stats } = await stream.now();
      const told = detail?.includes('cannot be true') === true;
      return state === 'live' && told && stats.clockFaults.includes('implausible-reports');
    }, 'implausible reports told');
    await stream.until(
      () => counted(`earsight_clock_fault{source="${stream.id}",fault="implausible-reports"}`),
      'implausible reports counted',
    );
    const byArrival = await stream.fresh(3, ({ alignment }) => alignment === 'unaligned');
    for (const { skewUs, audioWindow, ptsUs } of byArrival) {
      expect(skewUs).toBeNull();
      expect(Math.abs(audioWindow!.endUs - ptsUs)).toBeLessThanOrEqual(23);
    }

    faults.reportsOffS = { video: 0, audio: 0 };
    await stream.until(async () => (await stream.now()).detail === null, 'clocks believed again');
    await stream.fresh(3, ({ alignment }) => alignment === 'aligned');
    expect((await stream.now()).stats.restarts).toBe(0);
  });

  it.each([HOUR_S, -HOUR_S])('a media clock that jumps by %i s', async (jumpS) => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const relay = await scene.relay(camera);
    const stream = await scene.watch(relay.url);
    await stream.fresh(3);
    relay.faults.clockOffS = { video: jumpS, audio: jumpS };
    await stream.until(
      () => stream.statuses.some(({ reason }) => reason === 'source-lost'),
      'the jump noticed',
    );
    const detail = stream.statuses.find(({ reason }) => reason === 'source-lost')?.detail;
    expect(detail).toContain('clock leapt');
    await stream.untilState('live');
    await stream.fresh(3, ({ alignment }) => alignment === 'aligned');
  });

  it('RTP timestamps that wrap around, then another size within the stream', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera({ wrapAfterS: 5 });
    const stream = await scene.watch(camera.url);
    await stream.fresh(1);
    const [{ ptsUs: beforeUs } = { ptsUs: 0 }] = await stream.fresh(
      1,
      ({ alignment }) => alignment === 'aligned',
    );
    // Six seconds of media time are past the wrap, whenever the viewer came.
    await stream.fresh(1, (message) => isUsable(message) && message.ptsUs > beforeUs + 6e6);
    const times = stream.results.map(({ ptsUs }) => ptsUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)! - times[0]!).toBeLessThan(120e6);
    const wrapped = stream.results.filter(({ ptsUs }) => ptsUs > beforeUs).map(({ alignment }) => alignment);
    expect(wrapped).not.toContain('unaligned');

    camera.resize(320, 240);
    await stream.fresh(3, (message) => isUsable(message) && message.picture.width === 320);
    const { picture, stats } = await stream.now();
    expect(picture).toEqual({ width: 320, height: 240 });
    expect(stats.restarts).toBe(0);
  });

  it('a network that loses 5 % of the packets and disorders as many', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const relay = await scene.relay(camera);
    const stream = await scene.watch(relay.url, { transport: 'udp' });
    await stream.fresh(3);
    Object.assign(relay.faults, { loss: 0.05, reorder: 0.05 });
    await stream.fresh(15);
    await stream.until(
      async () => ((await stream.now()).stats.drops['packet-lost'] ?? 0) > 0,
      'losses counted',
    );
    expect(relay.lost).toBeGreaterThan(5);
    expect(relay.overtaken).toBeGreaterThan(5);
    const { state, stats } = await stream.now();
    expect(state).toBe('live');
    expect(stats.restarts).toBe(0);
  });

  it('a decoder that is killed, and one that hangs, with others undisturbed', async () => {
    await using scene = new Scene(server);
    const camera = await scene.camera();
    const stream = await scene.watch(camera.url);
    await stream.fresh(3);
    const since = bystander.results.length;
    for (const [signal, restarts] of [
      ['SIGKILL', 1],
      ['SIGSTOP', 2],
    ] as const) {
      const pid = childConnectedTo(camera.port, process.pid)!;
      process.kill(pid, signal);
      await stream.until(() => !processAlive(pid), `the end of a process after ${signal}`);
      await stream.until(async () => (await stream.now()).stats.restarts === restarts, 'a new process');
      await stream.fresh(3);
      await stream.untilState('live');
    }
    expect(stream.statuses.map(({ reason }) => reason)).toContain('source-crashed');
    await bystander.fresh(3);
    expect(bystander.results.length - since).toBeGreaterThan(10);
    expect(bystander.statuses.every(({ state }) => state === 'live')).toBe(true);
    expect((await bystander.now()).stats.restarts).toBe(0);
  });
});

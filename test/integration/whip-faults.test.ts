/** What befalls webcams, made to happen at a whole server: each fault to a stream of its own, several at a time. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HeatmapMessage } from '../../src/protocol/messages.ts';
import type { EarsightServer } from '../../src/server/server.ts';
import { INSTANT_WORKER_URL } from '../support/instant-engine.ts';
import { startLiveServer } from '../support/live-server.ts';
import { childBoundTo } from '../support/media-process/connected-child.ts';
import { isUsable, WatchedStream } from '../support/watched-stream.ts';
import { type Call, type Caller, callIn, isSession } from '../support/webrtc/call-in.ts';
import { ForkedPublisher } from '../support/webrtc/forked-publisher.ts';
import { LossyRelay, withoutCandidates } from '../support/webrtc/lossy-relay.ts';
import { ScriptedPublisher } from '../support/webrtc/scripted-publisher.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

// The tests mostly wait; more at a time would take the processor from each other.
vi.setConfig({ maxConcurrency: 3 });

const SMALL = { width: 320, height: 240, frameRate: 15 };

let server: EarsightServer;
/** The stream that nothing befalls. */
let witness: WatchedStream;
/** What tests begin, ended after all. */
const closers: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  // A busy machine may hold a webcam up for a moment; that is none of these faults.
  const patience = ['session.stallMs=4000', 'webrtc.departureMs=60000'];
  const settings = ['streams=[]', 'session.maxRateHz=5', ...patience];
  server = await startLiveServer(settings, { engineWorkerUrl: INSTANT_WORKER_URL });
  witness = (await publish('witness', scripted())).stream;
  await witness.untilState('live');
});
afterAll(async () => {
  const { state, stats } = await witness.now();
  for (const close of closers.reverse()) await close();
  await server.close();
  // Whatever befell the webcams, the stream beside them kept its connection.
  expect(state).toBe('live');
  expect(stats.restarts).toBe(1);
});

function watch(id: string): WatchedStream {
  const stream = new WatchedStream(server.url, id);
  closers.push(() => stream[Symbol.dispose]());
  return stream;
}

function scripted(...options: ConstructorParameters<typeof ScriptedPublisher>): ScriptedPublisher {
  const publisher = new ScriptedPublisher(...options);
  closers.push(() => publisher.close());
  return publisher;
}

function libwebrtc(options: ConstructorParameters<typeof WrtcPublisher>[0] = SMALL): WrtcPublisher {
  const publisher = new WrtcPublisher(options);
  closers.push(() => publisher.close());
  return publisher;
}

function tab(): ForkedPublisher {
  const publisher = new ForkedPublisher();
  closers.push(() => publisher.kill());
  return publisher;
}

/** Calls in, and waits for results with sound. */
async function publish(id: string, caller: Caller): Promise<{ stream: WatchedStream; call: Call }> {
  const call = await callIn(server.url, id, caller);
  const stream = watch(id);
  await stream.fresh(5);
  return { stream, call };
}

const isAligned = ({ alignment }: HeatmapMessage): boolean => alignment === 'aligned';
const ofWidth =
  (width: number) =>
  (message: HeatmapMessage): boolean =>
    isUsable(message) && message.picture.width === width;

describe.concurrent('a webcam', () => {
  it('that loses 5 % of its packets and has others come late is shown aligned, by asking again', async () => {
    const publisher = libwebrtc({ ...SMALL, busy: true });
    const relay = new LossyRelay();
    closers.push(() => relay.close());
    await callIn(server.url, 'lossy', publisher, {
      onOffer: withoutCandidates,
      onAnswer: (sdp) => relay.divert(sdp),
    });
    const stream = watch('lossy');
    await stream.fresh(3, isAligned);
    const before = await publisher.figures();
    let turn = 0;
    relay.lose = () => ++turn % 20 === 0;
    relay.hold = () => (turn % 7 === 3 ? 40 : 0);
    await stream.fresh(20, isAligned);
    const { nackCount } = await publisher.figures();
    expect(relay.lost).toBeGreaterThan(20);
    expect(relay.held).toBeGreaterThan(60);
    expect(nackCount).toBeGreaterThan(before.nackCount);
    expect((await stream.now()).state).toBe('live');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/earsight_rtp_packets_lost_total\{source="lossy"\} [1-9]/);
  });

  it('whose tab is closed without a word is lost, and the next tab is shown', async () => {
    const publisher = tab();
    const { call, stream } = await publish('closed-tab', publisher);
    expect(await isSession(call.location)).toBe(true);
    await publisher.kill();
    // By the watchdog: twice the time after which a track counts as stalled. ICE consent would take 30 s.
    await stream.untilState('reconnecting', 'publisher-lost');
    expect(stream.statuses.map(({ state }) => state)).toContain('stalled');
    expect((await stream.now()).detail).toMatch(/stalled|No packet/);
    expect(await isSession(call.location)).toBe(false);
    await callIn(server.url, 'closed-tab', scripted());
    await stream.fresh(5);
  });

  it('may be called in again before its loss is noticed', async () => {
    const publisher = tab();
    const { stream, call } = await publish('at-once', publisher);
    await publisher.kill();
    await callIn(server.url, 'at-once', scripted({ size: { width: 240, height: 180 } }));
    await stream.fresh(5, ofWidth(240));
    expect(await isSession(call.location)).toBe(false);
    expect((await stream.now()).state).toBe('live');
  });

  it('without sender reports, or with wrong ones, is placed by arrival, and says so', async () => {
    const publisher = scripted();
    publisher.reports = { video: null, audio: null };
    const { stream } = await publish('reports', publisher);
    expect(stream.results.some(isAligned)).toBe(false);
    expect((await stream.now()).stats.clockFaults).toEqual(['no-reports']);
    publisher.reports = { video: 0, audio: 0 };
    await stream.fresh(3, isAligned);
    expect((await stream.now()).stats.clockFaults).toEqual([]);

    publisher.reports = { video: 0, audio: -60_000 };
    const [wrong] = await stream.fresh(3, ({ alignment }) => alignment === 'unaligned');
    // A minute off, it would have no sound at all.
    expect(Math.abs(wrong!.audioWindow!.endUs - wrong!.ptsUs)).toBeLessThan(100);
    const told = await stream.now();
    expect(told.stats.clockFaults).toEqual(['implausible-reports']);
    expect(told.detail).toMatch(/sender reports cannot be true/);

    // Both alike: the tie holds, but nothing was captured a minute from now.
    publisher.reports = { video: 60_000, audio: 60_000 };
    await stream.until(
      async () => (await stream.now()).stats.clockFaults.join() === 'wrong-wall-clock',
      'the wrong clock told',
    );
    const [ahead] = await stream.fresh(3, isAligned);
    expect(Math.abs(ahead!.sendWallMs - ahead!.captureWallMs)).toBeLessThan(10_000);
  });

  it('is shown over the wrap of all its counters, a change of size, and with another codec', async () => {
    const video = 2 ** 32 - 3 * 90_000;
    const audio = 2 ** 32 - 4 * 48_000;
    const publisher = scripted({ codec: 'VP8', firstTimestamps: { video, audio } });
    const { stream } = await publish('changing', publisher);
    // Times begin one range of the counter up.
    const afterWrapUs = ((2 * 2 ** 32) / 90_000 + 2) * 1e6;
    await stream.fresh(5, (message) => isAligned(message) && message.ptsUs > afterWrapUs);
    publisher.resize({ width: 200, height: 150 });
    await stream.fresh(3, ofWidth(200));
    const { picture, stats } = await stream.now();
    expect(picture).toEqual({ width: 200, height: 150 });
    // One connection, whose clocks never started over.
    expect(stats.restarts).toBe(1);
    const times = stream.results.map(({ ptsUs }) => ptsUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // WHIP has no second offer: another codec is another session, which takes over.
    await callIn(server.url, 'changing', scripted({ codec: 'H264', size: { width: 240, height: 180 } }));
    await stream.fresh(5, ofWidth(240));
    expect((await stream.now()).state).toBe('live');
  });

  it('whose microphone stops is degraded, and live again with its sound', async () => {
    const publisher = libwebrtc();
    const { stream } = await publish('muted', publisher);
    publisher.sound = false;
    await stream.untilState('degraded', 'no-audio');
    await stream.fresh(3, ({ alignment }) => alignment === 'no-audio');
    publisher.sound = true;
    await stream.untilState('live');
    await stream.fresh(5);
  });

  it('whose decoder process is killed, or hangs, is lost, and shown when it calls again', async () => {
    const stream = watch('decoder');
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      const { port } = await callWithPort('decoder');
      await stream.fresh(5);
      process.kill(childBoundTo(port, process.pid)!, signal);
      await stream.untilState('reconnecting');
      // One that hangs is given up by the watchdog of the media or by that of the process.
      const reasons = signal === 'SIGKILL' ? /^source-crashed$/ : /^(source-crashed|publisher-lost)$/;
      expect((await stream.now()).reason).toMatch(reasons);
      await vi.waitUntil(() => childBoundTo(port, process.pid) === null, { timeout: 10_000 });
    }
    await callWithPort('decoder');
    await stream.fresh(5);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const restarts = /earsight_source_restarts_total\{[^}]*source="decoder"[^}]*\} (\d+)/g;
    const counts = [...metrics.matchAll(restarts)].map(([, count]) => Number(count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3);
  });
});

/** Calls in, and tells on which UDP port the server takes the call. */
async function callWithPort(id: string): Promise<{ port: number }> {
  let port = 0;
  await callIn(server.url, id, scripted(), {
    onAnswer: (sdp) => {
      port = Number(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /m.exec(sdp)?.[1]);
      return sdp;
    },
  });
  return { port };
}

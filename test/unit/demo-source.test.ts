/** The demo source's own promises, beyond the MediaSource contract: exact pacing, stalls, restarts, and leaving nothing behind. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/pipeline/clock.ts';
import { i420Bytes } from '../../src/pipeline/i420.ts';
import { DemoSource } from '../../src/pipeline/ingest/demo/demo-source.ts';
import { createDemoScene, DEMO_RATE_HZ } from '../../src/pipeline/ingest/demo/scene.ts';
import type { Clock } from '../../src/pipeline/ports.ts';
import { RecordingSink } from '../contract/media-source.ts';

/** The real clock, which a test can push forward, as a stalled event loop would find it. */
class JumpingClock implements Clock {
  aheadUs = 0;
  monotonicUs = (): number => systemClock.monotonicUs() + this.aheadUs;
  wallMs = (): number => systemClock.wallMs();
}

const size = { width: 160, height: 120 };
let source: DemoSource | null = null;
const opened = (options: Partial<ConstructorParameters<typeof DemoSource>[0]> = {}): RecordingSink => {
  const sink = new RecordingSink();
  source = new DemoSource({ id: 'demo', ...size, ...options });
  source.open(sink);
  return sink;
};

afterEach(async () => {
  vi.unstubAllGlobals();
  await source?.close();
  source = null;
});

describe('DemoSource', () => {
  it("delivers the scene's own pictures and samples, on one clock", async () => {
    const sink = opened({ seed: 9, startUs: 3_000_000 });
    await sink.until((s) => s.frames.length >= 12 && s.chunks.length >= 20, 'media');
    const scene = createDemoScene({ seed: 9, ...size });
    const picture = new Uint8Array(i420Bytes(size.width, size.height));
    for (const frame of sink.frames.slice(0, 5)) {
      scene.renderFrame(frame.ptsUs, picture);
      expect(frame.data).toEqual(picture);
    }
    const sound = new Float32Array(441);
    for (const [i, chunk] of sink.chunks.entries()) {
      expect(chunk.ptsUs).toBe(3_000_000 + i * 20_000);
      scene.renderAudio((chunk.ptsUs * DEMO_RATE_HZ) / 1e6, 441, sound);
      expect(chunk.samples).toEqual(sound);
    }
    expect(sink.infos).toEqual([
      {
        sourceId: 'demo',
        epoch: 0,
        video: { codec: 'demo', width: 160, height: 120, frameRate: 30 },
        audio: { codec: 'demo', rateHz: 22_050, channels: 1 },
        timing: 'shared',
      },
    ]);
  });

  it('delivers nothing before its time, and puts every frame on the grid of its rate', async () => {
    const sink = opened({ frameRate: 12.5 });
    await sink.until((s) => s.frames.length >= 15 && s.chunks.length >= 50, 'media');
    // The origin lies at or before every "arrival minus time"; so the earliest bounds it from above.
    const originUs = Math.min(...sink.frames.map((frame) => frame.arrivalUs - frame.ptsUs));
    for (const frame of sink.frames) expect(frame.ptsUs % 80_000).toBe(0);
    for (const chunk of sink.chunks) {
      expect(chunk.arrivalUs - originUs).toBeGreaterThanOrEqual(chunk.ptsUs + 20_000 - 30_000);
    }
    const last = sink.chunks.at(-1)!;
    const lastFrame = sink.frames.at(-1)!;
    expect(Math.abs(last.ptsUs - last.arrivalUs - (lastFrame.ptsUs - lastFrame.arrivalUs))).toBeLessThan(
      500_000,
    );
  });

  it('skips frames after a stall and counts them, but loses no sound', async () => {
    const clock = new JumpingClock();
    const sink = opened({ clock });
    await sink.until((s) => s.frames.length >= 5, 'the first frames');
    const before = sink.frames.at(-1)!.ptsUs;
    clock.aheadUs = 2_000_000;
    await sink.until((s) => s.frames.at(-1)!.ptsUs > before + 2_200_000, 'frames after the stall');
    await sink.until((s) => s.chunks.at(-1)!.ptsUs > before + 2_200_000, 'sound after the stall');
    const dropped = sink.drops.reduce((sum, drop) => sum + drop.count, 0);
    expect(sink.drops.every((drop) => drop.what === 'frame' && drop.reason === 'behind')).toBe(true);
    expect(dropped).toBeGreaterThanOrEqual(58);
    // Every frame of the grid was either delivered or counted.
    expect(dropped + sink.frames.length).toBe(Math.round((sink.frames.at(-1)!.ptsUs * 30) / 1e6) + 1);
    for (const [i, chunk] of sink.chunks.entries()) expect(chunk.ptsUs).toBe(i * 20_000);
  });

  it('leaves out sound that is older than it will catch up with, counted', async () => {
    const clock = new JumpingClock();
    const sink = opened({ clock });
    await sink.until((s) => s.chunks.length >= 5, 'the first sound');
    clock.aheadUs = 60_000_000;
    await sink.until((s) => (s.chunks.at(-1)?.ptsUs ?? 0) > 60_200_000, 'sound after the stall');
    const dropped = sink.drops
      .filter((drop) => drop.what === 'audio')
      .reduce((sum, drop) => sum + drop.count, 0);
    expect(dropped).toBeGreaterThan(2400);
    expect(dropped + sink.chunks.length).toBe(sink.chunks.at(-1)!.ptsUs / 20_000 + 1);
  });

  it('starts anew on restart, in the next epoch', async () => {
    const sink = opened();
    await sink.until((s) => s.frames.length >= 3, 'the first frames');
    source!.restart('stalled');
    const frames = sink.frames.length;
    await sink.until((s) => s.frames.length >= frames + 3, 'frames of the next epoch');
    expect(sink.phases.map(({ phase }) => phase)).toEqual([
      'connecting',
      'connected',
      'reconnecting',
      'connected',
    ]);
    expect(sink.frames[frames - 1]!.epoch).toBe(0);
    expect(sink.frames[frames]!.epoch).toBe(1);
    expect(sink.frames[frames]!.ptsUs).toBe(0);
    expect(sink.infos.map((info) => info.epoch)).toEqual([0, 1]);
  });

  it('leaves no timer, worker or port behind', async () => {
    const resources = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((name) => name !== 'Timeout')
        .sort();
    const before = resources();
    const timers = new Set<unknown>();
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    vi.stubGlobal('setTimeout', (callback: () => void, delayMs: number) => {
      const timer = set(() => {
        timers.delete(timer);
        callback();
      }, delayMs);
      timers.add(timer);
      return timer;
    });
    vi.stubGlobal('clearTimeout', (timer: NodeJS.Timeout) => {
      timers.delete(timer);
      clear(timer);
    });
    const sink = opened();
    await sink.until((s) => s.frames.length >= 3, 'frames');
    source!.restart('twice');
    source!.restart('thrice');
    await sink.until((s) => (s.frames.at(-1)?.epoch ?? 0) === 2, 'frames of the third epoch');
    expect(resources().length).toBeGreaterThan(before.length);
    await sink.until(() => timers.size === 1, 'the one timer');
    await Promise.all([source!.close(), source!.close()]);
    expect(timers.size).toBe(0);
    vi.unstubAllGlobals();
    await sleep(50);
    expect(resources()).toEqual(before);
    expect(sink.phases.at(-1)).toEqual({ phase: 'connected', epoch: 2 });
  });

  it('may be closed by its sink from within any call', async () => {
    for (const when of ['phase connected', 'tracks', 'frame', 'audio'] as const) {
      const sink = opened();
      const closing = Promise.withResolvers<null>();
      let calls = 0;
      for (const method of ['phase', 'tracks', 'frame', 'audio'] as const) {
        const record: (value: never) => void = sink[method].bind(sink);
        sink[method] = (value: never) => {
          record(value);
          calls++;
          if (sink.calls.at(-1) === when) void source!.close().then(() => closing.resolve(null));
        };
      }
      await closing.promise;
      const atClose = calls;
      await sleep(60);
      expect(calls).toBe(atClose);
      expect(sink.calls.at(-1)).toBe(when);
    }
  });
});

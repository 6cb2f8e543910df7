import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import type { HeatCalibration } from '../../src/pipeline/heatmap/heat-stage.ts';
import type { PipelineObserver } from '../../src/pipeline/observer.ts';
import type { HeatmapResult } from '../../src/pipeline/ports.ts';
import { QIAN_LOG_MEL } from '../../src/pipeline/prep/log-mel-parameters.ts';
import type { SessionOptions, SessionStatus } from '../../src/pipeline/session.ts';
import { LocalizationPipeline } from '../../src/pipeline/session-pipeline.ts';
import type { StreamSession } from '../../src/pipeline/stream-session.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeModel, TINY_SHAPE } from '../support/fake-model.ts';
import { FakeSource } from '../support/fake-source.ts';

const OPTIONS: SessionOptions = {
  maxRateHz: null,
  lookaheadMs: 0,
  maxAudioWaitMs: 250,
  avOffsetMs: 0,
  smoothingMs: 0,
  normalise: 'calibrated',
  stallMs: 2500,
};
const plain = { slope: 1, intercept: 0 };
const CALIBRATION: HeatCalibration = {
  classes: TINY_SHAPE.classes.map(() => ({ heard: { ...plain, on: 0.5, off: 0.3 }, seen: plain })),
  similarity: { low: 0, high: 1 },
  mapThreshold: 0.5,
};
const FRAME_US = 100_000;
/** A frame as bright as this breaks the batch that it is in. */
const POISON_LUMA = 250;

const clock = new FakeClock();
const events: string[] = [];
/** How full each window of sound was. */
const fills: string[] = [];
const observer: PipelineObserver = {
  frameReceived: () => undefined,
  audioReceived: () => undefined,
  windowFilled: (source, ratio) => fills.push(`${source} ${ratio.toFixed(3)}`),
  dropped: (source, reason, count) => events.push(`${source} dropped ${reason} ${count}`),
  packetsLost: (source, count) => events.push(`${source} lost ${count} packets`),
  batch: (size) => events.push(`batch ${size}`),
  result: () => undefined,
  restarted: (source, reason) => events.push(`${source} restarted ${reason}`),
  clock: () => undefined,
};

let model: FakeModel;
let pipeline: LocalizationPipeline;
let results: HeatmapResult[];

beforeEach(() => {
  events.length = 0;
  fills.length = 0;
  results = [];
  // Class 0 is as surely heard as the sound is loud; class 0's similarity is hot in the last cell.
  model = new FakeModel({
    shape: { ...TINY_SHAPE, logmel: { columns: 51, mels: 64 } },
    answer: ({ frame, logmel }) => {
      if (frame[0]! > POISON_LUMA - 5)
        throw new EarsightError('engine-failed', 'poisoned', { retryable: true });
      return {
        audioProbability: [logmel[25 * 64 + 40]! > -10 ? 0.9 : 0.01, 0.01],
        visualProbability: [frame[0]! / 255, 0],
        similarity: [0, 0, 0, 0, 0, 0.8],
      };
    },
  });
  pipeline = new LocalizationPipeline({
    model,
    logmel: QIAN_LOG_MEL,
    resampler: 'area',
    calibration: CALIBRATION,
    sink: { publish: (result) => results.push(result) },
    clock,
    observer,
    batch: { maxBatch: 4, maxDelayMs: 0 },
  });
});

afterEach(() => pipeline.close());

/** Lets the model's promises and timers run. */
const settle = (): Promise<void> => sleep(8);
const attach = (
  source: FakeSource,
  options: Partial<SessionOptions> = {},
): [StreamSession, SessionStatus[]] => {
  const statuses: SessionStatus[] = [];
  return [pipeline.attach(source, { ...OPTIONS, ...options }, (status) => statuses.push(status)), statuses];
};
const messages = (stream = 'cam') => results.map((r) => r.message).filter((m) => m.stream === stream);

/** A connected source whose first second of sound is there; its results so far are forgotten. */
async function warm(id = 'cam', options: Partial<SessionOptions> = {}): Promise<[FakeSource, StreamSession]> {
  const source = new FakeSource(id, clock);
  const [session] = attach(source, options);
  source.connect();
  for (let i = 0; i < 11; i++) {
    source.step(FRAME_US);
    await settle();
  }
  results.length = 0;
  events.length = 0;
  return [source, session];
}

describe('LocalizationPipeline', () => {
  it('answers a frame with the heat of its own second of sound', async () => {
    const [source] = await warm();
    source.step(FRAME_US, { luma: 200 });
    await settle();
    const [message] = messages();
    expect(message).toMatchObject({
      alignment: 'aligned',
      ptsUs: 1_200_000,
      picture: { width: 8, height: 6 },
    });
    const { startUs, endUs } = message!.audioWindow!;
    expect(endUs - startUs).toBe(1_000_000);
    expect(Math.abs(endUs - 1_200_000)).toBeLessThanOrEqual(23);
    const [dog, piano] = message!.classes;
    expect(dog).toMatchObject({ active: true, box: { x1: 1, y1: 1 } });
    expect(dog!.heard).toBeCloseTo(0.9);
    expect(dog!.seen).toBeCloseTo(200 / 255, 2);
    expect([...dog!.heat!].indexOf(Math.max(...dog!.heat!))).toBe(5);
    expect(piano).toMatchObject({ active: false, heat: null });
    expect(results[0]!.frame.data[0]).toBe(200);
  });

  it('shows nothing in silence', async () => {
    const [source] = await warm();
    for (let i = 0; i < 15; i++) {
      source.step(FRAME_US, { level: 0 });
      await settle();
    }
    const last = messages().at(-1)!;
    expect(last.alignment).toBe('aligned');
    expect(last.classes.every((c) => !c.active && c.heat === null)).toBe(true);
  });

  it('never answers from less than three quarters of a second of sound', async () => {
    const source = new FakeSource('cam', clock);
    attach(source);
    source.connect();
    for (let i = 0; i < 10; i++) {
      source.step(FRAME_US);
      await settle();
    }
    expect(messages().map((m) => m.alignment)).toEqual([
      ...Array<string>(7).fill('late'),
      'aligned',
      'aligned',
      'aligned',
    ]);
    expect(messages()[0]!.classes).toEqual([]);
    expect(messages().map((m) => m.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(fills).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tenths) => `cam ${(tenths / 10).toFixed(3)}`));
  });

  it('answers frames of a camera without a microphone, without using the model', async () => {
    const source = new FakeSource('cam', clock);
    const [session] = attach(source);
    source.connect({ audio: false });
    source.step(FRAME_US, { audio: false });
    await settle();
    expect(messages()).toMatchObject([{ alignment: 'no-audio', classes: [], audioWindow: null }]);
    expect(model.batches).toEqual([]);
    expect(fills).toEqual([]);
    await sleep(60);
    expect(session.status()).toMatchObject({ state: 'degraded', reason: 'no-audio' });
  });

  it('keeps the newest frame while the model is busy and counts what it passed over', async () => {
    const [source, session] = await warm();
    model.hold();
    for (let i = 0; i < 5; i++) source.step(FRAME_US, { luma: 10 * i });
    model.release();
    await settle();
    await settle();
    expect(results.map((r) => r.frame.data[0])).toEqual([0, 40]);
    expect(session.stats().drops).toMatchObject({ superseded: 3 });
  });

  it('batches across sources and gives each its own heat', async () => {
    const [a] = await warm('a');
    const [b] = await warm('b');
    const [c] = await warm('c');
    model.hold();
    a.step(FRAME_US, { luma: 10 });
    a.step(0, { luma: 11 });
    b.step(0, { luma: 20 });
    c.step(0, { luma: 30 });
    model.release();
    await settle();
    await settle();
    expect(events.filter((e) => e.startsWith('batch'))).toEqual(['batch 1', 'batch 3']);
    expect(messages('b')[0]!.classes[0]!.seen).toBeCloseTo(20 / 255, 2);
    expect(messages('c')[0]!.classes[0]!.seen).toBeCloseTo(30 / 255, 2);
  });

  it('counts a failed run and goes on', async () => {
    const [source, session] = await warm();
    model.failNext();
    source.step(FRAME_US);
    await settle();
    source.step(FRAME_US);
    await settle();
    expect(messages()).toHaveLength(1);
    expect(session.stats().drops).toMatchObject({ 'inference-failed': 1 });
  });

  it('tries the members of a failed batch alone, so that a poisoned input costs its own source only', async () => {
    const [bad, badSession] = await warm('bad');
    const [good] = await warm('good');
    const [other] = await warm('other');
    const step = async (luma: number): Promise<void> => {
      bad.step(FRAME_US, { luma });
      good.step(0);
      other.step(0);
      for (let i = 0; i < 4; i++) await settle();
    };
    model.hold();
    good.step(0);
    await settle();
    bad.step(FRAME_US, { luma: POISON_LUMA });
    other.step(0);
    model.release();
    for (let i = 0; i < 4; i++) await settle();
    expect(events.filter((e) => e.startsWith('batch'))).toEqual(['batch 1', 'batch 2']);
    expect(messages('other')).toHaveLength(0);
    events.length = 0;
    results.length = 0;
    await step(POISON_LUMA);
    expect(messages('good')).toHaveLength(1);
    expect(messages('other')).toHaveLength(1);
    await step(POISON_LUMA);
    // Twice alone: from now on it is not tried for a while, and costs no worker.
    events.length = 0;
    await step(POISON_LUMA);
    expect(events).toContain('bad dropped input-spoils-batches 1');
    expect(messages('other')).toHaveLength(3);
    // What has become sound again is let in again.
    for (let i = 0; i < 8; i++) await step(20);
    expect(messages('bad').length).toBeGreaterThan(0);
    expect(badSession.stats().drops['inference-failed']).toBeGreaterThanOrEqual(3);
  });

  it('never uses sound of before a reconnection', async () => {
    const [source, session] = await warm();
    const [blocker] = await warm('blocker');
    model.hold();
    blocker.step(FRAME_US);
    source.step(0);
    source.reconnect();
    source.step(FRAME_US);
    model.release();
    await settle();
    await settle();
    expect(messages().map((m) => m.alignment)).toEqual(['late']);
    expect(session.stats()).toMatchObject({ restarts: 1 });
    expect(events).toContain('cam restarted source-lost');
  });

  it('selects frames by the rate that is set, also while running', async () => {
    const [source, session] = await warm('cam', { maxRateHz: 5 });
    for (let i = 0; i < 10; i++) {
      source.step(FRAME_US);
      await settle();
    }
    expect(messages()).toHaveLength(5);
    session.configure({ maxRateHz: null });
    for (let i = 0; i < 10; i++) {
      source.step(FRAME_US);
      await settle();
    }
    expect(messages()).toHaveLength(15);
  });

  it('moves the window while running without losing a frame or the sound it holds', async () => {
    const [source, session] = await warm();
    const step = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        source.step(FRAME_US);
        await settle();
      }
    };
    const windowEnds = (): number[] =>
      messages().map((m) => Math.round((m.audioWindow!.endUs - m.ptsUs) / 1000));
    await step(2);
    // Sound that is stamped too late: its frame waits for the chunk after it, into the next change.
    session.configure({ avOffsetMs: -40 });
    await step(2);
    // Look-ahead and a ring that has to grow: three frames wait for what is still to come.
    session.configure({ lookaheadMs: 300, maxAudioWaitMs: 5000, avOffsetMs: 0 });
    await step(5);
    session.configure({ lookaheadMs: 0, maxAudioWaitMs: 250, stallMs: 700 });
    await step(2);
    // The three that waited could be answered all at once, and the newest of them won.
    expect(messages().map((m) => m.alignment)).toEqual(Array(9).fill('aligned'));
    expect(messages().map((m) => m.ptsUs / FRAME_US)).toEqual([12, 13, 14, 15, 16, 17, 18, 21, 22]);
    expect(windowEnds()).toEqual([0, 0, 0, 300, 300, 300, 0, 0, 0]);
    expect(session.stats().drops).toEqual({ superseded: 2 });
  });

  it('asks a source that brings nothing to reconnect, once', async () => {
    const [source, session] = await warm();
    clock.advance(6_000_000);
    await sleep(120);
    expect(session.status()).toMatchObject({ state: 'stalled', reason: 'no-media' });
    expect(source.restarts).toEqual(['stalled']);
  });

  it('reports every change of state with the picture size', async () => {
    const source = new FakeSource('cam', clock);
    const [, statuses] = attach(source);
    source.connect();
    for (let i = 0; i < 3; i++) {
      source.step(FRAME_US);
      await sleep(60);
    }
    expect(statuses.at(-1)).toMatchObject({ state: 'live', reason: null, picture: { width: 8, height: 6 } });
  });

  it('publishes nothing after close, closes the source once, and takes the id again', async () => {
    const [source, session] = await warm();
    model.hold();
    source.step(FRAME_US);
    await session.close();
    await session.close();
    model.release();
    await settle();
    source.step(FRAME_US);
    await settle();
    expect(messages()).toEqual([]);
    expect(source.closes).toBe(1);
    const [again] = await warm();
    again.step(FRAME_US);
    await settle();
    expect(messages()).toHaveLength(1);
  });

  it('refuses a second stream of one id', async () => {
    await warm();
    expect(() => attach(new FakeSource('cam', clock))).toThrow(
      expect.objectContaining({ code: 'stream-exists' }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Localization } from '../types.ts';
import { type HeatCalibration, HeatStage, type HeatStageOptions } from './heat-stage.ts';

const GRID = { rows: 2, cols: 2 };
const AS_IS = { slope: 1, intercept: 0 };
const calibration: HeatCalibration = {
  classes: [
    { heard: { ...AS_IS, on: 0.5, off: 0.3 }, seen: AS_IS },
    { heard: { ...AS_IS, on: 0.5, off: 0.3 }, seen: AS_IS },
  ],
  similarity: { low: 0, high: 0.8 },
  mapThreshold: 0.5,
};
const CELLS = { similarity: 5, activation: 1, seen: 0, offset: -4, width: 2, steepness: 10, upsample: 1 };
const MAP = [0.8, 0.4, 0, -1];

const stageOf = (options: Partial<HeatStageOptions> = {}): HeatStage =>
  new HeatStage(calibration, GRID, { smoothingMs: 0, normalise: 'calibrated', ...options });

/** Class 0 as given, class 1 silent but similar. */
const frame = (heard: number, map: readonly number[] = MAP): Localization => ({
  audioProbability: Float32Array.of(heard, 0.01),
  visualProbability: Float32Array.of(0.9, 0.8),
  similarity: Float32Array.from([...map, ...MAP]),
});

describe('one frame', () => {
  test('gives each class its probabilities, and heat to what is heard', () => {
    const [dog, piano] = stageOf().process(frame(0.75), 0, 0);
    expect(dog).toMatchObject({ index: 0, active: true });
    expect(dog!.heard).toBeCloseTo(0.75, 6);
    // Similarity 0.8, 0.4, 0, -1 is 1, 0.5, 0, 0 of the range; times 0.75 heard, times 255.
    expect([...dog!.heat!]).toEqual([191, 96, 0, 0]);
    expect(dog!.peak!.value).toBeCloseTo(0.75, 6);
    expect(dog!.box).toEqual({ x0: 0, y0: 0, x1: 1, y1: 0.5 });
    expect(piano).toMatchObject({ index: 1, active: false, heat: null, peak: null, box: null });
    expect(piano!.seen).toBeCloseTo(0.8, 6);
  });

  test('is made cell by cell where the calibration says how', () => {
    const stage = new HeatStage({ ...calibration, cells: CELLS }, GRID, {
      smoothingMs: 0,
      normalise: 'calibrated',
    });
    const activation = Float32Array.of(0.99, Math.exp(2) - 0.01, 0.99, 0.99, 0, 0, 0, 0);
    const [dog] = stage.process({ ...frame(0.75), activation }, 0, 0);
    // Log-odds 0, 0, -4, -9: half at the likeliest, times 0.75 heard, times 255; the others are too far below it.
    expect([...dog!.heat!]).toEqual([96, 96, 0, 0]);
  });

  test('ends where objects of its class do', () => {
    const cells = { ...CELLS, similarity: 0, offset: 0, width: 1 };
    const [dog, piano] = calibration.classes;
    const heatOf = (width: number | undefined): number[] => {
      const classes = [{ ...dog!, width }, piano!];
      const stage = new HeatStage({ ...calibration, classes, cells }, GRID, {
        smoothingMs: 0,
        normalise: 'calibrated',
      });
      const activation = Float32Array.of(Math.exp(3) - 0.01, Math.exp(1) - 0.01, 0, 0, 0, 0, 0, 0);
      return [...stage.process({ ...frame(0.9), activation }, 0, 0)[0]!.heat!];
    };
    // The second cell lies 2 below the first, the others more than 7.
    const [top, near] = heatOf(2);
    expect(near! / top!).toBeCloseTo(0.5, 1);
    expect(heatOf(3).slice(1)).toEqual([top, 0, 0]);
    expect(heatOf(undefined)).toEqual(heatOf(1));
    expect(heatOf(1).slice(1)).toEqual([0, 0, 0]);
  });

  test('is finer than the network where the calibration says so', () => {
    const cells = { ...CELLS, similarity: 0, offset: 0, width: 1, upsample: 2 };
    const options = { smoothingMs: 0, normalise: 'calibrated' } as const;
    const stage = new HeatStage({ ...calibration, cells }, GRID, options);
    expect(stage.grid).toEqual({ rows: 4, cols: 4 });
    const activation = new Float32Array(8);
    activation[0] = 4;
    const [dog] = stage.process({ ...frame(0.9), activation }, 0, 0);
    // Shares of the top left cell across a row: 1, 3/4, 1/4, 0; of the whole map their products.
    const heat = [...dog!.heat!];
    expect(heat).toHaveLength(16);
    const odds = (share: number) => Math.log(4 * share + 0.01);
    const logistic = (z: number) => 1 / (1 + Math.exp(-z));
    const expected = (share: number) =>
      Math.round((255 * 0.9 * logistic(odds(1)) * logistic(10 * (odds(share) - odds(1) + 1))) / logistic(10));
    const across = [1, 0.75, 0.25, 0];
    expect(heat).toEqual(across.flatMap((down) => across.map((share) => expected(down * share))));
    expect(expected(0.75 * 0.75)).toBeGreaterThan(100);
    expect(dog!.box).toEqual({ x0: 0, y0: 0, x1: 0.5, y1: 0.5 });
    // One grid for both kinds of map: clients are told it once.
    const paper = new HeatStage({ ...calibration, cells }, GRID, { ...options, normalise: 'paper' });
    const [stretched] = paper.process(frame(0.9, [1, 0, 1, 0]), 0, 0);
    expect([...stretched!.heat!]).toEqual([0, 1, 2, 3].flatMap(() => [255, 191, 64, 0]));
  });

  test('heard without any likeness in the picture is active with an empty map', () => {
    const [dog] = stageOf().process(frame(0.9, [-1, -1, 0, 0]), 0, 0);
    expect(dog).toMatchObject({ active: true, peak: null, box: null });
    expect([...dog!.heat!]).toEqual([0, 0, 0, 0]);
  });

  test('more surely heard is never colder', () => {
    const probability = fc.double({ min: 0.5, max: 1, noNaN: true });
    fc.assert(
      fc.property(probability, probability, (a, b) => {
        const heat = (p: number) => stageOf().process(frame(p), 0, 0)[0]!.heat![0]!;
        return heat(Math.min(a, b)) <= heat(Math.max(a, b));
      }),
    );
  });

  test('the arrays are fresh, and the input is left alone', () => {
    const stage = stageOf({ smoothingMs: 100 });
    const input = frame(0.9);
    const copy = structuredClone(input);
    const first = stage.process(input, 0, 0)[0]!.heat!;
    const kept = [...first];
    stage.process(frame(0.9, [0, 0, 0.8, 0]), 100_000, 0);
    expect([...first]).toEqual(kept);
    expect(input).toEqual(copy);
  });

  test('numbers that are none give no heat and no NaN', () => {
    const broken: Localization = {
      audioProbability: new Float32Array(2).fill(Number.NaN),
      visualProbability: new Float32Array(2).fill(Number.NaN),
      similarity: new Float32Array(8).fill(Number.NaN),
    };
    const stage = stageOf({ smoothingMs: 100 });
    expect(stage.process(broken, 0, 0)[0]).toMatchObject({ heard: 0, seen: 0, active: false });
    stage.process(frame(0.9), 100_000, 0);
    stage.process({ ...frame(0.9), similarity: broken.similarity }, 200_000, 0);
    expect([...stage.process(frame(0.8), 10_000_000, 0)[0]!.heat!]).toEqual([204, 102, 0, 0]);
  });
});

describe('over time', () => {
  test('silence shows nothing, from the first frame after the gate closed', () => {
    const stage = stageOf({ smoothingMs: 1000 });
    for (let i = 0; i < 10; i++) stage.process(frame(0.9), i * 100_000, 0);
    const [dog] = stage.process(frame(0.1), 1_000_000, 0);
    expect(dog).toMatchObject({ active: false, heat: null, peak: null, box: null });
    // Nothing of the old heat comes back with the next sound.
    const [again] = stage.process(frame(0.8, [0, 0, 0, 0.8]), 2_000_000, 0);
    expect([...again!.heat!]).toEqual([0, 0, 0, 204]);
  });

  test('the heat moves with one time constant at 10 and 30 frames a second', () => {
    const heatAt400Ms = (rateHz: number) => {
      const stage = stageOf({ smoothingMs: 200 });
      stage.process(frame(0.99, [0, 0, 0, 0]), 0, 0);
      let heat = new Uint8Array();
      for (let i = 1; i <= 0.4 * rateHz; i++) {
        heat = new Uint8Array(stage.process(frame(0.99), (i * 1e6) / rateHz, 0)[0]!.heat!);
      }
      return heat;
    };
    expect(heatAt400Ms(10)).toEqual(heatAt400Ms(30));
    expect(heatAt400Ms(10)[0]).toBe(Math.round(255 * 0.99 * (1 - Math.exp(-2))));
  });

  test.each([
    ['a new epoch', 400_000, 1],
    ['a step back in time', 100_000, 0],
    ['a gap of more than three seconds', 3_300_001, 0],
  ])('%s starts afresh', (_, ptsUs, epoch) => {
    const stage = stageOf({ smoothingMs: 1000 });
    stage.process(frame(0.9), 200_000, 0);
    // Between the thresholds: a gate that remembers is open, a fresh one is closed.
    expect(stage.process(frame(0.4), 300_000, 0)[0]!.active).toBe(true);
    expect(stage.process(frame(0.4), ptsUs, epoch)[0]!.active).toBe(false);
  });

  test('normalise: paper stretches each heard map to 0..255, unsmoothed; silence still gives nothing', () => {
    const stage = stageOf({ normalise: 'paper', smoothingMs: 1000 });
    stage.process(frame(0.9, [0.01, 0.02, 0.03, 0.01]), 0, 0);
    const [dog, piano] = stage.process(frame(0.6, [0, 0.01, 0.02, 0.04]), 100_000, 0);
    expect([...dog!.heat!]).toEqual([0, 64, 128, 255]);
    expect(piano!.heat).toBeNull();
  });
});

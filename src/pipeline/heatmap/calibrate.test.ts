import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrateCells, calibrateProbability, calibrateSimilarity } from './calibrate.ts';

const logistic = fc.record({
  slope: fc.double({ min: 0.1, max: 5, noNaN: true }),
  intercept: fc.double({ min: -5, max: 5, noNaN: true }),
});
const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe('calibrateProbability', () => {
  test('slope 1 and intercept 0 change nothing', () => {
    for (const p of [0.01, 0.3, 0.5, 0.99]) {
      expect(calibrateProbability(p, { slope: 1, intercept: 0 })).toBeCloseTo(p, 10);
    }
  });

  test('puts the raw probability 1 / (1 + exp(intercept / slope)) at one half', () => {
    // logit(0.8) = ln 4, so an intercept of -ln 4 centres the scale there; slope 2 doubles the distance in logits.
    expect(calibrateProbability(0.8, { slope: 1, intercept: -Math.log(4) })).toBeCloseTo(0.5, 10);
    expect(calibrateProbability(0.8, { slope: 2, intercept: 0 })).toBeCloseTo(16 / 17, 10);
  });

  test('stays within 0..1 and keeps the order', () => {
    fc.assert(
      fc.property(logistic, unit, unit, (scale, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((p) => calibrateProbability(p, scale));
        return low! >= 0 && high! <= 1 && low! <= high!;
      }),
    );
  });

  test('not-a-number counts as nothing heard', () => {
    expect(calibrateProbability(Number.NaN, { slope: 1, intercept: 3 })).toBe(0);
  });
});

describe('calibrateSimilarity', () => {
  const map = (values: number[], gain = 1): number[] => {
    const out = new Float32Array(values.length);
    calibrateSimilarity(Float32Array.from(values), { low: 0.2, high: 0.6 }, gain, out);
    return [...out];
  };

  test('maps the fixed range to 0..gain and clamps beyond it', () => {
    const heat = map([-1, 0.2, 0.4, 0.6, 1], 0.5);
    for (const [cell, expected] of [0, 0, 0.25, 0.5, 0.5].entries())
      expect(heat[cell]).toBeCloseTo(expected, 6);
  });

  test('a weak map stays weak: nothing is stretched', () => {
    expect(Math.max(...map([0.21, 0.22, 0.24]))).toBeLessThan(0.11);
  });

  test('not-a-number counts as nothing', () => {
    expect(map([Number.NaN, 0.6])).toEqual([0, 1]);
  });
});

describe('calibrateCells', () => {
  const weights = { similarity: 10, activation: 2, seen: 1, offset: -5, width: 1, steepness: 2 };
  const heat = (similarity: number[], activation: number[] | null, seen = 0.5, gain = 1): number[] => {
    const out = new Float32Array(similarity.length);
    const maps = {
      similarity: Float32Array.from(similarity),
      activation: activation === null ? undefined : Float32Array.from(activation),
    };
    calibrateCells(weights, maps, seen, gain, out);
    return [...out];
  };
  const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

  test('is the probability at the likeliest cell, times how near a cell comes to it', () => {
    // Log-odds 3 at the likeliest, 2 and 0 at the others.
    const [middle, high, low] = heat([0.5, 0.5, 0.5], [Math.E - 0.01, Math.exp(1.5) - 0.01, 0.99]);
    expect(high).toBeCloseTo(logistic(3), 6);
    expect(middle).toBeCloseTo((logistic(3) * logistic(0)) / logistic(2), 6);
    expect(low).toBeCloseTo((logistic(3) * logistic(-4)) / logistic(2), 6);
    expect(heat([0.5], null, 0.8)[0]).toBeCloseTo(0.8, 6);
    expect(heat([0.5], [0.99], 0.5, 0.5)[0]).toBeCloseTo(0.25, 6);
  });

  test('not-a-number counts as nothing', () => {
    expect(heat([Number.NaN, 0.5], [0.99, 0.99])).toEqual([0, 0.5]);
    expect(heat([Number.NaN], null)).toEqual([0]);
  });
});

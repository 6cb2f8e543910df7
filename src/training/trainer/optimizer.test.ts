/** Each step against the book's own words, or against tfjs's optimisers. */

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../pipeline/ingest/demo/random.ts';
import {
  type AdamW,
  averageGain,
  averageRange,
  clipScale,
  followRange,
  type OptimizerRule,
  updateRange,
} from './optimizer.ts';

const LENGTH = 10_000;
const STEPS = 5;
const ADAMW: AdamW = { kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-6, decay: 0 };

function noise(seed: number, length = LENGTH): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random.between(-1, 1));
}

/** Some steps of `rule`, each with gradients of its own. */
function descend(rule: OptimizerRule, { rate, decays = false }: { rate: number; decays?: boolean }) {
  const weights = noise(1);
  const [first, second] = [new Float32Array(LENGTH), new Float32Array(LENGTH)];
  const spans = [{ from: 0, to: LENGTH, rateFactor: 1, decays }];
  for (let step = 1; step <= STEPS; step++) {
    const arrays = { weights, gradients: noise(step + 1), first, second };
    updateRange(arrays, spans, { rule, rate, step, gradientScale: 1 });
  }
  return weights;
}

/** The same by tfjs. */
function descendByTfjs(optimizer: tf.Optimizer): Float32Array {
  return tf.tidy(() => {
    const weights = tf.variable(tf.tensor1d(noise(1)), true, 'weights');
    for (let step = 1; step <= STEPS; step++) {
      optimizer.applyGradients({ weights: tf.tensor1d(noise(step + 1)) });
    }
    const values = weights.dataSync<'float32'>();
    weights.dispose();
    optimizer.dispose();
    return values;
  });
}

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('a step', () => {
  it('of AdamW without decay is one of Adam', () => {
    const ours = descend(ADAMW, { rate: 0.01 });
    expect(furthest(ours, descendByTfjs(tf.train.adam(0.01, 0.9, 0.99, 1e-6)))).toBeLessThan(1e-5);
    expect(furthest(ours, noise(1))).toBeGreaterThan(0.01);
  });

  it('of SGD is one with momentum', () => {
    const ours = descend({ kind: 'sgd', momentum: 0.9, decay: 0 }, { rate: 0.01 });
    expect(furthest(ours, descendByTfjs(tf.train.momentum(0.01, 0.9)))).toBeLessThan(1e-6);
  });

  it('decays weights apart from their gradients, and only where they are to decay', () => {
    const rule = { ...ADAMW, decay: 0.5 };
    expect(descend(rule, { rate: 0.01 })).toEqual(descend(ADAMW, { rate: 0.01 }));
    // How far Adam moves a weight does not hang on it, so the decay is all that differs.
    const arrays = () => ({
      weights: noise(1),
      gradients: noise(2),
      first: new Float32Array(LENGTH),
      second: new Float32Array(LENGTH),
    });
    const [plain, decayed] = [arrays(), arrays()];
    const step = { rate: 0.01, step: 1, gradientScale: 1 };
    const span = { from: 0, to: LENGTH, rateFactor: 2, decays: true };
    updateRange(plain, [{ ...span, decays: false }], { rule, ...step });
    updateRange(decayed, [span], { rule, ...step });
    const start = noise(1);
    const expected = plain.weights.map((value, i) => value - 0.02 * 0.5 * start[i]!);
    expect(furthest(decayed.weights, expected)).toBeLessThan(1e-6);
  });

  it('touches its spans alone', () => {
    const weights = noise(1);
    const gradients = noise(2);
    const spans = [{ from: 10, to: 20, rateFactor: 1, decays: true }];
    const [first, second] = [new Float32Array(LENGTH), new Float32Array(LENGTH)];
    const arrays = { weights, gradients, first, second };
    updateRange(arrays, spans, { rule: ADAMW, rate: 0.01, step: 1, gradientScale: 0.5 });
    const start = noise(1);
    const changed = [...weights.keys()].filter((i) => weights[i] !== start[i]);
    expect(changed).toEqual(Array.from({ length: 10 }, (_, i) => 10 + i));
    expect(first[10]).toBeCloseTo(0.1 * 0.5 * gradients[10]!, 6);
  });
});

describe('gradients of several workers', () => {
  it('are averaged within the range, their squares summed', () => {
    const [one, two, three] = [noise(1), noise(2), noise(3)];
    const slots = [one.slice(), two, three];
    const [from, to] = [5, 9_001];
    const squares = averageRange(slots, from, to);
    const mean = one.map((value, i) => (value + two[i]! + three[i]!) / 3);
    expect(furthest(slots[0]!.subarray(from, to), mean.subarray(from, to))).toBeLessThan(1e-6);
    expect(squares).toBeCloseTo(
      mean.subarray(from, to).reduce((sum, value) => sum + value * value, 0),
      2,
    );
    for (const i of [0, 4, 9_001, LENGTH - 1]) expect(slots[0]![i]).toBe(one[i]);
    expect(two).toEqual(noise(2));
  });

  it('tell by their squares that one of them is not finite', () => {
    const slots = [noise(1), noise(2)];
    slots[1]![LENGTH - 1] = Number.NaN;
    expect(averageRange(slots, 0, LENGTH - 1)).toBeGreaterThan(0);
    expect(averageRange(slots, 0, LENGTH)).toBeNaN();
  });

  it('are clipped to a norm', () => {
    expect(clipScale(4, 2)).toBe(0.5);
    expect(clipScale(2, 2)).toBe(1);
    expect(clipScale(4, Number.POSITIVE_INFINITY)).toBe(1);
  });
});

it('a moving average is the bias-corrected one of all values so far', () => {
  const values = [noise(1), noise(2), noise(3)];
  const average = noise(9);
  values.forEach((value, i) => {
    followRange(average, value, averageGain(0.9, i + 1), 0, LENGTH);
  });
  const total = 0.1 + 0.09 + 0.081;
  const expected = values[0]!.map(
    (value, i) => (0.081 * value + 0.09 * values[1]![i]! + 0.1 * values[2]![i]!) / total,
  );
  expect(furthest(average, expected)).toBeLessThan(1e-6);
});

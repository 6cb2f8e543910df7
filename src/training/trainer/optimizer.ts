/** One step of AdamW or of SGD with momentum over a range of flat arrays; pure. */

import type { Span } from './parameters.ts';

/** AdamW: Loshchilov and Hutter 2019, algorithm 2, bias-corrected. */
export interface AdamW {
  kind: 'adamw';
  /** Decay of the mean of gradients, 0..1. */
  beta1: number;
  /** Decay of the mean of squared gradients, 0..1. */
  beta2: number;
  /** Added to the root of the second moment. */
  epsilon: number;
  /** Share of a weight that decays at learning rate 1, apart from its gradient. */
  decay: number;
}

/** SGD with momentum as the simplified authors' code uses it: the decay is part of the gradient. */
export interface Sgd {
  kind: 'sgd';
  momentum: number;
  /** L2 coefficient added to the gradient. */
  decay: number;
}

export type OptimizerRule = AdamW | Sgd;

/** Arrays of equal meaning per index; written in place over the spans alone. */
export interface OptimizerArrays {
  weights: Float32Array;
  /** Gradients averaged over the batch, before clipping. */
  gradients: Float32Array;
  /** First moment or velocity. */
  first: Float32Array;
  /** Second moment; SGD leaves it alone. */
  second: Float32Array;
}

export interface OptimizerStep {
  rule: OptimizerRule;
  /** Learning rate of this step. */
  rate: number;
  /** Counts from 1 within the stage. */
  step: number;
  /** What gradients are multiplied by: below 1 where they are clipped. */
  gradientScale: number;
}

export function updateRange(arrays: OptimizerArrays, spans: readonly Span[], step: OptimizerStep): void {
  for (const span of spans) {
    if (step.rule.kind === 'adamw') updateAdamW(arrays, span, step, step.rule);
    else updateSgd(arrays, span, step, step.rule);
  }
}

function updateAdamW(arrays: OptimizerArrays, span: Span, step: OptimizerStep, rule: AdamW): void {
  const { weights, gradients, first, second } = arrays;
  const { beta1, beta2, epsilon } = rule;
  const { gradientScale } = step;
  const rate = step.rate * span.rateFactor;
  const keep = span.decays ? 1 - rate * rule.decay : 1;
  const firstRate = rate / (1 - beta1 ** step.step);
  const secondScale = 1 / (1 - beta2 ** step.step);
  const gain1 = 1 - beta1;
  const gain2 = 1 - beta2;
  const { from, to } = span;
  for (let i = from; i < to; i++) {
    const gradient = gradients[i]! * gradientScale;
    const mean = beta1 * first[i]! + gain1 * gradient;
    const square = beta2 * second[i]! + gain2 * gradient * gradient;
    first[i] = mean;
    second[i] = square;
    weights[i] = weights[i]! * keep - (firstRate * mean) / (Math.sqrt(square * secondScale) + epsilon);
  }
}

function updateSgd(arrays: OptimizerArrays, span: Span, step: OptimizerStep, rule: Sgd): void {
  const { weights, gradients, first } = arrays;
  const rate = step.rate * span.rateFactor;
  const decay = span.decays ? rule.decay : 0;
  const { from, to } = span;
  for (let i = from; i < to; i++) {
    const velocity = rule.momentum * first[i]! + gradients[i]! * step.gradientScale + decay * weights[i]!;
    first[i] = velocity;
    weights[i] = weights[i]! - rate * velocity;
  }
}

/** Values that stay in a core's cache between two passes over them: 16 KiB an array. */
const BLOCK = 4096;

/**
 * Averages the workers' gradients into the first of them, in their order, so that a run can be repeated to the bit.
 * One plain loop for each worker, block by block, takes a quarter of the time of one loop with another inside.
 *
 * @returns the sum of squares over the range; not finite when any gradient is not
 */
export function averageRange(slots: readonly Float32Array[], from: number, to: number): number {
  const [target, ...others] = slots;
  if (target === undefined) throw new Error('no gradients to average');
  const share = 1 / slots.length;
  let squares = 0;
  for (let start = from; start < to; start += BLOCK) {
    const end = Math.min(start + BLOCK, to);
    for (const other of others) {
      for (let i = start; i < end; i++) target[i] = target[i]! + other[i]!;
    }
    for (let i = start; i < end; i++) {
      const mean = target[i]! * share;
      target[i] = mean;
      squares += mean * mean;
    }
  }
  return squares;
}

/** What gradients of this norm are multiplied by so that it does not exceed `limit` (Infinity: no clipping). */
export function clipScale(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}

/**
 * Share of the new value in an exponential moving average at its `step`-th update (from 1) so that it equals the
 * bias-corrected average of the values so far: the first update takes the value itself.
 */
export function averageGain(decay: number, step: number): number {
  return (1 - decay) / (1 - decay ** step);
}

/** Moves `average` towards `values` by `gain` over a range. */
export function followRange(
  average: Float32Array,
  values: Float32Array,
  gain: number,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) average[i] = average[i]! + gain * (values[i]! - average[i]!);
}

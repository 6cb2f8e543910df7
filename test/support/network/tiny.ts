/** A network small enough to differentiate by numbers, with inputs, on tfjs's cpu back end. */

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '../../../src/model/network/gradients.ts';
import { defaultNetwork, gridOf, type NetworkOptions } from '../../../src/model/network/options.ts';
import { initialWeights, type WeightMap } from '../../../src/model/network/weights.ts';
import type { BatchTensors } from '../../../src/training/losses/stage-loss.ts';

export const tinyNetwork = (change: Partial<NetworkOptions> = {}): NetworkOptions => ({
  ...defaultNetwork(3),
  depth: 10,
  width: 4,
  projection: { form: 'simplified', hidden: 16, size: 8 },
  ...change,
});

/** Numbers that follow from the index alone, between -1 and 1. */
export const wave = (length: number, step: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, (_, i) => Math.sin(step * (i + 1)) * Math.cos(0.37 * i * step));

/** Weights whose normalisations are not trivial, so that folding has something to fold. */
export function unevenWeights(options: NetworkOptions, seed: number): WeightMap {
  const weights = initialWeights(options, seed);
  for (const [name, { data }] of weights) {
    if (/norm\/(scale|variance)$/.test(name))
      for (let i = 0; i < data.length; i++) data[i] = 0.6 + 0.1 * (i % 7);
    if (/norm\/(offset|mean)$/.test(name))
      for (let i = 0; i < data.length; i++) data[i] = 0.05 * ((i % 5) - 2);
  }
  return weights;
}

export const tensorsOf = (weights: WeightMap): Record<string, tf.Tensor> =>
  Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));

/** Two examples: one with a heard and a silent object, one with an unheard place. */
export function tinyBatch(options: NetworkOptions, sidePixels: number): BatchTensors {
  const size = 2;
  const { rows, cols } = gridOf({ width: sidePixels, height: sidePixels });
  const { classes } = options;
  const coverage = new Float32Array(size * classes * rows * cols);
  coverage[0] = 1;
  coverage[1] = 0.5;
  coverage[rows * cols + 2] = 0.8;
  coverage[(classes + 2) * rows * cols + 3] = 1;
  const pixels = wave(size * sidePixels * sidePixels * 3, 0.7).map((value) => Math.round(127 + 120 * value));
  return {
    frames: tf.tensor(pixels, [size, sidePixels, sidePixels, 3], 'int32'),
    logmel: tf.tensor(
      wave(size * 51 * 64, 1.3).map((value) => -8 + 7 * value),
      [size, 51, 64],
    ),
    heard: tf.tensor2d([1, 0, 0, 0, 0, 1], [size, classes]),
    seen: tf.tensor2d([1, 1, 0, 0, 0, 1], [size, classes]),
    coverage: tf.tensor(coverage, [size, classes, rows, cols]),
    located: tf.tensor1d([1, 0]),
  };
}

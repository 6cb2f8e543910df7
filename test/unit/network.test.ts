/** The network's identities, its folding, and its shapes, on tfjs's cpu back end. */

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { batchNorm, stopGradient } from '../../src/model/network/batch-norm.ts';
import { evaluationOutputs, runBranch, servingOutputs } from '../../src/model/network/forward.ts';
import {
  classFeatures,
  matchLogits,
  matchMap,
  similarityMaps,
  unitLength,
} from '../../src/model/network/heads.ts';
import { gridOf } from '../../src/model/network/options.ts';
import { foldBatchNorm, initialWeights, weightSpecs } from '../../src/model/network/weights.ts';
import { tensorsOf, tinyBatch, tinyNetwork, unevenWeights, wave } from '../support/network/tiny.ts';

const largest = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

describe('the network', () => {
  test.each([
    [18, 32, 5.9e6],
    [18, 64, 23.7e6],
    [10, 32, 3.0e6],
  ] as const)('of depth %i and width %i has about %d parameters', (depth, width, expected) => {
    const hidden = 16 * width;
    const options = tinyNetwork({
      depth,
      width,
      classes: 7,
      projection: { form: 'simplified', hidden, size: 128 },
    });
    const count = weightSpecs(options)
      .filter(({ kind }) => kind === 'weight')
      .reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
    expect(count / expected).toBeGreaterThan(0.9);
    expect(count / expected).toBeLessThan(1.1);
  });

  test('starts alike from one seed, and differently from another', () => {
    const options = tinyNetwork();
    const [a, b, c] = [1, 1, 2].map((seed) => initialWeights(options, seed).get('visual/stem/kernel')!.data);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  test.each([128, 160, 224])('has a cell for every 16 pixels of %i', (side) => {
    const options = tinyNetwork({ width: 2 });
    const { rows, cols } = gridOf({ width: side, height: side });
    expect([rows, cols]).toEqual([side / 16, side / 16]);
    tf.tidy(() => {
      const weights = tensorsOf(foldBatchNorm(options, initialWeights(options, 1)));
      const outputs = servingOutputs(options, weights, {
        frames: tf.zeros([1, side, side, 3]),
        logmel: tf.fill([1, 51, 64], -14),
      });
      expect(outputs.similarity.shape).toEqual([1, 3, rows, cols]);
      expect(outputs.audio_probability.shape).toEqual([1, 3]);
    });
  });

  test('folded says the same as unfolded', () => {
    tf.tidy(() => {
      const options = tinyNetwork();
      const weights = unevenWeights(options, 3);
      const batch = tinyBatch(options, 32);
      const input = { frames: batch.frames as tf.Tensor4D, logmel: batch.logmel as tf.Tensor3D };
      const plain = evaluationOutputs(options, tensorsOf(weights), input, { kind: 'evaluation' });
      const folded = evaluationOutputs(options, tensorsOf(foldBatchNorm(options, weights)), input, {
        kind: 'serving',
      });
      for (const name of [
        'audio_probability',
        'visual_probability',
        'similarity',
        'activation',
        'match_map',
      ] as const) {
        expect(largest(plain[name], folded[name]), name).toBeLessThan(2e-5);
      }
      expect(tf.max(folded.activation).dataSync()[0]).toBeGreaterThan(0.01);
    });
  });

  test('the mean of a class map before clipping is the logit of its class (average pooling)', () => {
    tf.tidy(() => {
      const options = tinyNetwork();
      const { frames } = tinyBatch(options, 48);
      const visual = runBranch('visual', options, tensorsOf(unevenWeights(options, 5)), frames, {
        kind: 'evaluation',
      });
      expect(largest(tf.mean(visual.maps, 1), visual.logits)).toBeLessThan(1e-5);
    });
  });

  test('the class map is what a backward pass of Grad-CAM gives', () => {
    tf.tidy(() => {
      const options = tinyNetwork();
      const { frames } = tinyBatch(options, 48);
      const weights = tensorsOf(unevenWeights(options, 5));
      const visual = runBranch('visual', options, weights, frames, { kind: 'evaluation' });
      const kernel = weights['head/visual/kernel'] as tf.Tensor2D;
      for (let index = 0; index < options.classes; index++) {
        const logit = (cells: tf.Tensor): tf.Scalar =>
          tf.sum(tf.slice(tf.matMul(tf.mean<tf.Tensor2D>(cells, 1), kernel), [0, index], [-1, 1]));
        const gradient = tf.grad(logit)(visual.cells);
        const channels = tf.sum(gradient, 1, true);
        const gradCam = tf.relu(tf.sum(tf.mul(visual.cells, channels), 2));
        const own = tf.reshape(tf.slice(visual.activation, [0, 0, index], [-1, -1, 1]), gradCam.shape);
        expect(largest(gradCam, own)).toBeLessThan(1e-5);
      }
    });
  });

  test('under log-sum-exp the activation of a cell is its own probability', () => {
    tf.tidy(() => {
      const options = tinyNetwork({ visualPooling: 'log-sum-exp' });
      const { frames, logmel } = tinyBatch(options, 48);
      const weights = tensorsOf(unevenWeights(options, 5));
      const visual = runBranch('visual', options, weights, frames, { kind: 'evaluation' });
      expect(largest(visual.activation, tf.sigmoid(visual.maps))).toBeLessThan(1e-6);
      const audio = runBranch('audio', options, weights, logmel, { kind: 'evaluation' });
      expect(largest(audio.activation, tf.relu(audio.maps))).toBeLessThan(1e-6);
    });
  });

  test('the match map is what a backward pass through the correspondence head gives', () => {
    tf.tidy(() => {
      const options = tinyNetwork();
      const weights = tensorsOf(unevenWeights(options, 5));
      const audio = tf.tensor3d(wave(2 * 4 * 32, 0.9).map(Math.abs), [2, 4, 32]);
      const visual = tf.tensor3d(wave(2 * 9 * 32, 0.4).map(Math.abs), [2, 9, 32]);
      const own = tf.tensor2d([1, 0, 0, 1], [2, 2]);
      const gradient = tf.grad((cells) =>
        tf.sum(tf.mul(matchLogits(weights, audio, cells as tf.Tensor3D), own)),
      )(visual);
      const gradCam = tf.relu(tf.sum(tf.mul(visual, tf.sum(gradient, 1, true)), 2));
      expect(largest(gradCam, matchMap(weights, audio, visual))).toBeLessThan(1e-5);
      expect(tf.max(gradCam).dataSync()[0]).toBeGreaterThan(0);
    });
  });

  test('a class without activation is similar to nothing', () => {
    tf.tidy(() => {
      const options = tinyNetwork();
      const features = classFeatures(tf.zeros([1, 4, 3]), tf.ones([1, 4, 8]));
      const places = unitLength(tf.tensor3d(wave(9 * 8, 1), [1, 9, 8]));
      expect(tf.max(tf.abs(similarityMaps(options, unitLength(features), places))).dataSync()[0]).toBe(0);
    });
  });

  test('similarity lies in its range in both forms, and damping quietens weak places', () => {
    tf.tidy(() => {
      const sound = unitLength(tf.tensor3d(wave(3 * 8, 2), [1, 3, 8]));
      const strong = tf.tensor3d(
        wave(9 * 8, 1).map((value) => value * 30),
        [1, 9, 8],
      );
      const cosine = similarityMaps(tinyNetwork(), sound, unitLength(strong));
      expect(tf.max(tf.abs(cosine)).dataSync()[0]).toBeLessThanOrEqual(1);
      const distance = similarityMaps(tinyNetwork({ similarity: 'distance' }), sound, unitLength(strong));
      expect(tf.min(distance).dataSync()[0]).toBeGreaterThanOrEqual(-1e-3);
      expect(tf.max(distance).dataSync()[0]).toBeLessThanOrEqual(1);
      const weak = tf.max(tf.abs(unitLength(tf.mul<tf.Tensor3D>(strong, 0.001), 16))).dataSync()[0];
      expect(weak).toBeLessThan(0.01);
    });
  });
});

describe('batch normalisation', () => {
  test('agrees with its definition, in value and gradient', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(wave(2 * 3 * 3 * 4, 0.8), [2, 3, 3, 4]);
      const scale = tf.tensor1d([0.5, 1, 1.5, -1]);
      const offset = tf.tensor1d([0, 0.1, -0.2, 0.3]);
      const dy = tf.tensor4d(wave(2 * 3 * 3 * 4, 1.9), [2, 3, 3, 4]);
      const defined = (input: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): tf.Tensor => {
        const mean = tf.mean(input, [0, 1, 2]);
        const variance = tf.mean(tf.square(tf.sub(input, mean)), [0, 1, 2]);
        return tf.add(tf.mul(tf.div(tf.sub(input, mean), tf.sqrt(tf.add(variance, 1e-5))), gain), shift);
      };
      expect(largest(batchNorm(x, scale, offset).y, defined(x, scale, offset))).toBeLessThan(1e-5);
      const own = tf.grads((a, b, c) => batchNorm(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D).y)(
        [x, scale, offset],
        dy,
      );
      const automatic = tf.grads(defined)([x, scale, offset], dy);
      for (const [i, gradient] of own.entries()) expect(largest(gradient, automatic[i]!)).toBeLessThan(1e-4);
    });
  });

  test('a stopped gradient is zero where the value passes', () => {
    tf.tidy(() => {
      const gradient = tf.grad((x) => tf.sum(tf.mul(x, stopGradient(x))))(tf.tensor1d([2, 3]));
      expect([...gradient.dataSync()]).toEqual([2, 3]);
    });
  });
});

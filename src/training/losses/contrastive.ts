/** The alignment of stage 2 (eq. 7): class features of sound and picture that belong together are near each other. */

import * as tf from '@tensorflow/tfjs-core';
import type { LossOptions } from './options.ts';
import { weightedMean } from './terms.ts';

/** Under roots, whose gradient is infinite at zero. */
const EPSILON = 1e-6;

/** Squared Euclidean distance of every row of `a` `[P, E]` with every row of `b` `[Q, E]`: `[P, Q]`. */
export function squaredDistances(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const squareA = tf.sum(tf.square(a), 1, true);
  const squareB = tf.reshape(tf.sum(tf.square(b), 1), [1, b.shape[0]]);
  const cross = tf.mul(tf.matMul(a, b, false, true), 2);
  return tf.relu(tf.sub<tf.Tensor2D>(tf.add(squareA, squareB), cross));
}

/**
 * How far apart two projections are, squared, in the three sources' measures, and the hinge that pushes others away.
 * `paper`: D = |a - b|, push max(margin - D, 0)^2. `original`: D^2 is the mean over the dimensions and the push
 * max(margin - D^2, 0). `simplified`: as the paper, on unit length, where D^2 = 2 - 2 cos; the push is to the power
 * of two of the hinge.
 */
function pull(squared: tf.Tensor2D, form: LossOptions['contrastive']['form'], size: number): tf.Tensor2D {
  return form === 'original' ? tf.mul(squared, 1 / size) : squared;
}

function push(squared: tf.Tensor2D, { form, margin }: LossOptions['contrastive'], size: number): tf.Tensor2D {
  if (form === 'original') return tf.relu(tf.sub(margin, tf.mul(squared, 1 / size)));
  const distance = tf.sqrt(tf.add(squared, EPSILON));
  return tf.square(tf.relu(tf.sub<tf.Tensor2D>(margin, distance)));
}

/**
 * Eq. 7: the mean over pairs that belong together plus the mean over those that do not.
 *
 * @param sound - projections of classes' sounds, `[B, C, E]`
 * @param picture - projections of classes' pictures, `[B, C, E]`
 * @param validSound - `[B, C]`, 1 where the class counts as heard
 * @param validPicture - `[B, C]`, 1 where the class counts as seen
 */
export function contrastiveLoss(
  sound: tf.Tensor3D,
  picture: tf.Tensor3D,
  validSound: tf.Tensor2D,
  validPicture: tf.Tensor2D,
  options: Pick<LossOptions, 'contrastive' | 'negatives'>,
): tf.Scalar {
  const [batch, classes, size] = sound.shape;
  const count = batch * classes;
  const squared = squaredDistances(tf.reshape(sound, [count, size]), tf.reshape(picture, [count, size]));
  const valid = tf.mul(tf.reshape(validSound, [count, 1]), tf.reshape(validPicture, [1, count]));
  const together = pairMask(count, (a, b) => a === b);
  const apart = pairMask(count, (a, b) =>
    options.negatives === 'all' ? a !== b : a % classes !== b % classes,
  );
  const { contrastive } = options;
  return tf.add<tf.Scalar>(
    weightedMean(pull(squared, contrastive.form, size), tf.mul(valid, together)),
    weightedMean(push(squared, contrastive, size), tf.mul(valid, apart)),
  );
}

function pairMask(count: number, belongs: (a: number, b: number) => boolean): tf.Tensor2D {
  const mask = new Float32Array(count * count);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) mask[a * count + b] = belongs(a, b) ? 1 : 0;
  }
  return tf.tensor2d(mask, [count, count]);
}

/** Below this share of a class map's maximum a cell is background. */
const BACKGROUND_SHARE = 0.1;

/**
 * The two terms that make similarity follow the class map where places are not known (see {@link LossOptions}).
 *
 * @param similarity - cosines, `[B, C, N]`
 * @param activation - the picture's class activation maps, `[B, N, C]`, without gradient
 * @param valid - `[B, C]`, 1 where the class is heard and seen
 * @param unlocated - `[B]`, 1 where the places are not known
 */
export function mapFollowingLosses(
  similarity: tf.Tensor3D,
  activation: tf.Tensor3D,
  valid: tf.Tensor2D,
  unlocated: tf.Tensor1D,
  margin: number,
): { background: tf.Scalar; dense: tf.Scalar } {
  const maps = tf.transpose(activation, [0, 2, 1]);
  const share = tf.div(maps, tf.add(tf.max(maps, 2, true), EPSILON));
  const counted = tf.expandDims(tf.mul(valid, tf.expandDims(unlocated, 1)), 2);
  const squared = tf.relu(tf.sub<tf.Tensor3D>(2, tf.mul(similarity, 2)));
  const distance = tf.sqrt(tf.add(squared, EPSILON));
  // A step, not a comparison: it is on the way of gradients (its own is zero), and comparisons have none in tfjs.
  const isBackground = tf.step(tf.sub(BACKGROUND_SHARE, share));
  return {
    background: weightedMean(tf.square(tf.relu(tf.sub(margin, distance))), tf.mul(isBackground, counted)),
    dense: weightedMean(squared, tf.mul(share, counted)),
  };
}

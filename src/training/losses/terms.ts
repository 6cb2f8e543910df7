/** The terms that losses are made of; all take logits or distances and give one number. */

import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../../model/network/batch-norm.ts';

/** Divisors are never less. */
const TINY = 1e-6;

/** Binary cross-entropy of logits, element by element; soft targets are allowed (eq. 1). */
export function crossEntropy<T extends tf.Tensor>(logits: T, targets: tf.Tensor): T {
  // max(z, 0) - z t + log(1 + exp(-|z|)): exact for any z.
  const magnitude = tf.abs(logits);
  const rest = tf.log(tf.add(1, tf.exp(tf.neg(magnitude))));
  return tf.add<T>(tf.sub(tf.relu(logits), tf.mul(logits, targets)), rest);
}

/** Eq. 1 for one branch: averaged over examples and classes. */
export const classificationLoss = (logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar =>
  tf.mean(crossEntropy(logits, targets));

/** Sum of `values`, each times its weight, divided by the sum of the weights; zero where there are none. */
export function weightedMean(values: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  const total = tf.add(tf.sum(weights), TINY);
  return tf.div<tf.Scalar>(tf.sum(tf.mul(values, weights)), total);
}

/**
 * Eq. 2 over all pairs: the mean over what matches and the mean over what does not count half each (`simplified`).
 *
 * @param logits - match minus mismatch, `[B, B]`, sound by picture
 * @param heard - `[B, C]`
 * @param seen - `[B, C]`
 *
 * The example's own pair matches where a class is both heard and seen. Pairs of other examples count as mismatch
 * where they share no class, and not at all where they do: a dog's bark fits any dog.
 */
export function correspondenceLoss(logits: tf.Tensor2D, heard: tf.Tensor2D, seen: tf.Tensor2D): tf.Scalar {
  const count = logits.shape[0];
  const shared = tf.cast(tf.greater(tf.matMul(heard, seen, false, true), 0.5), 'float32');
  const own = tf.tensor2d(
    Float32Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0)),
    [count, count],
  );
  const matching = weightedMean(crossEntropy(logits, tf.onesLike(logits)), tf.mul(shared, own));
  const differing = weightedMean(crossEntropy(logits, tf.zerosLike(logits)), tf.sub(1, shared));
  return tf.mul<tf.Scalar>(tf.add(matching, differing), 0.5);
}

/**
 * Which class a covered cell is of: cross-entropy of the softmax over classes, each cell by how much of it is covered.
 * Where things of several classes share a cell, so does its target.
 *
 * @param logits - `[B, N, C]`
 * @param targets - `[B, N, C]` share of the cell that each class covers, 0..1
 * @param located - `[B]`, 1 where the targets are known
 */
export function locatedClassLoss(logits: tf.Tensor3D, targets: tf.Tensor3D, located: tf.Tensor1D): tf.Scalar {
  const covered = tf.sum<tf.Tensor2D>(targets, 2);
  const peak = stopGradient(tf.max<tf.Tensor3D>(logits, 2, true));
  const shifted = tf.sub<tf.Tensor3D>(logits, peak);
  const logSum = tf.log(tf.sum<tf.Tensor2D>(tf.exp(shifted), 2));
  // Sum over classes of t (log sum exp(z) - z), with the targets of a cell summing to what is covered of it.
  const entropy = tf.sub<tf.Tensor2D>(
    tf.mul(covered, logSum),
    tf.sum<tf.Tensor2D>(tf.mul(targets, shifted), 2),
  );
  const known = tf.expandDims(located, 1);
  const mass = tf.add(tf.sum(tf.mul(covered, known)), TINY);
  return tf.div<tf.Scalar>(tf.sum(tf.mul(entropy, known)), mass);
}

/**
 * Cross-entropy of cells against the share of them that is covered, hard cells weighing more: quality focal loss (Li
 * et al. 2020, "Generalized Focal Loss", eq. 4). Divided by the covered mass, so that pictures with little in them
 * teach as strongly as full ones.
 *
 * @param logits - `[B, N, C]`
 * @param targets - `[B, N, C]`, 0..1
 * @param located - `[B]`, 1 where the targets are known
 */
export function locatedLoss(
  logits: tf.Tensor3D,
  targets: tf.Tensor3D,
  located: tf.Tensor1D,
  focus: number,
): tf.Scalar {
  const known = tf.expandDims(tf.expandDims(located, 1), 2);
  const error = tf.abs(tf.sub(targets, tf.sigmoid(logits)));
  // Squares, not a power, in the usual case: the gradient of pow needs a logarithm of every cell.
  const hardness =
    focus === 0 ? null : focus === 1 ? error : focus === 2 ? tf.square(error) : tf.pow(error, focus);
  const entropy = crossEntropy(logits, targets);
  const cells = tf.mul(hardness === null ? entropy : tf.mul(entropy, hardness), known);
  const mass = tf.sum(tf.mul(targets, known));
  // At least one cell an example: a batch of empty pictures must not divide by nothing.
  const least = tf.add(tf.sum(located), TINY);
  return tf.div<tf.Scalar>(tf.sum(cells), tf.maximum(mass, least));
}

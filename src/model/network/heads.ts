/** What is read from the feature maps: class maps, class features, their projections, and how well they agree. */

import * as tf from '@tensorflow/tfjs-core';
import { type Tensors, weight } from './features.ts';
import type { Branch } from './layers.ts';
import type { NetworkOptions } from './options.ts';

/** Keeps divisions and roots from zero (and the root's gradient finite there). */
const EPSILON = 1e-6;
/** How sharp the smooth maximum is; 3 lets a peak 2 above the rest on 5 % of the cells decide. */
const LOG_SUM_EXP_SHARPNESS = 3;

/** `[B, U, V, D]` to `[B, U V, D]`: cells in reading order. */
export function cellsOf(features: tf.Tensor4D): tf.Tensor3D {
  const [batch, rows, cols, depth] = features.shape;
  return tf.reshape(features, [batch, rows * cols, depth]);
}

/** Linear map of the last dimension, `[B, N, D]` by `[D, E]`. */
function linear(x: tf.Tensor3D, kernel: tf.Tensor2D): tf.Tensor3D {
  const [batch, count, depth] = x.shape;
  return tf.reshape(tf.matMul(tf.reshape(x, [batch * count, depth]), kernel), [
    batch,
    count,
    kernel.shape[1],
  ]);
}

/**
 * Class maps before clipping, `[B, N, C]`: the class head at every cell. Their mean over the cells is the class's
 * logit under average pooling, and clipped at zero they are its Grad-CAM (method §1.1), with no backward pass.
 */
export function classMaps(branch: Branch, weights: Tensors, cells: tf.Tensor3D): tf.Tensor3D {
  return linear(cells, weight(weights, `head/${branch}/kernel`));
}

/** Class logits `[B, C]` of class maps. */
export function classLogits(branch: Branch, options: NetworkOptions, maps: tf.Tensor3D): tf.Tensor2D {
  if (branch === 'audio' || options.visualPooling === 'average') return tf.mean<tf.Tensor2D>(maps, 1);
  // Logarithm of the mean exponential, its maximum taken out first so that nothing overflows.
  const peak = tf.max<tf.Tensor3D>(maps, 1, true);
  const raised = tf.exp(tf.mul(tf.sub(maps, peak), LOG_SUM_EXP_SHARPNESS));
  const [batch, , classes] = maps.shape;
  return tf.add(
    tf.reshape(peak, [batch, classes]),
    tf.mul(tf.log(tf.mean<tf.Tensor2D>(raised, 1)), 1 / LOG_SUM_EXP_SHARPNESS),
  );
}

/**
 * Class activation maps, `[B, N, C]`, not negative. Under average pooling the clipped class map, which is its Grad-CAM.
 * Under `log-sum-exp` a cell's value is a logit of its own, so its probability: clipped, a map that is right about the
 * place but not sure would be gone.
 */
export function activationMaps(branch: Branch, options: NetworkOptions, maps: tf.Tensor3D): tf.Tensor3D {
  if (branch === 'visual' && options.visualPooling === 'log-sum-exp') return tf.sigmoid(maps);
  return tf.relu(options.camFloor === 0 ? maps : tf.sub(maps, options.camFloor));
}

/**
 * Features of each class, `[B, C, D]` (eq. 5): the feature map's mean, weighted by the class's activation map. A
 * class whose map is zero has zero features, hence similarity zero everywhere: a natural "no source".
 */
export function classFeatures(activation: tf.Tensor3D, cells: tf.Tensor3D): tf.Tensor3D {
  const weighted = tf.matMul(activation, cells, true, false);
  const mass = tf.sum<tf.Tensor2D>(activation, 1);
  return tf.div(weighted, tf.expandDims(tf.add(mass, EPSILON), 2));
}

/** Projections `[B, N, size]` (eq. 6), not yet of unit length. */
export function project(
  branch: Branch,
  options: NetworkOptions,
  weights: Tensors,
  x: tf.Tensor3D,
): tf.Tensor3D {
  const biased = (y: tf.Tensor3D, part: string): tf.Tensor3D =>
    options.projection.form === 'simplified'
      ? y
      : tf.add(y, weight(weights, `projection/${branch}/${part}/bias`));
  const hidden = tf.relu(biased(linear(x, weight(weights, `projection/${branch}/hidden/kernel`)), 'hidden'));
  return biased(linear(hidden, weight(weights, `projection/${branch}/output/kernel`)), 'output');
}

/** Unit length along the last dimension; zero stays zero. With `damping`, shorter than that is shorter than one. */
export function unitLength(x: tf.Tensor3D, damping = 0): tf.Tensor3D {
  const square = tf.sum<tf.Tensor3D>(tf.square(x), 2, true);
  return tf.mul(x, tf.rsqrt(tf.add(square, damping * damping + EPSILON)));
}

/**
 * Similarity of each class's sound with each place, `[B, C, N]` (eq. 8).
 *
 * @param sound - unit-length projections `[B, C, size]` of the classes' audio features
 * @param places - unit-length projections `[B, N, size]` of the picture's cells
 */
export function similarityMaps(
  options: NetworkOptions,
  sound: tf.Tensor3D,
  places: tf.Tensor3D,
): tf.Tensor3D {
  const cosine: tf.Tensor3D = tf.matMul(sound, places, false, true);
  if (options.similarity === 'cosine') return cosine;
  const distance = tf.sqrt(tf.add<tf.Tensor3D>(tf.relu(tf.sub<tf.Tensor3D>(2, tf.mul(cosine, 2))), EPSILON));
  return tf.sub<tf.Tensor3D>(1, tf.mul(distance, 0.5));
}

/**
 * Grad-CAM of the match logit of each example's own pair, `[B, N]`, not negative: with mean-pooled features and one
 * hidden layer its channel weights have a closed form (method §1.7). It knows no classes.
 */
export function matchMap(weights: Tensors, audio: tf.Tensor3D, visual: tf.Tensor3D): tf.Tensor2D {
  const kernel = weight<tf.Rank.R2>(weights, 'avc/visual/kernel');
  const picture = tf.matMul(tf.mean<tf.Tensor2D>(visual, 1), kernel);
  const sound = tf.matMul(tf.mean<tf.Tensor2D>(audio, 1), weight<tf.Rank.R2>(weights, 'avc/audio/kernel'));
  const hidden = tf.add(tf.add(sound, picture), weight(weights, 'avc/hidden/bias'));
  const open = tf.step(hidden);
  const output = weight<tf.Rank.R2>(weights, 'avc/output/kernel');
  const units = output.shape[0];
  const direction = tf.reshape(tf.sub(tf.slice(output, [0, 1], [-1, 1]), tf.slice(output, [0, 0], [-1, 1])), [
    1,
    units,
  ]);
  const channels = tf.matMul(tf.mul<tf.Tensor2D>(open, direction), kernel, false, true);
  const [batch, count, depth] = visual.shape;
  const map = tf.matMul(visual, tf.reshape(channels, [batch, depth, 1]));
  return tf.relu(tf.reshape(map, [batch, count]));
}

/**
 * Audio-visual correspondence: logits of match minus mismatch, `[B, B]`, of every sound (row) with every picture
 * (column) of the batch (`simplified`; the paper pairs each with one).
 */
export function matchLogits(weights: Tensors, audio: tf.Tensor3D, visual: tf.Tensor3D): tf.Tensor2D {
  const half = (branch: Branch, cells: tf.Tensor3D): tf.Tensor2D =>
    tf.matMul(tf.mean<tf.Tensor2D>(cells, 1), weight(weights, `avc/${branch}/kernel`));
  const sound = half('audio', audio);
  const picture = half('visual', visual);
  const count = sound.shape[0];
  const hidden = tf.relu(
    tf.add(tf.add(tf.expandDims(sound, 1), tf.expandDims(picture, 0)), weight(weights, 'avc/hidden/bias')),
  );
  const units = hidden.shape[2] ?? 0;
  const logits = tf.add(
    tf.matMul(tf.reshape(hidden, [count * count, units]), weight<tf.Rank.R2>(weights, 'avc/output/kernel')),
    weight(weights, 'avc/output/bias'),
  );
  const mismatch = tf.slice(logits, [0, 0], [-1, 1]);
  const match = tf.slice(logits, [0, 1], [-1, 1]);
  return tf.reshape(tf.sub(match, mismatch), [count, count]);
}

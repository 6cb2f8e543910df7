/** Pictures and log-mel to the last feature map of their branch. */

import * as tf from '@tensorflow/tfjs-core';
import { batchNorm } from './batch-norm.ts';
import { type Branch, backbone, type ConvLayer } from './layers.ts';
import type { NetworkOptions } from './options.ts';
import { NORM_EPSILON } from './weights.ts';

/** Weights as tensors, by name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * How activations are normalised. `training`: by the batch's statistics, which are collected. `evaluation`: by the
 * running statistics among the weights. `serving`: by nothing, the weights being folded (see `foldBatchNorm`).
 */
export type Mode =
  | { kind: 'training'; statistics: Record<string, tf.Tensor1D> }
  | { kind: 'evaluation' }
  | { kind: 'serving' };

/** Mean and standard deviation of ImageNet's pictures, per channel, of 0..1. */
const PICTURE_MEAN = [0.485, 0.456, 0.406];
const PICTURE_DEVIATION = [0.229, 0.224, 0.225];
/** Natural-log mel power below this is silence: about the noise floor of 16-bit sound. */
export const SILENCE_LOG_POWER = -14;
/** Brings what is left, about -14 to 2, near zero mean and unit spread. */
const LOG_POWER_MIDDLE = -7;
const LOG_POWER_SPREAD = 4;

/** @param frames - `[B, H, W, 3]`, 0..255. @returns `[B, ceil(H / 16), ceil(W / 16), 8 width]`, not negative. */
export function visualFeatures(
  options: NetworkOptions,
  weights: Tensors,
  frames: tf.Tensor4D,
  mode: Mode,
): tf.Tensor4D {
  const scale = tf.tensor1d(PICTURE_DEVIATION.map((deviation) => 1 / (255 * deviation)));
  const offset = tf.tensor1d(PICTURE_MEAN.map((mean, i) => -mean / PICTURE_DEVIATION[i]!));
  const picture = tf.add<tf.Tensor4D>(tf.mul(tf.cast(frames, 'float32'), scale), offset);
  return features('visual', options, weights, picture, mode);
}

/** @param logmel - `[B, T, M]`, natural log of power. @returns `[B, ceil(T / 16), ceil(M / 16), 8 width]`. */
export function audioFeatures(
  options: NetworkOptions,
  weights: Tensors,
  logmel: tf.Tensor3D,
  mode: Mode,
): tf.Tensor4D {
  const audible = tf.maximum(logmel, SILENCE_LOG_POWER);
  const spectrum = tf.mul(tf.sub(audible, LOG_POWER_MIDDLE), 1 / LOG_POWER_SPREAD);
  const [batch, columns, mels] = logmel.shape;
  return features('audio', options, weights, tf.reshape(spectrum, [batch, columns, mels, 1]), mode);
}

function features(
  branch: Branch,
  options: NetworkOptions,
  weights: Tensors,
  input: tf.Tensor4D,
  mode: Mode,
): tf.Tensor4D {
  const { stem, blocks } = backbone(branch, options);
  let x = tf.relu(convolve(input, stem, weights, mode));
  x = tf.maxPool(x, 3, 2, 1);
  for (const { first, second, shortcut } of blocks) {
    const inner = tf.relu(convolve(x, first, weights, mode));
    const outer = convolve(inner, second, weights, mode);
    x = tf.relu(tf.add(outer, shortcut === null ? x : convolve(x, shortcut, weights, mode)));
  }
  return x;
}

/** Padded alike on all sides; an output size that is not whole is rounded down, as everywhere but in TensorFlow. */
function convolve(x: tf.Tensor4D, layer: ConvLayer, weights: Tensors, mode: Mode): tf.Tensor4D {
  const { name, kernel, stride } = layer;
  const y = tf.conv2d(x, weight<tf.Rank.R4>(weights, `${name}/kernel`), stride, (kernel - 1) / 2);
  if (mode.kind === 'serving') return tf.add(y, weight(weights, `${name}/bias`));
  const scale = weight<tf.Rank.R1>(weights, `${name}/norm/scale`);
  const offset = weight<tf.Rank.R1>(weights, `${name}/norm/offset`);
  if (mode.kind === 'evaluation') {
    const variance = weight<tf.Rank.R1>(weights, `${name}/norm/variance`);
    const slope = tf.mul(scale, tf.rsqrt(tf.add(variance, NORM_EPSILON)));
    const mean = weight<tf.Rank.R1>(weights, `${name}/norm/mean`);
    return tf.add(tf.mul(y, slope), tf.sub(offset, tf.mul(mean, slope)));
  }
  const normalised = batchNorm(y, scale, offset);
  mode.statistics[`${name}/norm/mean`] = normalised.mean;
  mode.statistics[`${name}/norm/variance`] = normalised.variance;
  return normalised.y;
}

/** @throws RangeError naming the weight that is not there. */
export function weight<R extends tf.Rank>(weights: Tensors, name: string): tf.Tensor<R> {
  const tensor = weights[name];
  if (tensor === undefined) throw new RangeError(`The weights have no "${name}".`);
  return tensor as tf.Tensor<R>;
}

/** Batch normalisation (Ioffe & Szegedy 2015) of NHWC activations, from plain operations that can be traced. */

import * as tf from '@tensorflow/tfjs-core';
import { NORM_EPSILON } from './weights.ts';

const CHANNELS_LAST = [0, 1, 2];

/**
 * `(x - mean) / sqrt(variance + eps) * scale + offset` with the batch's own mean and variance, and its gradient in
 * closed form: written out because automatic differentiation of the same formula goes over the activations about
 * twice as often, and these passes are bound by memory.
 *
 * @param x - `[B, H, W, C]`.
 * @returns the normalised activations, and the batch's mean and (biased) variance `[C]`, which carry no gradient.
 */
export function batchNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
): { y: tf.Tensor4D; mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const mean = tf.mean<tf.Tensor1D>(x, CHANNELS_LAST);
  // E[x^2] - E[x]^2: one pass fewer than the centred form. Convolutions without bias keep the mean near zero, so
  // little is lost; what rounding makes negative counts as zero.
  const variance = tf.relu(tf.sub<tf.Tensor1D>(tf.mean(tf.square(x), CHANNELS_LAST), tf.square(mean)));
  const inverse = tf.rsqrt(tf.add<tf.Tensor1D>(variance, NORM_EPSILON));
  const normalise = tf.customGrad((...inputs: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, gain, shift, save] = inputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const slope = tf.mul(gain, inverse);
    const value = tf.add(tf.mul(input, slope), tf.sub(shift, tf.mul(mean, slope)));
    // Whatever the gradient reads must be saved: the rest is gone when the forward pass ends.
    save([input, slope, mean, inverse]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [from, slope, mean, inverse] = saved as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      const count = from.shape[0] * from.shape[1] * from.shape[2];
      const sumDy = tf.sum<tf.Tensor1D>(dy, CHANNELS_LAST);
      const sumDyX = tf.sum<tf.Tensor1D>(tf.mul(dy, from), CHANNELS_LAST);
      // d scale: sum of dy times the normalised activation.
      const dScale = tf.mul(inverse, tf.sub(sumDyX, tf.mul(mean, sumDy)));
      // dx = slope (dy - mean(dy) - normalised * mean(dy * normalised)) = slope dy + x p + q
      const p = tf.mul(tf.mul(slope, tf.mul(inverse, dScale)), -1 / count);
      const q = tf.sub(tf.mul(tf.mul(slope, sumDy), -1 / count), tf.mul(mean, p));
      const dx = tf.add(tf.mul(dy, slope), tf.add(tf.mul(from, p), q));
      return [dx, dScale, sumDy];
    };
    return { value, gradFunc };
  });
  return { y: normalise(x, scale, offset) as tf.Tensor4D, mean, variance };
}

/** The value with no gradient through it: for maps that teach but are not taught (method: "detached"). */
export function stopGradient<T extends tf.Tensor>(tensor: T): T {
  const stop = tf.customGrad((...inputs: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const input = inputs[0] as tf.Tensor;
    return { value: tf.clone(input), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) };
  });
  return stop(tensor) as T;
}

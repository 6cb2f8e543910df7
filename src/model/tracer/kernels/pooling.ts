/** The maximum over windows, and its gradient. */

import * as tf from '@tensorflow/tfjs-core';
import type { TraceBackend, TracedValue } from '../trace-backend.ts';
import { type Call, defineKernel, elementCount, type Made } from './kernel.ts';

export function registerPooling(): void {
  defineKernel(tf.MaxPool, (call) => {
    const info = infoOf(call, call.input('x'));
    const [name] = maxPool(call.backend, call.input('x'), info);
    return { name, shape: info.outShape, channelsFirst: true };
  });
  defineKernel(tf.MaxPoolGrad, maxPoolGradient);
}

type PoolInfo = tf.backend_util.Conv2DInfo;

function infoOf({ attributes }: Call, input: TracedValue): PoolInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attributes as unknown as tf.MaxPoolAttrs;
  const shape = [...input.shape] as [number, number, number, number];
  return tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
}

/** Values, and the place of each in its whole flat input. */
function maxPool(backend: TraceBackend, x: TracedValue, info: PoolInfo): [string, string] {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const { top, left, bottom, right } = info.padInfo;
  return backend.builder.nodeOf(2, 'MaxPool', [backend.channelsFirst(x)], {
    kernel_shape: [filterHeight, filterWidth],
    strides: [strideHeight, strideWidth],
    pads: [top, left, bottom, right],
  }) as [string, string];
}

/** Every output's gradient goes to the place that it came from, the first of equals; windows may overlap. */
function maxPoolGradient(call: Call): Made {
  const { backend, input } = call;
  const x = input('input');
  const dy = input('dy');
  const info = infoOf(call, x);
  const { builder } = backend;
  const [, places] = maxPool(backend, x, info);
  const flat = builder.integers([-1]);
  const zeros = builder.node('ConstantOfShape', [builder.integers([elementCount(x.shape)])]);
  const scattered = builder.node(
    'ScatterElements',
    [
      zeros,
      builder.node('Reshape', [places, flat]),
      builder.node('Reshape', [backend.channelsFirst(dy), flat]),
    ],
    { axis: 0, reduction: 'add' },
  );
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return {
    name: backend.reshape(scattered, [batch, channels, height, width]),
    shape: x.shape,
    channelsFirst: true,
  };
}

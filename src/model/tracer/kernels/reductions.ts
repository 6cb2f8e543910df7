/** Sums, means and extremes over axes. */

import * as tf from '@tensorflow/tfjs-core';
import { TO_CHANNELS_FIRST } from '../trace-backend.ts';
import { type Call, defineKernel, type Made } from './kernel.ts';

export function registerReductions(): void {
  defineKernel(tf.Sum, (call) => reduce(call, 'ReduceSum', call.attributes['axis']));
  defineKernel(tf.Mean, (call) => reduce(call, 'ReduceMean', call.attributes['axis']));
  defineKernel(tf.Max, (call) => reduce(call, 'ReduceMax', call.attributes['reductionIndices']));
  defineKernel(tf.Min, (call) => reduce(call, 'ReduceMin', call.attributes['axis']));
}

function reduce({ backend, input, attributes }: Call, op: string, axis: unknown): Made {
  const x = input('x');
  const axes = tf.util.parseAxisParam(axis as number | number[], [...x.shape]);
  const keepDims = attributes['keepDims'] === true;
  const [reducedShape] = tf.backend_util.computeOutAndReduceShapes([...x.shape], axes);
  const shape = keepDims ? tf.backend_util.expandShapeToKeepDim(reducedShape, axes) : reducedShape;
  // What is left must not show that the channel stands before rows and columns.
  const asItLies =
    x.channelsFirst && (keepDims || axes.includes(3) || (axes.includes(1) && axes.includes(2)));
  const name = asItLies ? backend.named(x) : backend.channelsLast(x);
  const stored = asItLies
    ? axes.map((one) => TO_CHANNELS_FIRST.indexOf(one)).toSorted((a, b) => a - b)
    : axes;
  const { builder } = backend;
  return {
    name: builder.node(op, [name, builder.integers(stored)], { keepdims: keepDims ? 1 : 0 }),
    shape,
    channelsFirst: asItLies && keepDims,
  };
}

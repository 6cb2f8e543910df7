/** Operations that move or select elements. */

import * as tf from '@tensorflow/tfjs-core';
import { TO_CHANNELS_FIRST, type TraceBackend, type TracedValue } from '../trace-backend.ts';
import { type Call, defineKernel, elementCount, type Made, sameShape } from './kernel.ts';

export function registerShape(): void {
  defineKernel(tf.Reshape, ({ backend, input, attributes }) => {
    const x = input('x');
    const wanted = attributes['shape'] as number[];
    return reshaped(backend, x, tf.util.inferFromImplicitShape(wanted, elementCount(x.shape)));
  });
  defineKernel(tf.ExpandDims, ({ backend, input, attributes }) => {
    const x = input('input');
    const dim = attributes['dim'] as number;
    const at = dim < 0 ? x.shape.length + dim + 1 : dim;
    return reshaped(backend, x, x.shape.toSpliced(at, 0, 1));
  });
  defineKernel(tf.Transpose, transpose);
  defineKernel(tf.Slice, slice);
  defineKernel(tf.PadV2, pad);
}

function reshaped(backend: TraceBackend, x: TracedValue, shape: readonly number[]): Made | TracedValue {
  if (sameShape(x.shape, shape)) return x;
  if (x.name === null) return { ...x, shape };
  return { name: backend.reshape(backend.channelsLast(x), shape), shape };
}

function transpose({ backend, input, attributes }: Call): Made {
  const x = input('x');
  const perm = attributes['perm'] as number[];
  const shape = perm.map((axis) => x.shape[axis]!);
  if (!x.channelsFirst)
    return { name: backend.builder.node('Transpose', [backend.named(x)], { perm }), shape };
  // From the axes that the value has to those that are wanted, in one step.
  const stored = perm.map((axis) => TO_CHANNELS_FIRST.indexOf(axis));
  return { name: backend.builder.node('Transpose', [backend.named(x)], { perm: stored }), shape };
}

/** The end of a slice that takes everything; also for a batch of any size. */
const TO_THE_END = 2 ** 31 - 1;

function slice({ backend, input, attributes }: Call): Made {
  const x = input('x');
  const begin = attributes['begin'] as number[];
  const size = (attributes['size'] as number[]).map((length, axis) =>
    length === -1 ? x.shape[axis]! - begin[axis]! : length,
  );
  const axes = begin.flatMap((from, axis) => (from === 0 && size[axis] === x.shape[axis] ? [] : [axis]));
  const { builder } = backend;
  const ends = axes.map((axis) => {
    const end = begin[axis]! + size[axis]!;
    return end === x.shape[axis] ? TO_THE_END : end;
  });
  const name = builder.node('Slice', [
    backend.channelsLast(x),
    builder.integers(axes.map((axis) => begin[axis]!)),
    builder.integers(ends),
    builder.integers(axes),
  ]);
  return { name, shape: size };
}

function pad({ backend, input, attributes }: Call): Made {
  const x = input('x');
  const paddings = attributes['paddings'] as [number, number][];
  const { builder } = backend;
  const pads = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
  const filler = builder.float((attributes['constantValue'] as number | undefined) ?? 0);
  const name = builder.node('Pad', [backend.channelsLast(x), builder.integers(pads), filler]);
  return { name, shape: x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]) };
}

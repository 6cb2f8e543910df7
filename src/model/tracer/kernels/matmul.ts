/** Matrix products. */

import * as tf from '@tensorflow/tfjs-core';
import type { TraceBackend, TracedValue } from '../trace-backend.ts';
import { type Call, defineKernel, elementCount, type Made } from './kernel.ts';

export function registerMatMul(): void {
  defineKernel(tf.BatchMatMul, batchMatMul);
}

/** `[..., M, K]` by `[..., K, N]`, either transposed. */
function batchMatMul({ backend, input, attributes }: Call): Made {
  const a = input('a');
  const b = input('b');
  const transposeA = attributes['transposeA'] === true;
  const transposeB = attributes['transposeB'] === true;
  const matrixA = a.shape.slice(-2);
  const matrixB = b.shape.slice(-2);
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batchShape, matrixA[transposeA ? 1 : 0]!, matrixB[transposeB ? 0 : 1]!];
  const { builder } = backend;
  if (elementCount(batchShape) === 1) {
    // One product: Gemm transposes while it reads.
    const flat = (value: TracedValue, matrix: number[]): string => {
      const name = backend.channelsLast(value);
      return value.shape.length === 2 ? name : backend.reshape(name, matrix);
    };
    const product = builder.node('Gemm', [flat(a, matrixA), flat(b, matrixB)], {
      transA: transposeA ? 1 : 0,
      transB: transposeB ? 1 : 0,
    });
    return { name: shape.length === 2 ? product : backend.reshape(product, shape), shape };
  }
  return {
    name: builder.node('MatMul', [turned(backend, a, transposeA), turned(backend, b, transposeB)]),
    shape,
  };
}

/** onnxruntime fuses the transpose into the product. */
function turned(backend: TraceBackend, value: TracedValue, transpose: boolean): string {
  const name = backend.channelsLast(value);
  if (!transpose) return name;
  const axes = value.shape.map((_, axis) => axis);
  return backend.builder.node('Transpose', [name], {
    perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2],
  });
}

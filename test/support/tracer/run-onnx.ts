/** Runs a traced graph with onnxruntime, and the same computation on tfjs's cpu back end, which is the oracle. */

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as ort from 'onnxruntime-node';
import { type TraceInput, traceGraph } from '../../../src/model/tracer/trace.ts';

export type Build = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

export interface NumbersOf {
  shape: readonly number[];
  data: Float32Array;
}

/** Outputs of the bytes of an ONNX file; integers and booleans as floats. */
export async function runOnnx(
  graph: Uint8Array,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, NumbersOf>> {
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1 });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { shape: dims, data: Float32Array.from(data as Iterable<number>) },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** Inputs of both: arrays by name. */
export type Feeds = Record<string, { shape: readonly number[]; data: Float32Array | Uint8Array }>;

/** What onnxruntime and tfjs-cpu say of the same computation. `batch`: the graph is traced for any batch. */
export async function onBoth(
  feeds: Feeds,
  build: Build,
  batch = false,
): Promise<{ traced: Record<string, NumbersOf>; oracle: Record<string, NumbersOf> }> {
  const inputs: Record<string, TraceInput> = {};
  const tensors: Record<string, ort.Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(feeds)) {
    const dtype = data instanceof Float32Array ? 'float32' : 'uint8';
    inputs[name] = { shape: batch ? ['batch', ...shape.slice(1)] : shape, dtype };
    tensors[name] = new ort.Tensor(dtype, data, shape);
  }
  const traced = await runOnnx(traceGraph({ inputs }, build), tensors);
  await tf.setBackend('cpu');
  const oracle: Record<string, NumbersOf> = {};
  tf.tidy(() => {
    const values = Object.fromEntries(
      Object.entries(feeds).map(([name, { shape, data }]) => [
        name,
        tf.tensor(data, [...shape], data instanceof Float32Array ? 'float32' : 'int32'),
      ]),
    );
    for (const [name, tensor] of Object.entries(build(values)))
      oracle[name] = { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) };
  });
  return { traced, oracle };
}

/** The greatest difference of two arrays, as a share of the oracle's greatest magnitude (at least one). */
export function relativeDifference(traced: NumbersOf, oracle: NumbersOf): number {
  if (traced.shape.join() !== oracle.shape.join())
    throw new Error(`shape ${traced.shape.join()} instead of ${oracle.shape.join()}`);
  let scale = 1;
  let worst = 0;
  for (const [i, expected] of oracle.data.entries()) {
    scale = Math.max(scale, Math.abs(expected));
    const difference = Math.abs(traced.data[i]! - expected);
    if (!(difference <= worst)) worst = difference;
  }
  return worst / scale;
}

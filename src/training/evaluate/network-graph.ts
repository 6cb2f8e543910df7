/** A trained network as an ONNX graph with every output that evaluation compares. */

import * as tf from '@tensorflow/tfjs-core';
import { evaluationOutputs } from '../../model/network/forward.ts';
import type { NetworkOptions } from '../../model/network/options.ts';
import { foldBatchNorm, type WeightMap } from '../../model/network/weights.ts';
import { traceGraph } from '../../model/tracer/trace.ts';
import type { SampleShape } from '../sample.ts';

/** @returns the bytes of an ONNX file for batches of any size; batch normalisation is folded into the weights */
export function evaluationGraph(
  options: NetworkOptions,
  weights: WeightMap,
  { frame, logmel }: Pick<SampleShape, 'frame' | 'logmel'>,
): Uint8Array {
  const folded = foldBatchNorm(options, weights);
  const inputs = {
    frames: { shape: ['batch', frame.height, frame.width, 3], dtype: 'uint8' },
    logmel: { shape: ['batch', logmel.columns, logmel.mels], dtype: 'float32' },
  } as const;
  return traceGraph({ name: 'evaluation', inputs }, (traced) => {
    const tensors = Object.fromEntries(
      [...folded].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const input = { frames: traced['frames'] as tf.Tensor4D, logmel: traced['logmel'] as tf.Tensor3D };
    return { ...evaluationOutputs(options, tensors, input, { kind: 'serving' }) };
  });
}

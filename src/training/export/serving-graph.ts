/** The graph that the server runs: normalisation folded in, frames as bytes, a batch of any size. */

import * as tf from '@tensorflow/tfjs-core';
import { servingOutputs } from '../../model/network/forward.ts';
import type { NetworkOptions } from '../../model/network/options.ts';
import { foldBatchNorm, type WeightMap } from '../../model/network/weights.ts';
import { fuseBias } from '../../model/tracer/fuse-bias.ts';
import type { OnnxGraph } from '../../model/tracer/onnx-file.ts';
import { traceOnnx } from '../../model/tracer/trace.ts';

/** Names of the served model's tensors, as its manifest has them. */
export const servedTensors = {
  frames: 'frames',
  logmel: 'logmel',
  audioProbability: 'audio_probability',
  visualProbability: 'visual_probability',
  similarity: 'similarity',
  activation: 'activation',
} as const;

export interface ServingSizes {
  frame: { width: number; height: number };
  logmel: { columns: number; mels: number };
}

/** @returns the graph, to be encoded; inputs and outputs as in `expectedTensors` of the manifest */
export function servingGraph(
  network: NetworkOptions,
  weights: WeightMap,
  { frame, logmel }: ServingSizes,
): OnnxGraph {
  const folded = foldBatchNorm(network, weights);
  const graph = traceOnnx(
    {
      name: 'earsight',
      inputs: {
        [servedTensors.frames]: { shape: ['batch', frame.height, frame.width, 3], dtype: 'uint8' },
        [servedTensors.logmel]: { shape: ['batch', 1, logmel.columns, logmel.mels], dtype: 'float32' },
      },
    },
    (inputs) => {
      const constants = Object.fromEntries(
        [...folded].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
      );
      const spectrum = inputs[servedTensors.logmel]!;
      const input = {
        frames: inputs[servedTensors.frames] as tf.Tensor4D,
        logmel: tf.reshape<tf.Rank.R3>(spectrum, [spectrum.shape[0], logmel.columns, logmel.mels]),
      };
      const outputs = servingOutputs(network, constants, input);
      return {
        [servedTensors.audioProbability]: outputs.audio_probability,
        [servedTensors.visualProbability]: outputs.visual_probability,
        [servedTensors.similarity]: outputs.similarity,
        [servedTensors.activation]: outputs.activation,
      };
    },
  );
  return fuseBias(graph);
}

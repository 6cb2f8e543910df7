/** The int8 variant of a serving graph, its activations' ranges measured on held-out scenes. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnx, type OnnxGraph } from '../../model/tracer/onnx-file.ts';
import { observed, quantise, quantisedTensors, type Range } from '../../model/tracer/quantise.ts';
import type { SuitePart } from '../evaluate/suite.ts';
import { createBatch, type SampleShape } from '../sample.ts';
import { servedTensors } from './serving-graph.ts';

const BATCH = 8;

export interface QuantiseOptions {
  shape: SampleShape;
  /** Scenes of the validation split; their first examples are used, as many of each part. */
  parts: readonly SuitePart[];
  /** Examples in all. */
  examples: number;
  signal: AbortSignal;
}

/** @returns a graph with the same inputs and outputs */
export async function quantisedGraph(graph: OnnxGraph, options: QuantiseOptions): Promise<OnnxGraph> {
  const names = quantisedTensors(graph);
  return quantise(graph, await measuredRanges(graph, names, options));
}

/** Least and greatest of each activation, averaged over batches: one outlier must not make all bytes coarse. */
async function measuredRanges(
  graph: OnnxGraph,
  names: readonly string[],
  { shape, parts, examples, signal }: QuantiseOptions,
): Promise<Map<string, Range>> {
  const { frame, logmel } = shape;
  const session = await InferenceSession.create(encodeOnnx(observed(graph, names)));
  const ranges = new Map<string, Range>(names.map((name) => [name, { min: 0, max: 0 }]));
  const batch = createBatch(shape, BATCH);
  const batches = Math.max(1, Math.round(examples / BATCH / parts.length));
  const share = 1 / (batches * parts.length);
  try {
    for (const { source } of parts) {
      for (let number = 0; number < batches; number++) {
        signal.throwIfAborted();
        for (let slot = 0; slot < BATCH; slot++) source.write(number * BATCH + slot, batch, slot);
        const results = await session.run({
          [servedTensors.frames]: new Tensor('uint8', batch.frames, [BATCH, frame.height, frame.width, 3]),
          [servedTensors.logmel]: new Tensor('float32', batch.logmel, [
            BATCH,
            1,
            logmel.columns,
            logmel.mels,
          ]),
        });
        for (const [name, range] of ranges) {
          range.min += share * Number(results[`min ${name}`]!.data[0]);
          range.max += share * Number(results[`max ${name}`]!.data[0]);
        }
      }
    }
  } finally {
    await session.release();
  }
  return ranges;
}

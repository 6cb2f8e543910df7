/** Writes a model folder that the server can load: graph, manifest and the weights as trained. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expectedTensors, type ModelManifest, manifestSchema } from '../../model/manifest.ts';
import { gridOf, type NetworkOptions } from '../../model/network/options.ts';
import type { WeightMap } from '../../model/network/weights.ts';
import { encodeSafetensors } from '../../model/safetensors.ts';
import { encodeOnnx, type OnnxGraph } from '../../model/tracer/onnx-file.ts';
import { QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import { writeAtomically } from '../trainer/atomic-file.ts';
import { servedTensors } from './serving-graph.ts';

export interface ExportOptions {
  /** Lower-case letters, digits and dashes. */
  name: string;
  version: string;
  description: string;
  network: NetworkOptions;
  weights: WeightMap;
  /** In the order of the network's outputs. */
  classes: ModelManifest['classes'];
  /** Of the pictures that it is served with, pixels. */
  frame: { width: number; height: number };
  calibration: ModelManifest['calibration'];
  /** Graphs made by {@link servingGraph} and passes over it. */
  graphs: { float32: OnnxGraph; int8?: OnnxGraph };
  training: ModelManifest['training'];
  metrics: ModelManifest['metrics'];
}

/**
 * Writes into `folder`, which is made. Graph and weights are named by their content and the manifest replaced in one step, so a
 * reader, or a crash at any moment, finds the old model or the new one whole; those of earlier exports are removed
 * at the end.
 *
 * @returns the manifest
 * @throws the file system's errors
 */
export async function exportModel(folder: string, options: ExportOptions): Promise<ModelManifest> {
  const { network, weights, frame, classes, calibration, graphs } = options;
  const graph = encodeOnnx(graphs.float32);
  const bytes = graphs.int8 === undefined ? null : encodeOnnx(graphs.int8);
  const trained = encodeSafetensors(weights);
  const graphFile = fileOf('model', 'onnx', graph);
  const int8File = bytes === null ? undefined : fileOf('int8', 'onnx', bytes);
  const weightsFile = fileOf('weights', 'safetensors', trained);
  const sizes = { classes, frame: frameOf(frame), logmel: QIAN_LOG_MEL, grid: gridOf(frame) };
  const shapes = expectedTensors(sizes);
  const tensor = <R extends keyof typeof servedTensors>(role: R) => ({
    name: servedTensors[role],
    ...shapes[role],
  });
  const manifest = manifestSchema.parse({
    format: 1,
    name: options.name,
    version: options.version,
    description: options.description,
    ...sizes,
    tensors: {
      frames: tensor('frames'),
      logmel: tensor('logmel'),
      audioProbability: tensor('audioProbability'),
      visualProbability: tensor('visualProbability'),
      similarity: tensor('similarity'),
      activation: tensor('activation'),
    },
    calibration,
    files: { onnx: graphFile, ...(int8File === undefined ? {} : { int8: int8File }), weights: weightsFile },
    network,
    training: options.training,
    metrics: options.metrics,
  });
  await mkdir(folder, { recursive: true });
  await writeAtomically(join(folder, graphFile.name), graph);
  if (bytes !== null && int8File !== undefined) await writeAtomically(join(folder, int8File.name), bytes);
  await writeAtomically(join(folder, weightsFile.name), trained);
  await writeAtomically(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of await readdir(folder)) {
    const ofAnExport = /^((model|int8)-[0-9a-f]{8}\.onnx|weights-[0-9a-f]{8}\.safetensors)$/.test(file);
    if (ofAnExport && !Object.values(manifest.files).some((kept) => kept?.name === file))
      await rm(join(folder, file));
  }
  return manifest;
}

/** A file named by its content, as the manifest has it. */
function fileOf(stem: string, ending: string, content: Uint8Array): ModelManifest['files']['onnx'] {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { name: `${stem}-${sha256.slice(0, 8)}.${ending}`, bytes: content.byteLength, sha256 };
}

function frameOf({ width, height }: { width: number; height: number }): ModelManifest['frame'] {
  return { width, height, layout: 'NHWC', colour: 'RGB', resampler: 'area', fit: 'squash' };
}

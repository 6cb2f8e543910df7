/** A model folder of a network small enough for tests. */

import type { ModelManifest } from '../../../src/model/manifest.ts';
import { classColour } from '../../../src/training/export/class-colours.ts';
import { exportModel } from '../../../src/training/export/export-model.ts';
import { servingGraph } from '../../../src/training/export/serving-graph.ts';
import { tinyNetwork, unevenWeights } from './tiny.ts';

export const tinyClasses = ['dog', 'clock', 'speech'];
export const tinyFrame = { width: 64, height: 48 };
export const exportedNetwork = tinyNetwork({ visualPooling: 'log-sum-exp' });

/** Writes the network with the weights of `seed`. */
export function exportTiny(folder: string, seed: number): Promise<ModelManifest> {
  const weights = unevenWeights(exportedNetwork, seed);
  const sizes = { frame: tinyFrame, logmel: { columns: 51, mels: 64 } };
  return exportModel(folder, {
    name: 'tiny',
    version: '1.0.0',
    description: 'A network of a test.',
    network: exportedNetwork,
    weights,
    graphs: { float32: servingGraph(exportedNetwork, weights, sizes) },
    classes: tinyClasses.map((name, index) => ({ name, colour: classColour(index) })),
    frame: tinyFrame,
    calibration: {
      source: 'none',
      classes: tinyClasses.map((name) => ({
        name,
        heard: { slope: 1, intercept: 0, on: 0.5, off: 0.4 },
        seen: { slope: 1, intercept: 0 },
      })),
      similarity: { low: 0, high: 1 },
      mapThreshold: 0.5,
    },
    training: { how: 'not at all', data: 'none' },
    metrics: {},
  });
}

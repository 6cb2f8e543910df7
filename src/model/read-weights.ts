/** The weights of a model folder, as trained. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EarsightError } from '../pipeline/errors.ts';
import type { ModelFolder } from './load-manifest.ts';
import type { NetworkOptions } from './network/options.ts';
import { type WeightMap, weightSpecs } from './network/weights.ts';
import { decodeSafetensors } from './safetensors.ts';

/**
 * The folder's files were verified before.
 * @returns null where the model is a graph alone
 * @throws EarsightError `model-mismatch`, `bad-weights`; the file system's errors
 */
export async function readWeights({
  directory,
  manifest: { network, files },
}: ModelFolder): Promise<{ network: NetworkOptions; weights: WeightMap } | null> {
  if (network === undefined || files.weights === undefined) return null;
  const path = join(directory, files.weights.name);
  const { tensors } = decodeSafetensors(await readFile(path), path);
  for (const { name, shape } of weightSpecs(network)) {
    if (tensors.get(name)?.shape.join() === shape.join()) continue;
    throw new EarsightError(
      'model-mismatch',
      `${path} has no "${name}" of shape ${shape.join(' x ')}, which the manifest's network needs. Export model and manifest together.`,
    );
  }
  return { network, weights: tensors };
}

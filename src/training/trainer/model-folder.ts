/** What a run leaves: the weights, and the description of the network that they belong to. */

import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadManifest } from '../../model/load-manifest.ts';
import type { ModelManifest } from '../../model/manifest.ts';
import type { NetworkOptions } from '../../model/network/options.ts';
import { networkSchema } from '../../model/network/schema.ts';
import { weightSpecs } from '../../model/network/weights.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../model/safetensors.ts';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { writeAtomically } from './atomic-file.ts';
import type { WeightArrays } from './parameters.ts';

const WEIGHTS_FILE = 'weights.safetensors';
export const NETWORK_FILE = 'network.json';

const descriptionSchema = z.strictObject({
  format: z.literal(1),
  /** What it is, in a sentence. */
  description: z.string(),
  /** In the order of the network's outputs. */
  classes: z.array(z.string()).min(1),
  network: networkSchema,
  /** Size of the pictures of the last stage, pixels. */
  frame: z.strictObject({ width: z.int().positive(), height: z.int().positive() }),
});

export type ModelDescription = z.infer<typeof descriptionSchema>;

export interface TrainedModel {
  description: ModelDescription;
  /** In the order of `weightSpecs`. */
  weights: Map<string, NamedTensor>;
}

/** The description comes last: it makes the model count. @throws the file system's error */
export async function writeModel(
  folder: string,
  description: ModelDescription,
  weights: WeightArrays,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map(
    weightSpecs(description.network).map(({ name, shape }) => {
      const data = weights.get(name);
      if (data === undefined) throw new Error(`the run ended without the weight ${name}`);
      return [name, { shape, data }];
    }),
  );
  await writeAtomically(join(folder, WEIGHTS_FILE), encodeSafetensors(tensors));
  await writeAtomically(join(folder, NETWORK_FILE), `${JSON.stringify(description, null, 2)}\n`);
}

/**
 * What a finished run left, or what a served model came with: then with its manifest too.
 *
 * @throws EarsightError `bad-weights` naming file and mend, and what a manifest is refused for
 */
export async function readTrained(
  folder: string,
): Promise<TrainedModel & { manifest: ModelManifest | null }> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes(NETWORK_FILE) || !names.includes('manifest.json')) {
    return { ...(await readModel(folder)), manifest: null };
  }
  const { manifest } = await loadManifest(folder);
  const { network, files, classes, description, frame } = manifest;
  if (network === undefined || files.weights === undefined) {
    throw new EarsightError(
      'bad-weights',
      `The model in ${folder} comes without its weights as trained: its manifest names none. Take one that has them.`,
    );
  }
  return {
    description: {
      format: 1,
      description,
      classes: classes.map(({ name }) => name),
      network,
      frame: { width: frame.width, height: frame.height },
    },
    weights: await readTensors(join(folder, files.weights.name), network),
    manifest,
  };
}

/** @throws EarsightError `bad-weights` naming file and mend */
export async function readModel(folder: string): Promise<TrainedModel> {
  const path = join(folder, NETWORK_FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    throw new EarsightError(
      'bad-weights',
      `${path} cannot be read: ${messageOf(thrown)}. Name the folder of a run that is finished.`,
    );
  }
  const parsed = descriptionSchema.safeParse(value);
  if (!parsed.success) throw new EarsightError('bad-weights', `${path}: ${z.prettifyError(parsed.error)}`);
  const weights = await readTensors(join(folder, WEIGHTS_FILE), parsed.data.network);
  return { description: parsed.data, weights };
}

async function readTensors(file: string, network: NetworkOptions): Promise<Map<string, NamedTensor>> {
  const { tensors } = decodeSafetensors(await readBytes(file), file);
  const weights = new Map<string, NamedTensor>();
  for (const { name, shape } of weightSpecs(network)) {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new EarsightError(
        'bad-weights',
        `${file} has ${tensor === undefined ? 'no' : 'another shape of'} "${name}" than the network that it is said to belong to. Copy both from one run.`,
      );
    }
    weights.set(name, tensor);
  }
  return weights;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (thrown) {
    throw new EarsightError('bad-weights', `${file} cannot be read: ${messageOf(thrown)}.`);
  }
}

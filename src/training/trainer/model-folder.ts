/** What a run leaves: the weights, and the description of the network that they belong to. */

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NetworkOptions } from '../../model/network/options.ts';
import { weightSpecs } from '../../model/network/weights.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../model/safetensors.ts';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { writeAtomically } from './atomic-file.ts';
import type { WeightArrays } from './parameters.ts';

export const WEIGHTS_FILE = 'weights.safetensors';
export const NETWORK_FILE = 'network.json';

const networkSchema = z.strictObject({
  classes: z.int().positive(),
  depth: z.union([z.literal(10), z.literal(18)]),
  width: z.int().positive(),
  visualPooling: z.enum(['average', 'log-sum-exp']),
  camFloor: z.number(),
  projection: z.strictObject({
    form: z.enum(['simplified', 'original']),
    hidden: z.int().positive(),
    size: z.int().positive(),
  }),
  similarity: z.enum(['cosine', 'distance']),
  damping: z.number(),
}) satisfies z.ZodType<NetworkOptions>;

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
  const file = join(folder, WEIGHTS_FILE);
  const { tensors } = decodeSafetensors(await readBytes(file), file);
  const weights = new Map<string, NamedTensor>();
  for (const { name, shape } of weightSpecs(parsed.data.network)) {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new EarsightError(
        'bad-weights',
        `${file} has ${tensor === undefined ? 'no' : 'another shape of'} "${name}" than ${NETWORK_FILE} says. Copy both from one run.`,
      );
    }
    weights.set(name, tensor);
  }
  return { description: parsed.data, weights };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (thrown) {
    throw new EarsightError('bad-weights', `${file} cannot be read: ${messageOf(thrown)}.`);
  }
}

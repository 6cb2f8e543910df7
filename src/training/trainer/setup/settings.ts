/** What a recipe says of network, losses and data, with the schemas that check it; descriptions carry units and reasons. */

import { z } from 'zod';
import { defaultNetwork, type NetworkOptions } from '../../../model/network/options.ts';
import { EarsightError } from '../../../pipeline/errors.ts';
import { datasetChoiceSchema } from '../../datasets/dataset-choice.ts';
import { defaultLosses, type LossOptions } from '../../losses/options.ts';

const network = defaultNetwork(1);
const losses = defaultLosses;
const weight = z.number().min(0);

const networkSchema = z.strictObject({
  depth: z
    .union([z.literal(10), z.literal(18)])
    .default(network.depth)
    .describe('Residual layers of each branch.'),
  width: z
    .int()
    .min(4)
    .max(64)
    .multipleOf(4)
    .default(network.width)
    .describe(
      'Channels of the first stage: 64 is the full network, 32 half of it, at a quarter of the time.',
    ),
  visualPooling: z
    .enum(['average', 'log-sum-exp'])
    .default(network.visualPooling)
    .describe(
      'From class map to class: their mean (all sources), or a smooth maximum, with which a small object counts as much as a large one. Take the latter where maps are taught cell by cell (locatedMaps above 0).',
    ),
  camFloor: z
    .number()
    .min(0)
    .default(network.camFloor)
    .describe("Subtracted from class maps before they are clipped: 0, or 0.1 in the authors' first code."),
  projection: z
    .strictObject({
      form: z.enum(['simplified', 'original']).default(network.projection.form),
      hidden: z.int().min(4).max(4096).default(network.projection.hidden).describe('Units between.'),
      size: z.int().min(4).max(1024).default(network.projection.size).describe('Numbers of a projection.'),
    })
    .prefault({})
    .describe('From class features (eq. 5) to what is compared (eq. 6).'),
  similarity: z
    .enum(['cosine', 'distance'])
    .default(network.similarity)
    .describe('Eq. 8: cosine (simplified code) or 1 - D / 2 (paper).'),
  damping: z
    .number()
    .min(0)
    .default(network.damping)
    .describe('Weak features of the picture count less: v / sqrt(|v|^2 + damping^2). 0 for none.'),
}) satisfies z.ZodType<Omit<NetworkOptions, 'classes'>>;

const lossSchema = z.strictObject({
  classification: weight
    .default(losses.classification)
    .describe(
      'Weight of eq. 1. A mean over classes: raise it where there are many, beside the located terms.',
    ),
  correspondence: weight
    .default(losses.correspondence)
    .describe('Weight of eq. 2, which sound fits which picture.'),
  locatedMaps: weight
    .default(losses.locatedMaps)
    .describe('Weight of "the class map is high exactly where the object is", where scenes know the place.'),
  locatedClasses: weight
    .default(losses.locatedClasses)
    .describe('Weight of "which class is this cell of", the classes competing, where scenes know the place.'),
  contrastive: z
    .strictObject({
      weight: weight.default(losses.contrastive.weight),
      form: z
        .enum(['paper', 'original', 'simplified'])
        .default(losses.contrastive.form)
        .describe('Measure and hinge of the paper, its first code or its later one.'),
      margin: z.number().positive().default(losses.contrastive.margin).describe('How far apart is enough.'),
    })
    .prefault({})
    .describe('Eq. 7.'),
  negatives: z
    .enum(['all', 'other-class'])
    .default(losses.negatives)
    .describe(
      'Pairs that must differ: all others (paper), or those of other classes, where pictures and sounds are paired at random within a class.',
    ),
  background: weight
    .default(losses.background)
    .describe('Weight of "far from a sound where its class map is low", for examples without known places.'),
  dense: weight
    .default(losses.dense)
    .describe('Weight of "near a sound where its class map is high", for examples without known places.'),
  locatedSimilarity: weight
    .default(losses.locatedSimilarity)
    .describe('Weight of "near a heard sound exactly where its object is", where scenes know the place.'),
  focus: z
    .number()
    .min(0)
    .max(5)
    .default(losses.focus)
    .describe('Hard examples count by their error to this power in the located terms.'),
}) satisfies z.ZodType<LossOptions>;

const scenesSchema = z.strictObject({
  kind: z.literal('scenes').default('scenes'),
  folder: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Folder with photos/<class> and sounds/<class>. null: the drawn cast alone, no file is needed.',
    ),
  classes: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("YAML file that says which folders make which class. null: the folders' own names."),
  purpose: z
    .enum(['training', 'things', 'sounds'])
    .default('training')
    .describe(
      'Scenes with sound; or pictures alone in which every folder of photos is a class, to teach the eye first; or sounds alone in which every folder of recordings is a class, to teach the ear first.',
    ),
  drawnShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe(
      'Share of things drawn and sounds synthesised by our own code, where a class has photos or recordings too.',
    ),
  photoSide: z
    .int()
    .min(32)
    .max(2048)
    .default(320)
    .describe('Longest side at which photos are kept in memory, in pixels.'),
});

const datasetSchema = z.strictObject({
  kind: z.literal('dataset'),
  train: datasetChoiceSchema.describe('The published data set, or JSONL manifest, to learn from.'),
  validation: datasetChoiceSchema.describe('The one to judge by: another split, for example.'),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe("The network's classes. null: those of the training set."),
  classMap: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("YAML file from the data set's class names to the network's."),
});

export type ScenesSettings = z.infer<typeof scenesSchema>;
export type DatasetSettings = z.infer<typeof datasetSchema>;
export type DataSettings = ScenesSettings | DatasetSettings;

/** @param where the settings stand, for messages. @throws EarsightError `bad-config` naming every field */
export function parseNetwork(value: unknown, classes: number, where: string): NetworkOptions {
  return { ...parsed(networkSchema, value, where), classes };
}

/** As {@link parseNetwork}. */
export function parseLosses(value: unknown, where: string): LossOptions {
  return parsed(lossSchema, value, where);
}

/** As {@link parseNetwork}. A `kind` that is not given is `scenes`. */
export function parseData(value: Readonly<Record<string, unknown>>, where: string): DataSettings {
  return value['kind'] === 'dataset'
    ? parsed(datasetSchema, value, where)
    : parsed(scenesSchema, value, where);
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new EarsightError('bad-config', `${where}: ${z.prettifyError(result.error)}`);
}

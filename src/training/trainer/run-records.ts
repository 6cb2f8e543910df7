/** What a run tells of itself: the records of its log, which progress lines and report are made from as well. */

import { z } from 'zod';

const figures = z.record(z.string(), z.number().nullable());

/** Average precision and pointing of one class; null where the validation examples hold none of it. */
const classRowSchema = z.strictObject({
  name: z.string(),
  /** Examples in which it sounds, and in which it is seen. */
  heard: z.int(),
  seen: z.int(),
  heardAp: z.number().nullable(),
  seenAp: z.number().nullable(),
  /** Share of examples in which it sounds in sight and the map's peak lies on it. */
  camPointing: z.number().nullable(),
  similarityPointing: z.number().nullable(),
});

/** Figures by name; means over classes are unweighted. */
const validationSchema = z.strictObject({
  terms: figures,
  heardMap: z.number().nullable(),
  seenMap: z.number().nullable(),
  camPointing: z.number().nullable(),
  similarityPointing: z.number().nullable(),
  classes: z.array(classRowSchema),
});

const position = {
  stage: z.string(),
  /** Steps and examples within the stage; minutes of the stage so far. */
  step: z.int(),
  samples: z.int(),
  elapsedMs: z.number(),
};

const recordSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('run'),
    at: z.string(),
    description: z.string(),
    stages: z.array(z.string()),
    engine: z.string(),
    workers: z.int(),
    seed: z.int(),
    recipeHash: z.string(),
  }),
  z.strictObject({ type: z.literal('resumed'), at: z.string(), ...position, refused: z.array(z.string()) }),
  z.strictObject({
    type: z.literal('stage'),
    stage: z.string(),
    kind: z.string(),
    frame: z.int(),
    batch: z.int(),
    classes: z.array(z.string()),
    trained: z.int(),
    /** Weights that this stage begins anew, because the one before has none of that name and shape. */
    fresh: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal('interval'),
    ...position,
    samplesPerSecond: z.number(),
    /** Learning rate. */
    rate: z.number(),
    loss: z.number(),
    terms: figures,
    gradientNorm: z.number(),
    /** Share of the time of the training threads, by part. */
    time: figures,
  }),
  z.strictObject({
    type: z.literal('validation'),
    ...position,
    result: validationSchema,
    headline: z.strictObject({ metric: z.string(), value: z.number() }),
    best: z.boolean(),
  }),
  z.strictObject({ type: z.literal('checkpoint'), ...position, path: z.string() }),
  z.strictObject({ type: z.literal('stage-end'), ...position, reason: z.string() }),
  z.strictObject({ type: z.literal('end'), at: z.string(), reason: z.string() }),
]);

export type RunRecord = z.infer<typeof recordSchema>;
export type RunRecordOf<T extends RunRecord['type']> = Extract<RunRecord, { type: T }>;
export type Validation = z.infer<typeof validationSchema>;
export type ValidationClass = z.infer<typeof classRowSchema>;
export type Position = Pick<RunRecordOf<'interval'>, 'stage' | 'step' | 'samples' | 'elapsedMs'>;

/** One line of the log, without its end. */
export function lineOf(record: RunRecord): string {
  return JSON.stringify(record);
}

/** The record of a line; null where the line is none, as the last line of a killed run may be. */
export function recordOf(line: string): RunRecord | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

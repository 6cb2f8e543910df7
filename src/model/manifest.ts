/** What a served model says of itself: the schema of `models/<name>/manifest.json`, every field checked. */

import { z } from 'zod';
import { columnCount, type LogMelParameters } from '../pipeline/prep/log-mel-parameters.ts';
import { networkSchema } from './network/schema.ts';

const positiveInteger = z.int().positive();
const probability = z.number().min(0).max(1);

const logMelSchema = z
  .strictObject({
    rateHz: positiveInteger,
    windowSamples: positiveInteger,
    fftSamples: positiveInteger.multipleOf(2),
    hopSamples: positiveInteger,
    mels: positiveInteger,
    minHz: z.number().min(0),
    maxHz: z.number().positive(),
    window: z.literal('hann-periodic'),
    center: z.literal(true),
    padMode: z.literal('reflect'),
    melScale: z.literal('slaney'),
    melNorm: z.literal('slaney'),
    power: z.literal(2),
    logOffset: z.number().positive(),
  })
  .refine(({ windowSamples, hopSamples }) => windowSamples % hopSamples === 0, {
    path: ['windowSamples'],
    error: 'must be a multiple of hopSamples',
  })
  .refine(({ minHz, maxHz, rateHz }) => minHz < maxHz && maxHz <= rateHz / 2, {
    path: ['maxHz'],
    error: 'must lie above minHz and not above rateHz / 2',
  }) satisfies z.ZodType<LogMelParameters>;

/** `logistic(slope * logit(p) + intercept)` turns the network's probability into a calibrated one (Platt 1999). */
const logisticSchema = z.strictObject({ slope: z.number().positive(), intercept: z.number() });

const classCalibrationSchema = z.strictObject({
  name: z.string(),
  /** `on` and `off` are calibrated probabilities at which the class's gate opens and closes. */
  heard: logisticSchema
    .extend({ on: probability, off: probability })
    .refine(({ on, off }) => off <= on, { path: ['off'], error: 'must not lie above "on"' }),
  seen: logisticSchema,
  /** In place of `cells.width`, for objects of this class. */
  width: z.number().positive().optional(),
});

/** What makes a network's numbers mean the same for every class. */
export const calibrationSchema = z.strictObject({
  /** On what it was measured, in words. */
  source: z.string().min(1),
  /** In the order of `classes`. */
  classes: z.array(classCalibrationSchema),
  /** Similarities that show as no heat and as full heat. */
  similarity: z
    .strictObject({ low: z.number().min(-1).max(1), high: z.number().min(-1).max(1) })
    .refine(({ low, high }) => low < high, { path: ['high'], error: 'must lie above "low"' }),
  /**
   * How heat is made, where a straight range of the similarity does not do: the log-odds that the source is in a cell are
   * `similarity` x similarity + `activation` x log(class activation + 0.01) + `seen` x log-odds of the class being seen
   * (calibrated) + `offset`. Heat is the probability at the likeliest cell, falling off where log-odds lie more than
   * `width` below it, as abruptly as `steepness` says. Before all this the maps are enlarged, bilinearly, to `upsample`
   * times their rows and columns: so heat is finer than the network, and an outline need not follow its cells.
   */
  cells: z
    .strictObject({
      similarity: z.number(),
      activation: z.number(),
      seen: z.number(),
      offset: z.number(),
      width: z.number().positive(),
      steepness: z.number().positive(),
      upsample: z.int().min(1).max(4).default(1),
    })
    .optional(),
  /** Share of a map's maximum above which a cell belongs to the object. */
  mapThreshold: z.number().gt(0).lt(1),
});

const dimension = z.union([z.literal('batch'), positiveInteger]);
const tensorSchema = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['uint8', 'float32']),
  shape: z.array(dimension).min(1),
});

const fileSchema = z.strictObject({
  name: z.string().regex(/^[\w][\w.-]*$/, 'must be a plain file name inside the model folder'),
  bytes: positiveInteger,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
});

const shapeOf = z.strictObject({ width: positiveInteger, height: positiveInteger });

export const manifestSchema = z
  .strictObject({
    /** Version of this file's format. */
    format: z.literal(1),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
    version: z.string().min(1),
    description: z.string().min(1),
    classes: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          colour: z.string().regex(/^#[0-9a-f]{6}$/, 'must be #rrggbb in lower case'),
        }),
      )
      .min(1),
    frame: shapeOf.extend({
      layout: z.literal('NHWC'),
      colour: z.literal('RGB'),
      resampler: z.enum(['area', 'bilinear']),
      fit: z.literal('squash'),
    }),
    logmel: logMelSchema,
    /** Rows and columns of the similarity map. */
    grid: z.strictObject({ rows: positiveInteger, cols: positiveInteger }),
    tensors: z.strictObject({
      frames: tensorSchema,
      logmel: tensorSchema,
      audioProbability: tensorSchema,
      visualProbability: tensorSchema,
      similarity: tensorSchema,
      /** Class activation maps, where `calibration.cells` uses them. */
      activation: tensorSchema.optional(),
    }),
    calibration: calibrationSchema,
    /**
     * `onnx`: the network as a graph. `int8`: the same computed in bytes, up to twice as fast and a little less exact.
     * `weights`: the same network's weights as trained (safetensors), for the tfjs engine, training on and calibrating
     * anew; `network` then says what they are the weights of.
     */
    files: z.strictObject({ onnx: fileSchema, int8: fileSchema.optional(), weights: fileSchema.optional() }),
    network: networkSchema.optional(),
    /** How and on what it was trained, in words. */
    training: z.strictObject({ how: z.string().min(1), data: z.string().min(1) }),
    /** Figures of the model card; free in form, not read by the server. */
    metrics: z.record(z.string(), z.json()),
  })
  .superRefine((manifest, context) => {
    for (const [path, message] of inconsistencies(manifest)) {
      context.addIssue({ code: 'custom', path, message });
    }
  });

/** A checked manifest. */
export type ModelManifest = z.infer<typeof manifestSchema>;
/** One tensor of the network; the first dimension is always `batch`. */
export type TensorDeclaration = z.infer<typeof tensorSchema>;
export type TensorRole = keyof ModelManifest['tensors'];

/** The type and shape that each tensor must have, as the rest of the manifest implies. */
export function expectedTensors(
  manifest: Pick<ModelManifest, 'classes' | 'frame' | 'logmel' | 'grid'>,
): Record<TensorRole, Omit<TensorDeclaration, 'name'>> {
  const { classes, frame, logmel, grid } = manifest;
  const count = classes.length;
  return {
    frames: { type: 'uint8', shape: ['batch', frame.height, frame.width, 3] },
    logmel: { type: 'float32', shape: ['batch', 1, columnCount(logmel), logmel.mels] },
    audioProbability: { type: 'float32', shape: ['batch', count] },
    visualProbability: { type: 'float32', shape: ['batch', count] },
    similarity: { type: 'float32', shape: ['batch', count, grid.rows, grid.cols] },
    activation: { type: 'float32', shape: ['batch', count, grid.rows, grid.cols] },
  };
}

type Problem = [path: (string | number)[], message: string];

/** Contradictions between fields that are each well formed. */
function* inconsistencies(manifest: ModelManifest): Generator<Problem> {
  const { classes, tensors, calibration, files, network } = manifest;
  if ((network === undefined) !== (files.weights === undefined)) {
    yield [['network'], 'and files.weights belong together: give both or neither'];
  }
  if (network !== undefined && network.classes !== classes.length) {
    yield [['network', 'classes'], `is ${network.classes}, but there are ${classes.length} classes`];
  }
  for (const field of ['name', 'colour'] as const) {
    const seen = new Set<string>();
    for (const [index, entry] of classes.entries()) {
      if (seen.has(entry[field])) {
        yield [['classes', index, field], `${entry[field]} is used by an earlier class`];
      }
      seen.add(entry[field]);
    }
  }
  if (calibration.classes.length !== classes.length) {
    yield [['calibration', 'classes'], `has ${calibration.classes.length} entries, not ${classes.length}`];
  }
  for (const [index, { name }] of calibration.classes.entries()) {
    const expected = classes[index]?.name;
    if (expected !== undefined && name !== expected) {
      yield [['calibration', 'classes', index, 'name'], `is ${name}, but class ${index} is ${expected}`];
    }
  }
  if (calibration.cells !== undefined && calibration.cells.activation !== 0 && !tensors.activation) {
    yield [['tensors', 'activation'], 'is missing, but calibration.cells.activation uses it'];
  }
  for (const [role, expected] of Object.entries(expectedTensors(manifest))) {
    const declared = tensors[role as TensorRole];
    if (declared === undefined) continue;
    if (declared.type !== expected.type) {
      yield [['tensors', role, 'type'], `is ${declared.type}, must be ${expected.type}`];
    }
    if (String(declared.shape) !== String(expected.shape)) {
      yield [
        ['tensors', role, 'shape'],
        `is [${declared.shape.join(', ')}], but classes, frame, logmel and grid make it [${expected.shape.join(', ')}]`,
      ];
    }
  }
}

/** A recipe: what is trained, on what, in which stages. One strict schema; descriptions carry units and reasons. */

import { z } from 'zod';

const share = z.number().min(0).max(1);
/** Settings that belong to another room, which checks them with its own schema. */
const foreign = z.record(z.string(), z.json());

const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('adamw'),
    rate: z
      .number()
      .positive()
      .default(1e-3)
      .describe('Learning rate at its highest. 1e-3 suits training from nothing, 3e-4 fine-tuning.'),
    beta1: z.number().min(0).lt(1).default(0.9).describe('Decay of the mean of gradients.'),
    beta2: z
      .number()
      .min(0)
      .lt(1)
      .default(0.99)
      .describe('Decay of the mean of squared gradients; .99 follows faster than .999, for short stages.'),
    epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment.'),
    decay: z
      .number()
      .min(0)
      .default(0.05)
      .describe('Weight decay at learning rate 1, on filters and matrices alone.'),
  }),
  z.strictObject({
    kind: z.literal('sgd'),
    rate: z.number().positive().default(1e-2).describe('Learning rate at its highest.'),
    momentum: z.number().min(0).lt(1).default(0.9).describe("Momentum; .9 in the authors' code."),
    decay: z
      .number()
      .min(0)
      .default(5e-4)
      .describe("L2 coefficient on filters and matrices; 5e-4 in the authors' code."),
  }),
]);

const warmUp = share
  .default(0.03)
  .describe(
    'Share of the stage during which the rate rises from nothing, so that first steps break nothing.',
  );

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), warmUp }),
  z.strictObject({
    kind: z.literal('cosine'),
    warmUp,
    floor: share.default(0.02).describe('Rate at the end, as a share of the highest.'),
  }),
  z.strictObject({
    kind: z.literal('step'),
    warmUp,
    at: z.array(share).min(1).describe('Shares of the stage at which the rate falls.'),
    factor: z.number().positive().max(1).default(0.1).describe('What the rate is multiplied by there.'),
  }),
]);

const trainable = z.strictObject({
  prefix: z.string().describe('Weights whose names begin so are trained; "" is all of them.'),
  rate: z
    .number()
    .positive()
    .default(1)
    .describe("What the stage's rate is multiplied by for them; below 1 keeps what was learned before."),
});

const stage = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
      .describe('Names the stage in log and report.'),
    kind: z
      .enum(['visual', 'audio', 'multi-task', 'alignment'])
      .describe(
        "What is minimised: one branch's classification, both with correspondence (the paper's first stage), or the same with alignment (its second).",
      ),
    frame: z
      .int()
      .min(32)
      .max(512)
      .multipleOf(16)
      .describe(
        'Side of the square picture, in pixels. It may grow from stage to stage; cost grows with its square.',
      ),
    minutes: z
      .number()
      .positive()
      .optional()
      .describe('How long the stage trains, in minutes. Or give samples.'),
    samples: z
      .int()
      .positive()
      .optional()
      .describe('How many examples it trains on; repeatable to the bit, which minutes are not.'),
    batch: z
      .int()
      .min(2)
      .max(4096)
      .default(32)
      .describe('Examples a step, over all workers; every worker needs at least two, for its batch norm.'),
    optimizer: optimizer.prefault({ kind: 'adamw' }),
    schedule: schedule.prefault({ kind: 'cosine' }),
    clipNorm: z
      .number()
      .positive()
      .nullable()
      .default(5)
      .describe('Limit of the norm of all gradients together; null for none.'),
    averageDecay: z
      .number()
      .min(0)
      .lt(1)
      .default(0.998)
      .describe(
        'Decay of the moving average of weights, per step; the average is what is validated and kept.',
      ),
    statisticMomentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .describe('Share of the old value in running means and variances, per step.'),
    train: z
      .array(trainable)
      .min(1)
      .prefault([{ prefix: '' }])
      .describe('Which weights are trained; the first entry that fits a name decides.'),
    loss: foreign.prefault({}).describe("Options of the stage's loss."),
    data: foreign.prefault({}).describe("Overrides the recipe's data for this stage."),
    validations: z
      .int()
      .min(1)
      .max(1000)
      .default(8)
      .describe('How often the stage is validated, evenly over its course.'),
    patience: z
      .int()
      .min(0)
      .default(0)
      .describe('The stage ends after this many validations without a better one; 0: never early.'),
  })
  .superRefine((value, context) => {
    if ((value.minutes === undefined) === (value.samples === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['minutes'],
        message: 'or samples must be given, and not both',
      });
    }
  });

export const recipeSchema = z
  .strictObject({
    format: z.literal(1).default(1).describe("Version of this file's format."),
    description: z
      .string()
      .min(1)
      .default('Trained by Earsight.')
      .describe('What the model is, in a sentence; goes into its manifest.'),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Everything random follows from it.'),
    network: foreign.prefault({}).describe('The network: layers, width and variants.'),
    data: foreign.prefault({}).describe('Where examples come from and how scenes are composed.'),
    validationSamples: z
      .int()
      .min(8)
      .max(20_000)
      .default(400)
      .describe(
        'Examples of the validation split that every validation looks at, rounded down to whole batches of 16; they stay the same.',
      ),
    checkpointMinutes: z
      .number()
      .positive()
      .default(2)
      .describe('Minutes between checkpoints: the most that a crash can cost.'),
    keepCheckpoints: z
      .int()
      .min(1)
      .max(100)
      .default(2)
      .describe('How many of the last checkpoints are kept.'),
    stages: z
      .array(stage)
      .min(1)
      .describe('In the order they are trained. Weights go from one to the next by name.'),
  })
  .superRefine(({ stages }, context) => {
    for (const [index, { name }] of stages.entries()) {
      if (stages.findIndex((other) => other.name === name) < index) {
        context.addIssue({
          code: 'custom',
          path: ['stages', index, 'name'],
          message: `${name} is used by an earlier stage`,
        });
      }
    }
  });

/** A checked recipe, defaults filled in. */
export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeInput = z.input<typeof recipeSchema>;
export type RecipeStage = Recipe['stages'][number];
export type StageKind = RecipeStage['kind'];

/**
 * The recipe with every stage's minutes scaled so that together they last `minutes`.
 * @returns null when a stage counts in samples, which no clock can scale
 */
export function withMinutes(recipe: Recipe, minutes: number): Recipe | null {
  let sum = 0;
  for (const { minutes: own } of recipe.stages) {
    if (own === undefined) return null;
    sum += own;
  }
  const stages = recipe.stages.map((one) => ({ ...one, minutes: ((one.minutes ?? 0) * minutes) / sum }));
  return { ...recipe, stages };
}

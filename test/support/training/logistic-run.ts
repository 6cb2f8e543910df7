/** A run of the logistic engine, small enough to end in a second; as a program it is there to be killed. */

import { setTimeout as delay } from 'node:timers/promises';
import { defaultNetwork } from '../../../src/model/network/options.ts';
import { layoutOf } from '../../../src/training/trainer/parameters.ts';
import { type RecipeInput, recipeSchema } from '../../../src/training/trainer/recipe.ts';
import {
  type RunOptions,
  type RunResult,
  runTraining,
  type StageSetup,
} from '../../../src/training/trainer/run.ts';
import type { RunRecord } from '../../../src/training/trainer/run-records.ts';
import { SourceFeed } from '../../../src/training/trainer/source-feed.ts';
import { LOGISTIC_SHAPE, LOGISTIC_SPECS, type LogisticSetup } from './logistic-engine.ts';
import { LogisticSource } from './logistic-source.ts';

export const LOGISTIC_RECIPE: RecipeInput = {
  seed: 3,
  validationSamples: 32,
  checkpointMinutes: 0.0005,
  stages: [
    {
      name: 'first',
      kind: 'audio',
      frame: 32,
      samples: 1280,
      batch: 16,
      validations: 3,
      optimizer: { kind: 'adamw', rate: 0.1 },
      train: [{ prefix: 'audio/' }],
    },
    {
      name: 'second',
      kind: 'audio',
      frame: 32,
      samples: 640,
      batch: 16,
      validations: 2,
      optimizer: { kind: 'sgd', rate: 0.1 },
      train: [{ prefix: 'audio/', rate: 0.5 }],
    },
  ],
};

export interface LogisticRun extends Partial<Omit<RunOptions, 'recipe' | 'folder'>> {
  recipe?: RecipeInput;
  engine?: LogisticSetup;
  /** Slows each batch down, so that a kill finds the run in the middle, ms. */
  batchMs?: number;
  /** From this example on, log-mel values are 9. */
  poisonFrom?: number;
}

export function logisticRun(folder: string, options: LogisticRun = {}): Promise<RunResult> {
  const { recipe = LOGISTIC_RECIPE, engine = {}, batchMs = 0, poisonFrom = Infinity, ...rest } = options;
  const prepare: RunOptions['prepare'] = ({ train }): Promise<StageSetup> => {
    const source = new LogisticSource();
    return Promise.resolve({
      shape: LOGISTIC_SHAPE,
      layout: layoutOf(
        LOGISTIC_SPECS,
        train.map(({ prefix, rate }) => ({ prefix, rateFactor: rate })),
      ),
      initialWeights: (seed) =>
        new Map(
          LOGISTIC_SPECS.map(({ name, shape }) => {
            const length = shape.reduce((a, b) => a * b, 1);
            return [name, new Float32Array(length).map((_, i) => 0.1 * Math.sin(seed + i + name.length))];
          }),
        ),
      network: defaultNetwork(2),
      entry: new URL('./logistic-worker.ts', import.meta.url),
      engine,
      openFeed: (first, size) => {
        const feed = new SourceFeed(source, first, size);
        let index = first;
        return Promise.resolve({
          next: async () => {
            if (batchMs > 0) await delay(batchMs);
            const batch = await feed.next();
            if (index >= poisonFrom) batch.logmel.fill(9);
            index += size;
            return batch;
          },
          recycle: (batch) => feed.recycle(batch),
          close: () => feed.close(),
        });
      },
      openValidation: () => Promise.resolve(new LogisticSource()),
    });
  };
  return runTraining({
    recipe: recipeSchema.parse(recipe),
    recipeHash: 'logistic',
    folder,
    workers: 2,
    resume: false,
    engineName: 'logistic',
    prepare,
    observer: { record: () => undefined, examples: () => undefined },
    stopRequested: () => false,
    now: () => performance.now(),
    ...rest,
  });
}

if (import.meta.main) {
  const [folder, resume] = process.argv.slice(2);
  const print = (record: RunRecord): void => {
    if (record.type === 'checkpoint') process.stdout.write(`${record.stage} ${record.step}\n`);
    if (record.type === 'resumed') process.stdout.write(`resumed ${record.stage} ${record.step}\n`);
  };
  await logisticRun(folder!, {
    resume: resume === 'resume',
    batchMs: 3,
    observer: { record: print, examples: () => undefined },
  });
  process.stdout.write('finished\n');
}

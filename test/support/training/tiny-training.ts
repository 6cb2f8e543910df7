/** A whole training of a tiny network on the drawn cast, in seconds; as a program it is there to be killed. */

import { type Recipe, recipeSchema } from '../../../src/training/trainer/recipe.ts';
import { type TrainOptions, type TrainOutcome, train } from '../../../src/training/trainer/train.ts';

export const TINY_RECIPE: Recipe = recipeSchema.parse({
  seed: 2,
  network: { depth: 10, width: 4, visualPooling: 'log-sum-exp', projection: { hidden: 16, size: 8 } },
  validationSamples: 16,
  checkpointMinutes: 0.002,
  stages: [
    { name: 'ear', kind: 'audio', frame: 32, samples: 96, batch: 8, validations: 2 },
    { name: 'together', kind: 'alignment', frame: 32, samples: 96, batch: 8, validations: 2 },
  ],
});

export function tinyTraining(folder: string, options: Partial<TrainOptions> = {}): Promise<TrainOutcome> {
  return train({
    recipe: TINY_RECIPE,
    folder,
    engine: 'onnx',
    workers: 2,
    producers: 1,
    resume: false,
    start: null,
    say: () => undefined,
    stopRequested: () => false,
    ...options,
  });
}

if (import.meta.main) {
  const [folder, resume] = process.argv.slice(2);
  await tinyTraining(folder!, { resume: resume === 'resume' });
  process.stdout.write('finished\n');
}

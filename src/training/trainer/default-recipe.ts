/** The recipe that is used when none is given: teaches eye and ear first, then both together, in half an hour. */

import type { RecipeInput } from './recipe.ts';

/** Its stages' minutes are shares of the whole, to be scaled. */
export const defaultRecipe: RecipeInput = {
  description: 'Trained by earsight train with its default recipe.',
  // Cells are taught one by one where scenes know the place, and a cell must be able to speak for the picture.
  network: { visualPooling: 'log-sum-exp' },
  stages: [
    {
      name: 'eye',
      kind: 'visual',
      frame: 128,
      minutes: 9,
      batch: 32,
      optimizer: { kind: 'adamw', rate: 2e-3 },
      data: { purpose: 'things' },
      validations: 3,
    },
    {
      name: 'ear',
      kind: 'audio',
      frame: 32,
      minutes: 4,
      batch: 32,
      optimizer: { kind: 'adamw', rate: 2e-3 },
      validations: 3,
    },
    {
      name: 'both',
      kind: 'multi-task',
      frame: 128,
      minutes: 10,
      batch: 32,
      optimizer: { kind: 'adamw', rate: 1e-3 },
      validations: 5,
    },
    {
      name: 'together',
      kind: 'alignment',
      frame: 160,
      minutes: 7,
      batch: 32,
      optimizer: { kind: 'adamw', rate: 5e-4 },
      validations: 4,
    },
  ],
};

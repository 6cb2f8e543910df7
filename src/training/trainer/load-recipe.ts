/** Reads a recipe: a YAML file, or the default one, with what the command line says laid over it. */

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { defaultRecipe } from './default-recipe.ts';
import { type Recipe, recipeSchema, withMinutes } from './recipe.ts';

/** What the command line may say; null: nothing. */
export interface RecipeChanges {
  /** Folder of photos and recordings. */
  folder: string | null;
  /** Class list. */
  classes: string | null;
  minutes: number | null;
  seed: number | null;
}

/**
 * Paths in a recipe are relative to its file.
 *
 * @param file null for the default recipe
 * @throws EarsightError `bad-config` naming file, field and rule
 */
export async function loadRecipe(file: string | null, changes: RecipeChanges): Promise<Recipe> {
  const where = file ?? 'the default recipe';
  const parsed = recipeSchema.safeParse(file === null ? defaultRecipe : await readYaml(file));
  if (!parsed.success) throw new EarsightError('bad-config', `${where}: ${z.prettifyError(parsed.error)}`);
  const base = file === null ? process.cwd() : dirname(resolve(file));
  const { folder, classes, minutes, seed } = changes;
  const recipe: Recipe = {
    ...parsed.data,
    seed: seed ?? parsed.data.seed,
    data: {
      ...withPaths(parsed.data.data, base),
      ...(folder === null ? {} : { folder: resolve(folder) }),
      ...(classes === null ? {} : { classes: resolve(classes) }),
    },
    stages: parsed.data.stages.map((stage) => ({ ...stage, data: withPaths(stage.data, base) })),
  };
  if (minutes === null) return recipe;
  const scaled = withMinutes(recipe, minutes);
  if (scaled !== null) return scaled;
  throw new EarsightError(
    'bad-config',
    `${where} counts examples in some stage, so --minutes cannot scale it. Leave --minutes out, or give every stage minutes.`,
  );
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8')) ?? {};
  } catch (thrown) {
    throw new EarsightError('bad-config', `The recipe ${file} cannot be read as YAML: ${messageOf(thrown)}`);
  }
}

type Settings = Recipe['data'];

/** Of a folder of one's own; a data set's are relative to where the program was started, as everywhere. */
function withPaths(settings: Settings, base: string): Settings {
  const changed = { ...settings };
  for (const field of ['folder', 'classes']) {
    const value = changed[field];
    if (typeof value === 'string') changed[field] = resolve(base, value);
  }
  return changed;
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadRecipe, type RecipeChanges } from './load-recipe.ts';
import { parseData, parseLosses, parseNetwork } from './setup/settings.ts';

const NOTHING: RecipeChanges = { folder: null, classes: null, minutes: null, seed: null };
const SHIPPED = fileURLToPath(new URL('../../../models/studio-10/recipe.yaml', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-recipe-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function recipeFile(text: string): Promise<string> {
  const file = join(folder, 'recipe.yaml');
  await writeFile(file, text);
  return file;
}

describe('a recipe', () => {
  it.each([
    ['the default one', null],
    ['that of the model that is shipped', SHIPPED],
  ])('%s is understood by every room', async (_name, file) => {
    const recipe = await loadRecipe(file, NOTHING);
    // The shipped model was trained on after these.
    const kinds = recipe.stages.map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual(['visual', 'audio', 'multi-task', 'alignment']);
    expect(parseNetwork(recipe.network, 10, 'network')).toMatchObject({ classes: 10, depth: 18, width: 32 });
    for (const { loss, data } of recipe.stages) {
      expect(parseLosses(loss, 'loss').locatedMaps).toBe(1);
      expect(parseData({ ...recipe.data, ...data }, 'data').kind).toBe('scenes');
    }
  });

  it('is scaled to the minutes asked for, stage by stage', async () => {
    const recipe = await loadRecipe(null, { ...NOTHING, minutes: 60 });
    const minutes = recipe.stages.map((stage) => stage.minutes ?? Number.NaN);
    expect(minutes.reduce((sum, value) => sum + value)).toBeCloseTo(60);
    expect(minutes[0]! / minutes[1]!).toBeCloseTo(9 / 4);
  });

  it('has paths relative to its file, which the command line overrides', async () => {
    const file = await recipeFile(
      'data: { folder: media, classes: list.yaml }\nstages: [{ name: a, kind: audio, frame: 32, samples: 64 }]\n',
    );
    const own = await loadRecipe(file, NOTHING);
    expect(own.data).toEqual({ folder: join(folder, 'media'), classes: join(folder, 'list.yaml') });
    const other = await loadRecipe(file, { ...NOTHING, folder: 'elsewhere', seed: 7 });
    expect(other.data).toEqual({ folder: resolve('elsewhere'), classes: join(folder, 'list.yaml') });
    expect(other.seed).toBe(7);
    await expect(loadRecipe(file, { ...NOTHING, minutes: 5 })).rejects.toThrow(
      /counts examples in some stage/,
    );
  });

  it.each([
    ['stages: [{ name: a, kind: audio, frame: 32 }]', /or samples must be given/],
    ['stages: [{ name: a, kind: audio, frame: 32, minutes: 1, rate: 3 }]', /Unrecognized key: "rate"/],
    ['stages: [{ name: a, kind: audio, frame: 33, minutes: 1 }]', /multiple of 16/],
    [
      'stages: [{ name: a, kind: audio, frame: 32, minutes: 1 }, { name: a, kind: audio, frame: 32, minutes: 1 }]',
      /used by an earlier stage/,
    ],
    ['stages: [', /cannot be read as YAML/],
  ])('%s is refused by file and rule', async (text, reason) => {
    const file = await recipeFile(text);
    await expect(loadRecipe(file, NOTHING)).rejects.toThrow(reason);
    await expect(loadRecipe(file, NOTHING)).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining(file) as string,
    });
  });

  it('with settings of a network, loss or data that do not exist is refused by place', () => {
    expect(() => parseNetwork({ layers: 3 }, 4, 'network')).toThrow(/network: .*layers/);
    expect(() => parseLosses({ focus: -1 }, 'loss of stage a')).toThrow(/loss of stage a: .*\n.*focus/);
    expect(() => parseData({ kind: 'dataset', train: { kind: 'x', folder: 'y' } }, 'data')).toThrow(/train/);
  });
});

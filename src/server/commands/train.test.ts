import { describe, expect, it } from 'vitest';
import { weightSpecs } from '../../model/network/weights.ts';
import { loadRecipe } from '../../training/trainer/load-recipe.ts';
import { readTrained } from '../../training/trainer/model-folder.ts';
import { parseNetwork } from '../../training/trainer/setup/settings.ts';
import { startOf } from './train.ts';

const engine = 'onnx';

describe('where training begins', () => {
  it('is the model that comes along, on a folder with the default recipe', () => {
    expect(startOf('my-sounds', { engine })).toMatch(/models.studio-10$/);
    expect(startOf('my-sounds', { engine, minutes: '5', scenes: 'classes.yaml' })).toMatch(/studio-10$/);
  });

  it('is what was asked for, and random weights where a recipe or nothing but the drawn cast is', () => {
    expect(startOf('my-sounds', { engine, start: 'other' })).toBe('other');
    expect(startOf('my-sounds', { engine, start: 'other', recipe: 'r.yaml' })).toBe('other');
    expect(startOf('my-sounds', { engine, start: 'nothing' })).toBeNull();
    expect(startOf('my-sounds', { engine, recipe: 'r.yaml' })).toBeNull();
    expect(startOf(undefined, { engine })).toBeNull();
  });

  it('fits the network of the default recipe, all but its classes', async () => {
    const { network } = await loadRecipe(null, { folder: null, classes: null, minutes: null, seed: null });
    const { weights } = await readTrained(startOf('my-sounds', { engine })!);
    for (const { name, shape } of weightSpecs(parseNetwork(network, 3, 'network'))) {
      const classes = name.startsWith('head/') ? [shape[0], 10] : shape;
      expect([name, weights.get(name)?.shape]).toEqual([name, classes]);
    }
  });
});

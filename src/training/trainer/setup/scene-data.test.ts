import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeWav } from '../../scenes/preview/wav.ts';
import { recipeSchema } from '../recipe.ts';
import { encodePng } from '../report/png.ts';
import { prepareStage } from './prepare-stage.ts';
import { MediaBanks, SceneData } from './scene-data.ts';
import { parseData, type ScenesSettings } from './settings.ts';

let folder: string;

function put(name: string, content: Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-scene-data-'));
  const rateHz = 22_050;
  for (const [number, name] of ['bell', 'horn', 'wind'].entries()) {
    for (let i = 0; i < 3; i++) {
      const hz = 300 + 200 * number + 31 * i;
      const samples = Float32Array.from(
        { length: 1.5 * rateHz },
        (_, at) => 0.3 * Math.sin((6.28 * hz * at) / rateHz),
      );
      put(`sounds/${name}/${i}.wav`, encodeWav(samples, rateHz));
    }
  }
  for (const name of ['photos/bell', 'photos/horn', 'silent/box']) {
    for (let i = 0; i < 3; i++) {
      const rgb = Uint8Array.from({ length: 24 * 24 * 3 }, (_, at) => (at * (7 + i + name.length)) % 251);
      put(`${name}/${i}.png`, encodePng(rgb, 24, 24));
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const settings = (purpose: string): ScenesSettings => {
  const parsed = parseData({ folder, purpose }, 'data');
  if (parsed.kind !== 'scenes') throw new Error('not scenes');
  return parsed;
};

it.each([
  ['training', ['bell', 'horn']],
  ['things', ['bell', 'horn', 'other box']],
  ['sounds', ['bell', 'horn', 'other wind']],
])('%s: classes are %s', async (purpose, classes) => {
  const data = await SceneData.open(settings(purpose), new MediaBanks(), { producers: 1, steps: 1 });
  expect(data.classes).toEqual(classes);
});

it.each([
  ['things', 'visual'],
  ['sounds', 'audio'],
])('%s are for stages of kind %s alone', async (purpose, right) => {
  for (const kind of ['visual', 'audio', 'multi-task', 'alignment'] as const) {
    const recipe = recipeSchema.parse({
      data: { folder, purpose },
      stages: [{ name: 'one', kind, frame: 32, samples: 8, batch: 4 }],
    });
    const opened = new Error('opened');
    const openData = (): Promise<never> => Promise.reject(opened);
    const preparing = prepareStage({ recipe, engine: 'onnx', openData }, recipe.stages[0]!, 1);
    if (kind === right) await expect(preparing).rejects.toBe(opened);
    else await expect(preparing).rejects.toThrow(`purpose ${purpose} is for stages of kind ${right}`);
  }
});

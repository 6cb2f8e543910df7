import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { write, writePhoto, writeTone } from '../../../test/support/datasets/media.ts';
import { TINY_RECIPE, tinyTraining } from '../../../test/support/training/tiny-training.ts';
import { readModel } from './model-folder.ts';
import type { ProgressLine } from './progress-text.ts';
import { type RunRecord, recordOf } from './run-records.ts';
import { recipeOfRun, workersFor } from './train.ts';

const PROGRAM = fileURLToPath(new URL('../../../test/support/training/tiny-training.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-train-'));
});
afterEach(() => rm(folder, { recursive: true }));

const weightsOf = (path: string): Promise<Buffer> => readFile(join(path, 'weights.safetensors'));

async function records(path: string): Promise<RunRecord[]> {
  const text = await readFile(join(path, 'log.jsonl'), 'utf8');
  return text.split('\n').flatMap((line) => recordOf(line) ?? []);
}

describe('training', { timeout: 240_000 }, () => {
  it('learns from a manifest that is named itself, with media beside it', async () => {
    await writePhoto(join(folder, 'dog.png'), 16, 16, () => [200, 120, 40]);
    writeTone(join(folder, 'dog.wav'), { seconds: 2, hz: 600 });
    const manifest = join(folder, 'sounds.jsonl');
    const lines = ['train', 'train', 'val'].map((split, index) => ({
      id: `dog-${index}`,
      picture: 'dog.png',
      sound: 'dog.wav',
      heard: ['dog'],
      boxes: [{ class: 'dog', box: [0, 0, 0.5, 1] }],
      split,
    }));
    write(manifest, lines.map((line) => JSON.stringify(line)).join('\n'));
    const choice = (split: string) => ({ kind: 'jsonl', folder: manifest, split });
    const data = { kind: 'dataset', train: choice('train'), validation: choice('val') };
    const said: string[] = [];
    const run = join(folder, 'run');
    const recipe = { ...TINY_RECIPE, data };
    expect(await tinyTraining(run, { recipe, say: ({ text }) => said.push(text) })).toBe('finished');
    expect(said).toContain(`${manifest}: 2 of 2 moments can be used; media of 0 are missing or unreadable`);
    expect((await readModel(run)).description.classes).toEqual(['dog']);
  });

  it('leaves a model, a recipe, a log and a report, and gives the same bytes again', async () => {
    const first = join(folder, 'first');
    const lines: ProgressLine[] = [];
    expect(await tinyTraining(first, { say: (line) => lines.push(line) })).toBe('finished');
    const { description, weights } = await readModel(first);
    expect(description).toMatchObject({
      frame: { width: 32, height: 32 },
      network: { width: 4, classes: 10 },
    });
    expect(description.classes).toContain('dog');
    expect(weights.get('head/visual/kernel')?.shape).toEqual([32, 10]);
    expect(await recipeOfRun(first)).toEqual(TINY_RECIPE);
    const report = await readFile(join(first, 'report.html'), 'utf8');
    expect(report).toContain('The run is finished.');
    expect(report).toMatch(/K pointing.*data:image\/png;base64,/s);
    expect(lines.some(({ text }) => /together step 12: .*K pointing/.test(text))).toBe(true);

    const second = join(folder, 'second');
    await tinyTraining(second, { producers: 2 });
    expect((await weightsOf(second)).equals(await weightsOf(first))).toBe(true);
  });

  it('killed at any moment goes on to the same end', async () => {
    const whole = join(folder, 'whole');
    await tinyTraining(whole);
    const broken = join(folder, 'broken');
    let kills = 0;
    for (const checkpoints of [1, 3, 5]) {
      const child = spawn(process.execPath, [PROGRAM, broken, kills === 0 ? 'begin' : 'resume'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const ended = once(child, 'close');
      const before = kills === 0 ? 0 : await lastCheckpoint(broken);
      while (child.exitCode === null && (await lastCheckpoint(broken)) < before + checkpoints) await delay(5);
      if (child.kill('SIGKILL')) kills++;
      await ended;
    }
    expect(kills).toBe(3);
    expect(await tinyTraining(broken, { resume: true })).toBe('finished');
    expect((await weightsOf(broken)).equals(await weightsOf(whole))).toBe(true);
    expect((await records(broken)).filter(({ type }) => type === 'resumed')).not.toHaveLength(0);
  });

  it('that is stopped leaves no model, and refuses to be written over', async () => {
    let stops = 0;
    expect(await tinyTraining(folder, { stopRequested: () => ++stops > 3 })).toBe('stopped');
    expect(await readdir(folder)).not.toContain('weights.safetensors');
    await expect(readModel(folder)).rejects.toThrow(/Name the folder of a run that is finished/);
    const { mtimeMs } = await stat(join(folder, 'recipe.json'));
    await expect(tinyTraining(folder)).rejects.toMatchObject({ code: 'bad-config' });
    expect((await stat(join(folder, 'recipe.json'))).mtimeMs).toBe(mtimeMs);
  });

  it('begins with the weights of another run, for other classes too', async () => {
    const first = join(folder, 'first');
    await tinyTraining(first);
    const second = join(folder, 'second');
    await tinyTraining(second, { start: first });
    const [stage] = (await records(second)).filter((record) => record.type === 'stage');
    expect(stage?.fresh).toEqual([]);
    expect((await weightsOf(second)).equals(await weightsOf(first))).toBe(false);
  });

  it('ends by name when its loss is no longer a number, and the report says so', async () => {
    const [stage] = TINY_RECIPE.stages;
    const wild = {
      ...stage!,
      optimizer: { kind: 'sgd' as const, rate: 1e30, momentum: 0, decay: 0 },
      clipNorm: null,
    };
    const run = tinyTraining(folder, { recipe: { ...TINY_RECIPE, stages: [wild] } });
    await expect(run).rejects.toMatchObject({ code: 'training-diverged' });
    const report = await readFile(join(folder, 'report.html'), 'utf8');
    expect(report).toMatch(/diverged in stage ear at step \d+: the term heard/);
  });

  it('refuses batches that cannot be shared out', async () => {
    await expect(tinyTraining(folder, { workers: 3 })).rejects.toThrow(
      /batches of 8, which 3 workers cannot/,
    );
  });
});

it('shares batches among as many threads as leave each enough of them', () => {
  const [stage] = TINY_RECIPE.stages;
  const recipe = (batches: number[]) => ({
    ...TINY_RECIPE,
    stages: batches.map((batch) => ({ ...stage!, batch })),
  });
  expect([1, 2, 3, 6, 64].map((cores) => workersFor(recipe([32, 64]), cores))).toEqual([1, 2, 2, 4, 4]);
  expect(workersFor(recipe([34]), 8)).toBe(2);
  expect(workersFor(recipe([8]), 8)).toBe(1);
});

async function lastCheckpoint(path: string): Promise<number> {
  const names = await readdir(join(path, 'checkpoints')).catch((): string[] => []);
  return Math.max(0, ...names.flatMap((name) => (name.endsWith('.json') ? [Number.parseInt(name, 10)] : [])));
}

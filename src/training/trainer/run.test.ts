import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LOGISTIC_RECIPE, logisticRun } from '../../../test/support/training/logistic-run.ts';
import { type RunRecord, type RunRecordOf, recordOf } from './run-records.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const plain = (weights: ReadonlyMap<string, Float32Array>) =>
  Object.fromEntries([...weights].map(([name, values]) => [name, [...values]]));

async function recordsOf<T extends RunRecord['type']>(type: T): Promise<RunRecordOf<T>[]> {
  const text = await readFile(join(folder, 'log.jsonl'), 'utf8');
  const records = text.trimEnd().split('\n').map(recordOf);
  expect(records).not.toContain(null);
  return records.filter((record): record is RunRecordOf<T> => record?.type === type);
}

/** Runs until `stopAfter` records of a type were seen, then asks for a stop. */
function runUntil(type: RunRecord['type'], stopAfter: number, resume = false) {
  let seen = 0;
  return logisticRun(folder, {
    resume,
    observer: { record: (record) => void (seen += Number(record.type === type)), examples: () => undefined },
    stopRequested: () => seen >= stopAfter,
  });
}

describe('a training run', () => {
  it('learns in stages, validates as often as asked, and hands weights on by name', async () => {
    const { outcome, weights, classes } = await logisticRun(folder);
    expect(outcome).toBe('finished');
    expect(classes).toEqual(['low', 'high']);
    const validations = await recordsOf('validation');
    expect(validations.map(({ stage, step }) => `${stage} ${step}`)).toEqual([
      'first 27',
      'first 54',
      'first 80',
      'second 20',
      'second 40',
    ]);
    expect(validations.at(-1)?.result.heardMap).toBeGreaterThan(0.95);
    expect(validations[0]?.result.classes.map(({ name, heard }) => [name, heard])).toEqual([
      ['low', 16],
      ['high', 11],
    ]);
    const stages = await recordsOf('stage');
    expect(stages.map(({ fresh }) => fresh.length)).toEqual([4, 0]);
    expect([...weights.keys()].toSorted()).toEqual([
      'audio/bias',
      'audio/filter',
      'audio/mean',
      'visual/frozen',
    ]);
    const [first] = await recordsOf('interval');
    expect(first?.samplesPerSecond).toBeGreaterThan(0);
  });

  it('gives equal weights for equal seed and workers, others for another seed', async () => {
    const once = plain((await logisticRun(folder)).weights);
    expect(plain((await logisticRun(folder)).weights)).toEqual(once);
    const other = await logisticRun(folder, { recipe: { ...LOGISTIC_RECIPE, seed: 4 } });
    expect(plain(other.weights)).not.toEqual(once);
  });

  it('ends with the same weights when it is stopped and taken up again, in either stage', async () => {
    const uninterrupted = plain((await logisticRun(folder)).weights);
    expect((await runUntil('validation', 1)).outcome).toBe('stopped');
    expect((await runUntil('stage', 1, true)).outcome).toBe('stopped');
    const last = await logisticRun(folder, { resume: true });
    expect(last.outcome).toBe('finished');
    expect(plain(last.weights)).toEqual(uninterrupted);
    expect(await recordsOf('resumed')).toHaveLength(2);
    const steps = (await recordsOf('validation')).map(({ stage, step }) => `${stage} ${step}`);
    expect(steps).toEqual(['first 27', 'first 54', 'first 80', 'second 20', 'second 40']);
  });

  it('passes over a truncated checkpoint by name and takes the one before', async () => {
    await runUntil('checkpoint', 4);
    const files = (await readdir(join(folder, 'checkpoints'))).toSorted();
    expect(files).toHaveLength(4);
    const last = files.at(-1)!;
    await truncate(join(folder, 'checkpoints', last), 300);
    expect((await logisticRun(folder, { resume: true })).outcome).toBe('finished');
    const [resumed] = await recordsOf('resumed');
    expect(resumed?.refused).toHaveLength(1);
    expect(resumed?.refused[0]).toContain(last);
    expect(resumed?.refused[0]).toMatch(/truncated: it has 300 bytes of \d+/);
  });

  it('refuses to go on when every checkpoint is damaged, or was made otherwise', async () => {
    await runUntil('checkpoint', 3);
    await expect(logisticRun(folder, { resume: true, recipeHash: 'other' })).rejects.toMatchObject({
      code: 'bad-checkpoint',
    });
    await expect(logisticRun(folder, { resume: true, workers: 4 })).rejects.toThrow(/--workers 2/);
    for (const name of await readdir(join(folder, 'checkpoints'))) {
      if (name.endsWith('.safetensors')) await writeFile(join(folder, 'checkpoints', name), 'x');
    }
    await expect(logisticRun(folder, { resume: true })).rejects.toThrow(/No checkpoint in .* is whole/);
  });

  it('stops with term, step and last checkpoint named when the loss is not a number', async () => {
    const run = logisticRun(folder, { engine: { poisonAbove: 5 }, poisonFrom: 640 });
    await expect(run).rejects.toMatchObject({ code: 'training-diverged' });
    await expect(run).rejects.toThrow(
      /stage first at step 41: the term heard \(NaN\) is not a finite number.*checkpoints\/\d+\.json/,
    );
    const resumed = await logisticRun(folder, { resume: true });
    expect(resumed.outcome).toBe('finished');
  });

  it('ends a stage early when validation no longer improves', async () => {
    const [stage] = LOGISTIC_RECIPE.stages;
    const still = {
      ...stage!,
      samples: 12_800,
      validations: 100,
      patience: 2,
      optimizer: { kind: 'sgd', rate: 1e-9 },
    };
    await logisticRun(folder, { recipe: { ...LOGISTIC_RECIPE, stages: [still as typeof stage & object] } });
    const [end] = await recordsOf('stage-end');
    expect(end).toMatchObject({ reason: 'early' });
    expect((await recordsOf('validation')).map(({ best }) => best)).toEqual([true, false, false]);
  });

  it('loses at most what came after the last checkpoint when it is killed, again and again', async () => {
    const uninterrupted = plain((await logisticRun(folder)).weights);
    await rm(folder, { recursive: true });
    const program = fileURLToPath(new URL('../../../test/support/training/logistic-run.ts', import.meta.url));
    let promised = '';
    let kills = 0;
    for (const killAfterMs of [350, 420, 500, 610, 700, 0]) {
      const child = spawn(process.execPath, [program, folder, 'resume'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
      const timer = killAfterMs > 0 ? setTimeout(() => child.kill('SIGKILL'), killAfterMs) : undefined;
      await once(child, 'close');
      clearTimeout(timer);
      if (promised !== '' && lines.length > 0) {
        expect(position(lines[0]!)).toBeGreaterThanOrEqual(position(promised));
      }
      if (lines.at(-1) === 'finished') break;
      kills++;
      promised = lines.at(-1) ?? promised;
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    const end = await logisticRun(folder, { resume: true });
    expect(plain(end.weights)).toEqual(uninterrupted);
  }, 30_000);
});

/** Steps since the run began, of a line such as `resumed second 12`. */
function position(line: string): number {
  const [stage, step] = line.split(' ').slice(-2);
  return Number(step) + (stage === 'second' ? 80 : 0);
}

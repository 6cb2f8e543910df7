/** Trains a model into a folder: recipe, log, report and checkpoints while it runs, weights and description at its end. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { DatasetReport } from '../datasets/open-dataset.ts';
import { writeAtomically } from './atomic-file.ts';
import { readTrained, writeModel } from './model-folder.ts';
import { type ProgressLine, progressLine } from './progress-text.ts';
import { type Recipe, recipeSchema } from './recipe.ts';
import { runTraining } from './run.ts';
import { RunReport } from './run-report.ts';
import { DatasetData } from './setup/dataset-data.ts';
import { type EngineName, prepareStage } from './setup/prepare-stage.ts';
import { MediaBanks, SceneData } from './setup/scene-data.ts';

export interface TrainOptions {
  recipe: Recipe;
  /** Everything goes here. */
  folder: string;
  engine: EngineName;
  /** Training threads; each takes its share of every batch. */
  workers: number;
  /** Threads that compose scenes. */
  producers: number;
  /** Goes on from the folder's last checkpoint. */
  resume: boolean;
  /** Folder of a finished run, or of a model with its weights, to begin with; null: from nothing. */
  start: string | null;
  say: (line: ProgressLine) => void;
  stopRequested: () => boolean;
}

/** `stopped` can be taken up again; only `finished` leaves a model. */
export type TrainOutcome = 'finished' | 'stopped';

export const RECIPE_FILE = 'recipe.json';

/**
 * @throws EarsightError `bad-config` when the folder holds another run, `bad-dataset`, `bad-checkpoint`,
 * `training-diverged`, `engine-unavailable`, `engine-failed`; the report then names the reason
 */
export async function train(options: TrainOptions): Promise<TrainOutcome> {
  const { recipe, engine, workers, producers, resume, say } = options;
  const folder = resolve(options.folder);
  checkShares(recipe, workers);
  await mkdir(folder, { recursive: true });
  if (!resume) await refuseOverwriting(folder);
  const text = `${JSON.stringify(recipe, null, 2)}\n`;
  await writeAtomically(join(folder, RECIPE_FILE), text);
  const banks = new MediaBanks((done, total) =>
    say({ kind: 'passing', text: `reading photos and recordings: ${done} of ${total}` }),
  );
  const skipped = new Set<string>();
  const report = new RunReport(folder, basename(folder));
  try {
    const result = await runTraining({
      recipe,
      recipeHash: createHash('sha256').update(text).digest('hex'),
      folder,
      workers,
      resume,
      engineName: engine,
      start: options.start === null ? null : await startingWeights(options.start),
      prepare: (stage, threads) =>
        prepareStage(
          {
            recipe,
            engine,
            openData: async (settings) => {
              if (settings.kind === 'dataset') {
                return new DatasetData(settings, (path, found) => say(datasetLine(path, found)));
              }
              const data = await SceneData.open(settings, banks, { producers, steps: threads });
              for (const { file, reason } of data.skipped) {
                if (skipped.has(file)) continue;
                skipped.add(file);
                say({ kind: 'lasting', text: `left out ${file}: ${reason}` });
              }
              return data;
            },
          },
          stage,
          threads,
        ),
      observer: {
        record: (record, records) => {
          report.record(record, records);
          const line = progressLine(record, recipe);
          if (line !== null) say(line);
        },
        examples: (_stage, shape, batch, output) => report.examples(shape, batch, output),
      },
      stopRequested: options.stopRequested,
      now: () => performance.now(),
    });
    if (result.outcome === 'finished') {
      const { network, classes, frame, weights } = result;
      const { description } = recipe;
      await writeModel(folder, { format: 1, description, classes: [...classes], network, frame }, weights);
    }
    await report.close();
    return result.outcome;
  } catch (thrown) {
    report.fail(messageOf(thrown));
    await report.close();
    throw thrown;
  }
}

/** The recipe of the run that the folder holds. @throws EarsightError `bad-checkpoint` when there is none */
export async function recipeOfRun(folder: string): Promise<Recipe> {
  const path = join(folder, RECIPE_FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    throw new EarsightError(
      'bad-checkpoint',
      `There is no run to go on with in ${folder}: ${messageOf(thrown)}. Start one without --resume.`,
    );
  }
  const parsed = recipeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EarsightError('bad-checkpoint', `${path}: ${z.prettifyError(parsed.error)}`);
}

/** Batch normalisation over fewer examples than this is too uncertain. */
const LEAST_SHARE = 8;

/** The most threads, up to one a core, that share every stage's batch evenly and in shares large enough. */
export function workersFor({ stages }: Recipe, cores: number): number {
  for (let workers = cores; workers > 1; workers--) {
    if (stages.every(({ batch }) => batch % workers === 0 && batch / workers >= LEAST_SHARE)) return workers;
  }
  return 1;
}

/** @throws EarsightError `bad-config` where a batch cannot be shared out evenly, two examples at least to each */
function checkShares({ stages }: Recipe, workers: number): void {
  for (const { name, batch } of stages) {
    if (batch % workers === 0 && batch / workers >= 2) continue;
    throw new EarsightError(
      'bad-config',
      `Stage ${name} has batches of ${batch}, which ${workers} workers cannot share evenly with at least 2 for each. Change batch, or --workers.`,
    );
  }
}

async function refuseOverwriting(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (!names.includes(RECIPE_FILE) && !names.includes('checkpoints')) return;
  throw new EarsightError(
    'bad-config',
    `${folder} holds a run already. Go on with it by --resume, or choose another folder with --out.`,
  );
}

async function startingWeights(
  folder: string,
): Promise<{ weights: Map<string, Float32Array>; classes: readonly string[] }> {
  const { description, weights } = await readTrained(folder);
  return {
    weights: new Map([...weights].map(([name, { data }]) => [name, data])),
    classes: description.classes,
  };
}

function datasetLine(path: string, { usable, annotated, missing, unreadable }: DatasetReport): ProgressLine {
  const lost = new Set([...missing, ...unreadable].map(({ id }) => id)).size;
  return {
    kind: 'lasting',
    text: `${path}: ${usable} of ${annotated} moments can be used; media of ${lost} are missing or unreadable`,
  };
}

/** `earsight train [folder]`: trains a model on a folder of photos and recordings, or on the drawn cast. */

import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import { loadRecipe } from '../../training/trainer/load-recipe.ts';
import type { Recipe } from '../../training/trainer/recipe.ts';
import { REPORT_FILE } from '../../training/trainer/run-report.ts';
import { recipeOfRun, train as runTrain, workersFor } from '../../training/trainer/train.ts';
import { locate, SHIPPED_MODEL } from '../installation.ts';
import { exportRun } from './export.ts';
import { EXIT_FAULT } from './failure.ts';
import { type StatusLine, statusLine } from './status-line.ts';

export interface TrainFlags {
  recipe?: string;
  scenes?: string;
  out?: string;
  minutes?: string;
  workers?: string;
  producers?: string;
  seed?: string;
  engine: string;
  start?: string;
  resume?: true;
}

/** Fewer than `earsight export` takes by itself: enough for a first model, without keeping anybody waiting. */
const CALIBRATION_EXAMPLES = '600';

/** What `--start` is given for random weights. */
const FROM_NOTHING = 'nothing';

/** Exit code of a run that was stopped and can be taken up again, as after SIGINT. */
const EXIT_STOPPED = 130;

/** @returns the exit code. @throws EarsightError when it cannot start, or training failed */
export async function train(folder: string | undefined, flags: TrainFlags): Promise<number> {
  const { engine } = flags;
  if (engine !== 'onnx' && engine !== 'tfjs') {
    throw new EarsightError('bad-config', `--engine must be onnx or tfjs, but is "${engine}".`);
  }
  const resume = flags.resume === true;
  const out = resolve(flags.out ?? `${folder === undefined ? 'drawn' : basename(resolve(folder))}-model`);
  const cores = availableParallelism();
  const producers = wholeNumber('--producers', flags.producers) ?? cores;
  const recipe = resume
    ? await recipeToResume(out, flags)
    : await loadRecipe(flags.recipe ?? null, {
        folder: folder ?? null,
        classes: flags.scenes ?? null,
        minutes: positive('--minutes', flags.minutes),
        seed: wholeNumber('--seed', flags.seed),
      });
  const workers =
    wholeNumber('--workers', flags.workers) ?? (engine === 'tfjs' ? 1 : workersFor(recipe, cores));
  const start = resume ? null : startOf(folder, flags);
  const line = statusLine(process.stdout);
  if (start !== null && flags.start === undefined)
    line.lasting(
      `Begins with what ${SHIPPED_MODEL} has learnt; with random weights: --start ${FROM_NOTHING}`,
    );
  const stop = stopOnSignal(() => line.lasting('stopping after this step; Ctrl-C again to stop at once'));
  try {
    const outcome = await runTrain({
      recipe,
      folder: out,
      engine,
      workers,
      producers,
      resume,
      start,
      say: ({ kind, text }) => line[kind](text),
      stopRequested: stop.requested,
    });
    if (outcome === 'stopped') {
      line.lasting(`Stopped. Go on with: earsight train --resume --out ${out}`);
      return EXIT_STOPPED;
    }
    line.lasting(`Trained; ${join(out, REPORT_FILE)} tells how it came about.`);
  } finally {
    line.end();
    stop.end();
  }
  return await exportTrained(out, recipe, line);
}

/** Makes what was trained on scenes a model to be served; data sets have no scenes to calibrate on by themselves. */
async function exportTrained(out: string, { data }: Recipe, line: StatusLine): Promise<number> {
  if (data['kind'] === 'dataset') {
    line.lasting(`Make it a model that can be served: earsight export ${out} --data FOLDER`);
    return 0;
  }
  const path = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const folder = path(data['folder']);
  const scenes = path(data['classes']);
  return await exportRun(out, {
    ...(folder === undefined ? {} : { data: folder }),
    ...(scenes === undefined ? {} : { scenes }),
    modelVersion: '1.0.0',
    samples: CALIBRATION_EXAMPLES,
    seed: '7',
  });
}

/**
 * Where training begins. On a folder, unless told otherwise or by a recipe of its own: with what the model that comes
 * along has learnt, for a few dozen photos teach what tells their classes apart, but not how to see.
 */
export function startOf(folder: string | undefined, { start, recipe }: TrainFlags): string | null {
  if (start !== undefined) return start === FROM_NOTHING ? null : start;
  return folder !== undefined && recipe === undefined ? locate(SHIPPED_MODEL) : null;
}

/** @throws EarsightError `bad-config` for flags that would make another run of it */
async function recipeToResume(out: string, flags: TrainFlags): Promise<Recipe> {
  const given = (['recipe', 'scenes', 'minutes', 'seed', 'start'] as const).filter(
    (name) => flags[name] !== undefined,
  );
  const [first] = given;
  if (first !== undefined) {
    throw new EarsightError(
      'bad-config',
      `--${first} cannot be changed when a run is taken up again: ${out} holds the recipe that it began with. Leave it out.`,
    );
  }
  return await recipeOfRun(out);
}

/** The first signal asks for a stop between steps, the second ends the program: checkpoints are whole at any moment. */
function stopOnSignal(onStop: () => void): { requested: () => boolean; end: () => void } {
  let requested = false;
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
  const stop = (): void => {
    if (requested) process.exit(EXIT_FAULT);
    requested = true;
    onStop();
  };
  for (const signal of signals) process.on(signal, stop);
  return {
    requested: () => requested,
    end: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

function positive(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new EarsightError('bad-config', `${flag} must be a number above 0, but is "${text}".`);
}

function wholeNumber(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isInteger(value) && value >= (flag === '--seed' ? 0 : 1)) return value;
  throw new EarsightError('bad-config', `${flag} must be a whole number above 0, but is "${text}".`);
}

/** A whole run: stage after stage, weights handed on by name, checkpoints, log; taken up again where it stood. */

import { join } from 'node:path';
import type { NetworkOptions } from '../../model/network/options.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import type { SampleBatch, SampleShape, SampleSource } from '../sample.ts';
import { type ClassedWeights, carriedWeights } from './carry-weights.ts';
import { CheckpointStore, type LoadedCheckpoint, type RunProgress } from './checkpoint.ts';
import { intervalRecord, positionOf, precedes } from './make-records.ts';
import type { ParameterLayout, WeightArrays } from './parameters.ts';
import type { Recipe, RecipeStage } from './recipe.ts';
import { RunLog } from './run-log.ts';
import type { RunRecord } from './run-records.ts';
import type { SampleFeed } from './sample-feed.ts';
import { createState } from './shared-state.ts';
import { StageMemory } from './stage-memory.ts';
import { runStage, STAGE_START, type StageHooks, type StageProgress } from './stage-run.ts';
import type { EvaluationOutput } from './step-engine.ts';
import { StepPool } from './step-pool.ts';
import { headlineOf, ValidationSet } from './validation.ts';

/** Examples of one validation batch: few enough for the memory of every thread. */
export const VALIDATION_BATCH = 16;

/** What a stage trains, as the network and the data make it. */
export interface StageSetup {
  shape: SampleShape;
  /** Every weight of the network with this stage's classes, and which of them are trained. */
  layout: ParameterLayout;
  network: NetworkOptions;
  initialWeights(seed: number): WeightArrays;
  /** Entry of a training thread and what it is told. */
  entry: URL;
  engine: unknown;
  /** Training examples from number `first` on. */
  openFeed(first: number, batchSize: number): Promise<SampleFeed>;
  openValidation(): Promise<SampleSource>;
}

export interface RunOptions {
  recipe: Recipe;
  /** Identifies what must not change when the run is taken up again. */
  recipeHash: string;
  /** Log, report and checkpoints go here. */
  folder: string;
  workers: number;
  resume: boolean;
  engineName: string;
  /** What the first stage begins with; null: from nothing. */
  start?: ClassedWeights | null;
  prepare(stage: RecipeStage, threads: number): Promise<StageSetup>;
  observer: RunObserver;
  stopRequested: () => boolean;
  /** Monotonic, milliseconds. */
  now: () => number;
}

/** Told what happens as it happens; all of it is in the log as well. */
export interface RunObserver {
  record(record: RunRecord, records: readonly RunRecord[]): void;
  /** Examples of the last validation, for pictures. Called before its record. */
  examples(stage: string, shape: SampleShape, batch: SampleBatch, output: EvaluationOutput): void;
}

/** What the last stage ended with. */
export interface TrainedWeights extends ClassedWeights {
  network: NetworkOptions;
  frame: SampleShape['frame'];
}

/** Weights are averaged ones, those of the best validation. */
export interface RunResult extends TrainedWeights {
  outcome: 'finished' | 'stopped';
}

/**
 * @throws EarsightError `bad-checkpoint` when nothing can be taken up, `training-diverged`, and what stages throw;
 * threads and files are closed then too
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { recipe, folder } = options;
  const store = await CheckpointStore.open(join(folder, 'checkpoints'), recipe.keepCheckpoints);
  const loaded = options.resume ? await store.loadLast() : null;
  if (loaded !== null) checkSameRun(options, loaded);
  const log = await RunLog.open(
    join(folder, 'log.jsonl'),
    loaded === null ? null : (record) => precedes(record, loaded.progress, recipe),
  );
  try {
    return await new Run(options, store, log).run(loaded);
  } finally {
    await log.close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #store: CheckpointStore;
  readonly #log: RunLog;
  #lastCheckpoint: string | null = null;

  constructor(options: RunOptions, store: CheckpointStore, log: RunLog) {
    this.#options = options;
    this.#store = store;
    this.#log = log;
  }

  async run(loaded: LoadedCheckpoint | null): Promise<RunResult> {
    const { recipe, workers, engineName, recipeHash } = this.#options;
    const { stages, seed, description } = recipe;
    const at = new Date().toISOString();
    let resume = loaded;
    if (loaded === null) {
      const common = { type: 'run', at, description, seed, recipeHash, workers, engine: engineName } as const;
      this.#record({ ...common, stages: stages.map(({ name }) => name) });
    } else {
      this.#lastCheckpoint = loaded.path;
      const refused = loaded.refused.map(({ path, reason }) => `${path}: ${reason}`);
      this.#record({ type: 'resumed', at, ...positionOf(loaded.progress.stage, loaded.progress), refused });
    }
    let before: ClassedWeights | null = this.#options.start ?? null;
    let last: TrainedWeights | null = null;
    const first = stages.findIndex(({ name }) => name === loaded?.progress.stage);
    for (const stage of stages.slice(Math.max(first, 0))) {
      const setup = await this.#options.prepare(stage, workers);
      const done = await this.#runStage(stage, setup, before, resume);
      const { shape, network } = setup;
      last = { weights: done.weights, classes: shape.classes, network, frame: shape.frame };
      if (done.stopped) return await this.#end('stopped', last);
      before = last;
      resume = null;
    }
    if (last === null) throw new Error('a run without stages');
    return await this.#end('finished', last);
  }

  async #end(outcome: RunResult['outcome'], last: TrainedWeights): Promise<RunResult> {
    this.#record({ type: 'end', at: new Date().toISOString(), reason: outcome });
    await this.#log.flush();
    return { outcome, ...last };
  }

  async #runStage(
    stage: RecipeStage,
    setup: StageSetup,
    before: ClassedWeights | null,
    resume: LoadedCheckpoint | null,
  ): Promise<{ weights: WeightArrays; stopped: boolean }> {
    const { workers, recipe, now, stopRequested } = this.#options;
    const { layout } = setup;
    if (layout.trained === 0) throw nothingTrained(stage, setup);
    const state = createState(layout, workers);
    const memory = new StageMemory(layout, state);
    if (resume === null) this.#begin(stage, setup, memory, before);
    else memory.restore(resume);
    const progress = resume === null ? { ...STAGE_START } : stageProgress(resume.progress);
    const closing: { close(): Promise<void> }[] = [];
    try {
      const source = await setup.openValidation();
      const validation = new ValidationSet(source, recipe.validationSamples, VALIDATION_BATCH);
      await source.close();
      const { entry, engine } = setup;
      const pool = await StepPool.open({ layout, state, threads: workers, entry, engine });
      closing.push(pool);
      const feed = await setup.openFeed(progress.samples, stage.batch / workers);
      closing.push(feed);
      const save = async (at: StageProgress): Promise<void> => {
        const path = await this.#store.save({
          progress: { ...at, stage: stage.name, recipeHash: this.#options.recipeHash, workers },
          tensors: memory.tensors(),
        });
        this.#lastCheckpoint = path;
        this.#record({ type: 'checkpoint', ...positionOf(stage.name, at), path });
        await this.#log.flush();
      };
      if (resume === null) await save(progress);
      const hooks: StageHooks = {
        now,
        stopRequested,
        checkpoint: save,
        keptAt: () => `The last checkpoint is kept: ${this.#lastCheckpoint ?? 'none yet'}.`,
        interval: (at, interval) => this.#record(intervalRecord(stage.name, at, interval, workers)),
        validate: async () => {
          const { result, first } = await validation.evaluate((batch) => pool.evaluate(batch, true));
          this.#options.observer.examples(stage.name, setup.shape, validation.firstBatch, first);
          return { result, headline: headlineOf(stage.kind, result) };
        },
        validated: (at, { result, headline }, best) => {
          if (best) memory.keepBest();
          this.#record({ type: 'validation', ...positionOf(stage.name, at), result, headline, best });
          return Promise.resolve();
        },
      };
      const { outcome, progress: end } = await runStage({
        stage,
        pool,
        feed,
        hooks,
        progress,
        checkpointEveryMs: recipe.checkpointMinutes * 60_000,
        intervalMs: INTERVAL_MS,
      });
      if (outcome !== 'stopped') {
        this.#record({ type: 'stage-end', ...positionOf(stage.name, end), reason: outcome });
      }
      return { weights: memory.bestWeights(), stopped: outcome === 'stopped' };
    } finally {
      await Promise.all(closing.map((one) => one.close()));
    }
  }

  /** Weights of the stage before where they fit, new ones elsewhere. */
  #begin(stage: RecipeStage, setup: StageSetup, memory: StageMemory, before: ClassedWeights | null): void {
    const { classes } = setup.shape;
    const initial = setup.initialWeights(this.#options.recipe.seed);
    const { weights, fresh } = carriedWeights(initial, classes, before);
    memory.begin(weights);
    const { name, kind, frame, batch } = stage;
    const trained = memory.layout.trained;
    this.#record({ type: 'stage', stage: name, kind, frame, batch, classes: [...classes], trained, fresh });
  }

  #record(record: RunRecord): void {
    this.#log.append(record);
    this.#options.observer.record(record, this.#log.records);
  }
}

const INTERVAL_MS = 5_000;

/** @throws EarsightError `bad-checkpoint` when the recipe or the number of workers is another */
function checkSameRun(
  { recipeHash, workers, folder }: RunOptions,
  { path, progress }: LoadedCheckpoint,
): void {
  if (progress.recipeHash !== recipeHash) {
    throw new EarsightError(
      'bad-checkpoint',
      `The checkpoint ${path} was made with another recipe, class list or seed. Resume with those in ` +
        `${join(folder, 'recipe.json')}, or start anew without --resume.`,
    );
  }
  if (progress.workers !== workers) {
    throw new EarsightError(
      'bad-checkpoint',
      `The checkpoint ${path} was made with ${progress.workers} workers, not ${workers}: examples are dealt out ` +
        `differently. Resume with --workers ${progress.workers}, or start anew without --resume.`,
    );
  }
}

function nothingTrained(stage: RecipeStage, { layout }: StageSetup): EarsightError {
  const prefixes = [...new Set(layout.parameters.map(({ name }) => name.split('/')[0] ?? name))];
  return new EarsightError(
    'bad-config',
    `Stage ${stage.name} trains nothing: no weight that its loss depends on begins with ${stage.train.map(({ prefix }) => `"${prefix}"`).join(' or ')}. ` +
      `Names begin with ${prefixes.join(', ')}.`,
  );
}

function stageProgress({
  step,
  samples,
  elapsedMs,
  validations,
  best,
  sinceBest,
}: RunProgress): StageProgress {
  return { step, samples, elapsedMs, validations, best, sinceBest };
}

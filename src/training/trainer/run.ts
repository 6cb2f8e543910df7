/** A whole run: stage after stage, weights handed on by name, checkpoints, log; taken up again where it stood. */

import { join } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import type { SampleBatch, SampleShape, SampleSource } from '../sample.ts';
import { CheckpointStore, type LoadedCheckpoint, type RunProgress } from './checkpoint.ts';
import { intervalRecord, positionOf, precedes } from './make-records.ts';
import { layoutOf, type ParameterSpec, type WeightArrays } from './parameters.ts';
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
const VALIDATION_BATCH = 16;

/** What a stage trains, as the network and the data make it. */
export interface StageSetup {
  shape: SampleShape;
  /** Every weight of the network with this stage's classes. */
  specs: readonly ParameterSpec[];
  initialWeights(seed: number): WeightArrays;
  /** Belongs to the class list: taken from the stage before only if that had the same classes. */
  isHead(name: string): boolean;
  /** Entry of a training thread and what it is told. */
  entry: URL;
  engine: unknown;
  /** Training examples from number `first` on. */
  openFeed(first: number, batchSize: number): Promise<SampleFeed>;
  openValidation(): Promise<SampleSource>;
  close(): Promise<void>;
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

export interface RunResult {
  outcome: 'finished' | 'stopped';
  /** Of the last stage, averaged, those of its best validation. */
  weights: WeightArrays;
  classes: readonly string[];
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
    let before: { weights: WeightArrays; classes: readonly string[] } | null = null;
    const first = stages.findIndex(({ name }) => name === loaded?.progress.stage);
    for (const stage of stages.slice(Math.max(first, 0))) {
      const setup = await this.#options.prepare(stage, workers);
      try {
        const done = await this.#runStage(stage, setup, before, resume);
        before = { weights: done.weights, classes: setup.shape.classes };
        if (done.stopped) return await this.#end('stopped', before);
      } finally {
        await setup.close();
      }
      resume = null;
    }
    if (before === null) throw new Error('a run without stages');
    return await this.#end('finished', before);
  }

  async #end(
    outcome: RunResult['outcome'],
    last: { weights: WeightArrays; classes: readonly string[] },
  ): Promise<RunResult> {
    this.#record({ type: 'end', at: new Date().toISOString(), reason: outcome });
    await this.#log.flush();
    return { outcome, ...last };
  }

  async #runStage(
    stage: RecipeStage,
    setup: StageSetup,
    before: { weights: WeightArrays; classes: readonly string[] } | null,
    resume: LoadedCheckpoint | null,
  ): Promise<{ weights: WeightArrays; stopped: boolean }> {
    const { workers, recipe, now, stopRequested } = this.#options;
    const rules = stage.train.map(({ prefix, rate }) => ({ prefix, rateFactor: rate }));
    const layout = layoutOf(setup.specs, rules);
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
  #begin(
    stage: RecipeStage,
    setup: StageSetup,
    memory: StageMemory,
    before: { weights: WeightArrays; classes: readonly string[] } | null,
  ): void {
    const { classes } = setup.shape;
    const sameClasses = before !== null && before.classes.join('\n') === classes.join('\n');
    const weights = new Map(setup.initialWeights(this.#options.recipe.seed));
    const fresh: string[] = [];
    for (const [name, values] of weights) {
      const carried = !setup.isHead(name) || sameClasses ? before?.weights.get(name) : undefined;
      if (carried?.length === values.length) weights.set(name, carried);
      else fresh.push(name);
    }
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

function nothingTrained(stage: RecipeStage, { specs }: StageSetup): EarsightError {
  const prefixes = [...new Set(specs.map(({ name }) => name.split('/')[0] ?? name))];
  return new EarsightError(
    'bad-config',
    `Stage ${stage.name} trains nothing: no weight begins with ${stage.train.map(({ prefix }) => `"${prefix}"`).join(' or ')}. ` +
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

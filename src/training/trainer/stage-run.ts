/** One stage from its first step, or from where it was interrupted, to its end. */

import type { SampleBatch } from '../sample.ts';
import { type Budget, budgetOf, progressOf, type Spent } from './budget.ts';
import type { BestValidation } from './checkpoint.ts';
import { DivergenceWatch } from './divergence.ts';
import type { RecipeStage } from './recipe.ts';
import type { Validation } from './run-records.ts';
import type { SampleFeed } from './sample-feed.ts';
import { rateAt } from './schedule.ts';
import type { Stepped, StepTimes, StepUpdate } from './step-messages.ts';

/** Steps given to the threads before the first of them is answered: two keep them busy. */
export const STEPS_AHEAD = 2;

/** Where a stage stands; a checkpoint keeps it. */
export interface StageProgress extends Spent {
  step: number;
  validations: number;
  best: BestValidation | null;
  sinceBest: number;
}

export const STAGE_START: Readonly<StageProgress> = {
  step: 0,
  samples: 0,
  elapsedMs: 0,
  validations: 0,
  best: null,
  sinceBest: 0,
};

/** Means over the steps since the last report. */
export interface Interval {
  steps: number;
  seconds: number;
  samples: number;
  loss: number;
  terms: Record<string, number>;
  gradientNorm: number;
  rate: number;
  /** Sums over all threads. */
  times: StepTimes;
}

export interface StageHooks {
  /** Monotonic, milliseconds. */
  now(): number;
  /** Asked between steps; true ends the stage early, to be taken up again. */
  stopRequested(): boolean;
  validate(): Promise<{ result: Validation; headline: { metric: string; value: number } }>;
  /** After a validation; `improved` says that its weights are the best so far. */
  validated(
    progress: StageProgress,
    outcome: { result: Validation; headline: { metric: string; value: number } },
    improved: boolean,
  ): Promise<void>;
  interval(progress: StageProgress, interval: Interval): void;
  /** No step is under way. */
  checkpoint(progress: StageProgress): Promise<void>;
  /** Says where the last good weights are, for an error's text. */
  keptAt(): string;
}

export interface StageOptions {
  stage: RecipeStage;
  /** Takes one batch per thread. */
  pool: {
    readonly threads: number;
    step(batches: readonly SampleBatch[], update: StepUpdate): Promise<Stepped[]>;
  };
  feed: SampleFeed;
  hooks: StageHooks;
  progress: StageProgress;
  checkpointEveryMs: number;
  intervalMs: number;
}

export type StageOutcome = 'finished' | 'early' | 'stopped';

interface InFlight {
  results: Promise<Stepped[]>;
  update: StepUpdate;
}

/**
 * Steps go to the threads before the last one is answered; validations and checkpoints wait until none is under way.
 * @throws EarsightError `training-diverged`, `engine-failed`, and what the feed throws; the feed is left open
 */
export async function runStage(
  options: StageOptions,
): Promise<{ outcome: StageOutcome; progress: StageProgress }> {
  return await new StageRun(options).run();
}

class StageRun {
  readonly #options: StageOptions;
  readonly #budget: Budget;
  readonly #watch = new DivergenceWatch();
  readonly #began: number;
  readonly #inFlight: InFlight[] = [];
  /** Steps and examples given to the threads; the progress counts those that are answered. */
  #issued: { step: number; samples: number };
  #progress: StageProgress;
  #interval: Interval;
  #intervalAt: number;
  #checkpointAt: number;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#budget = budgetOf(options.stage);
    this.#progress = { ...options.progress };
    this.#issued = { step: options.progress.step, samples: options.progress.samples };
    const now = options.hooks.now();
    this.#began = now - options.progress.elapsedMs;
    this.#intervalAt = now;
    this.#checkpointAt = now;
    this.#interval = emptyInterval();
  }

  async run(): Promise<{ outcome: StageOutcome; progress: StageProgress }> {
    try {
      const outcome = await this.#loop();
      return { outcome, progress: this.#progress };
    } finally {
      // After a failure the answers that are still due fail as well; nobody else listens to them.
      await Promise.allSettled(this.#inFlight.map(({ results }) => results));
    }
  }

  async #loop(): Promise<StageOutcome> {
    const { hooks, stage, checkpointEveryMs } = this.#options;
    for (;;) {
      const share = progressOf(this.#budget, { samples: this.#issued.samples, elapsedMs: this.#elapsedMs() });
      const over = share >= 1;
      const stop = hooks.stopRequested();
      const validate = !stop && share >= (this.#progress.validations + 1) / stage.validations;
      const checkpoint = stop || hooks.now() - this.#checkpointAt >= checkpointEveryMs;
      if (over || validate || checkpoint) {
        await this.#drain();
        if (over && !stop) {
          if (this.#progress.validations < stage.validations) await this.#validate(1);
          return 'finished';
        }
        if (validate) {
          await this.#validate(share);
          if (stage.patience > 0 && this.#progress.sinceBest >= stage.patience) return 'early';
        }
        this.#checkpointAt = hooks.now();
        await hooks.checkpoint(this.#progress);
        if (stop) return 'stopped';
      }
      await this.#issue(share);
      if (this.#inFlight.length >= STEPS_AHEAD) await this.#answer();
    }
  }

  async #issue(share: number): Promise<void> {
    const { stage, pool, feed } = this.#options;
    const batches: SampleBatch[] = [];
    while (batches.length < pool.threads) batches.push(await feed.next());
    this.#issued.step++;
    this.#issued.samples += batches.reduce((sum, { size }) => sum + size, 0);
    const update: StepUpdate = {
      rule: stage.optimizer,
      rate: stage.optimizer.rate * rateAt(stage.schedule, share),
      step: this.#issued.step,
      clipNorm: stage.clipNorm ?? Infinity,
      averageDecay: stage.averageDecay,
      statisticMomentum: stage.statisticMomentum,
    };
    const results = pool.step(batches, update);
    // Its rejection is met when its turn comes.
    results.catch(() => undefined);
    this.#inFlight.push({ results, update });
  }

  async #answer(): Promise<void> {
    const { feed, hooks, stage, intervalMs } = this.#options;
    const first = this.#inFlight.shift();
    if (first === undefined) return;
    const results = await first.results;
    for (const { batch } of results) feed.recycle(batch);
    const loss = mean(results.map((result) => result.loss));
    const terms = meanTerms(results.map((result) => result.terms));
    const gradientNorm = results[0]?.gradientNorm ?? Number.NaN;
    const { rate, step } = first.update;
    this.#watch.check({ stage: stage.name, step, loss, terms, gradientNorm, rate }, hooks.keptAt());
    const samples = results.reduce((sum, { batch }) => sum + batch.size, 0);
    this.#progress.step = step;
    this.#progress.samples += samples;
    this.#progress.elapsedMs = this.#elapsedMs();
    addStep(this.#interval, { loss, terms, gradientNorm, rate, samples }, results);
    if (hooks.now() - this.#intervalAt >= intervalMs) this.#report();
  }

  async #drain(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#answer();
    this.#progress.elapsedMs = this.#elapsedMs();
    if (this.#interval.steps > 0) this.#report();
  }

  #report(): void {
    const { hooks } = this.#options;
    const now = hooks.now();
    this.#interval.seconds = (now - this.#intervalAt) / 1000;
    hooks.interval({ ...this.#progress }, this.#interval);
    this.#interval = emptyInterval();
    this.#intervalAt = now;
  }

  async #validate(share: number): Promise<void> {
    const { hooks, stage } = this.#options;
    const outcome = await hooks.validate();
    const { headline } = outcome;
    const improved = this.#progress.best === null || headline.value > this.#progress.best.value;
    if (improved) this.#progress.best = { ...headline, step: this.#progress.step };
    this.#progress.sinceBest = improved ? 0 : this.#progress.sinceBest + 1;
    // By the clock, one long step may pass more than one due time.
    const due = Math.floor(share * stage.validations);
    this.#progress.validations = Math.max(this.#progress.validations + 1, due);
    this.#progress.elapsedMs = this.#elapsedMs();
    await hooks.validated({ ...this.#progress }, outcome, improved);
    // Validation is no part of the next interval's rate.
    this.#intervalAt = hooks.now();
  }

  #elapsedMs(): number {
    return this.#options.hooks.now() - this.#began;
  }
}

function emptyInterval(): Interval {
  return {
    steps: 0,
    seconds: 0,
    samples: 0,
    loss: 0,
    terms: {},
    gradientNorm: 0,
    rate: 0,
    times: { copyMs: 0, computeMs: 0, waitMs: 0, updateMs: 0 },
  };
}

function addStep(
  interval: Interval,
  one: Pick<Interval, 'loss' | 'terms' | 'gradientNorm' | 'rate' | 'samples'>,
  results: readonly Stepped[],
): void {
  interval.steps++;
  interval.samples += one.samples;
  interval.rate = one.rate;
  const gain = 1 / interval.steps;
  interval.loss += (one.loss - interval.loss) * gain;
  interval.gradientNorm += (one.gradientNorm - interval.gradientNorm) * gain;
  for (const [name, value] of Object.entries(one.terms)) {
    const before = interval.terms[name] ?? 0;
    interval.terms[name] = before + (value - before) * gain;
  }
  for (const { times } of results) {
    interval.times.copyMs += times.copyMs;
    interval.times.computeMs += times.computeMs;
    interval.times.waitMs += times.waitMs;
    interval.times.updateMs += times.updateMs;
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of each term over the threads. */
export function meanTerms(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, mean(all.map((terms) => terms[name] ?? Number.NaN))]));
}

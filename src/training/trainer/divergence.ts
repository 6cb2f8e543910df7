/** Notices when training goes wrong: a loss that is no number, or one that has left where it was. Pure. */

import { EarsightError } from '../../pipeline/errors.ts';

/** What one step says, mean over its threads. */
export interface StepFacts {
  stage: string;
  /** Counts from 1 within the stage. */
  step: number;
  loss: number;
  terms: Readonly<Record<string, number>>;
  /** Of all gradients before clipping. */
  gradientNorm: number;
  rate: number;
}

/** Steps over which the loss is smoothed. */
const MEMORY_STEPS = 50;
/** Smoothed loss over its lowest that counts as diverged; a cosine restart or a new stage stays far below. */
const RISE = 4;

export class DivergenceWatch {
  #smoothed = 0;
  #lowest = Infinity;
  #seen = 0;

  /**
   * @param keptAt what says where the last good weights are
   * @throws EarsightError `training-diverged` naming the term, the step and the mend
   */
  check(facts: StepFacts, keptAt: string): void {
    const { loss, gradientNorm } = facts;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const culprits = Object.entries(facts.terms).filter(([, value]) => !Number.isFinite(value));
      const cause =
        culprits.length > 0
          ? `the term ${culprits.map(([name, value]) => `${name} (${value})`).join(' and ')}`
          : Number.isFinite(loss)
            ? `a gradient, while every term is finite (${listed(facts.terms)})`
            : `the loss (${loss}), while every term is finite (${listed(facts.terms)})`;
      throw diverged(facts, `${cause} is not a finite number`, keptAt);
    }
    this.#seen++;
    this.#smoothed += (loss - this.#smoothed) / Math.min(this.#seen, MEMORY_STEPS);
    if (this.#seen < MEMORY_STEPS) return;
    this.#lowest = Math.min(this.#lowest, this.#smoothed);
    if (this.#smoothed > RISE * this.#lowest) {
      const was = `the loss rose to ${shown(this.#smoothed)} from ${shown(this.#lowest)} (${listed(facts.terms)})`;
      throw diverged(facts, was, keptAt);
    }
  }
}

function diverged(facts: StepFacts, what: string, keptAt: string): EarsightError {
  const { stage, step, gradientNorm, rate } = facts;
  return new EarsightError(
    'training-diverged',
    `Training diverged in stage ${stage} at step ${step}: ${what}; gradient norm ${shown(gradientNorm)}, learning rate ` +
      `${shown(rate)}. ${keptAt} Lower the stage's optimizer.rate or clipNorm in the recipe, then go on with --resume.`,
    { details: { ...facts } },
  );
}

function listed(terms: Readonly<Record<string, number>>): string {
  return Object.entries(terms)
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(', ');
}

function shown(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}

/** How far a stage has come: by examples, which repeats to the bit, or by the clock. Pure. */

export type Budget = { kind: 'samples'; samples: number } | { kind: 'minutes'; minutes: number };

export interface Spent {
  /** Examples seen in this stage. */
  samples: number;
  /** Time spent on this stage, all parts of an interrupted run together, milliseconds. */
  elapsedMs: number;
}

export function budgetOf(stage: { minutes?: number | undefined; samples?: number | undefined }): Budget {
  if (stage.samples !== undefined) return { kind: 'samples', samples: stage.samples };
  if (stage.minutes !== undefined) return { kind: 'minutes', minutes: stage.minutes };
  throw new Error('a stage without a budget');
}

/** Share of the stage that is done, 0..1; 1 means that it is over. */
export function progressOf(budget: Budget, spent: Spent): number {
  const share =
    budget.kind === 'samples' ? spent.samples / budget.samples : spent.elapsedMs / 60_000 / budget.minutes;
  return Math.min(share, 1);
}

/** Time that the rest will take if it goes on like this, milliseconds; null before anything is known. */
export function remainingMs(budget: Budget, spent: Spent, samplesPerSecond: number): number | null {
  if (budget.kind === 'minutes') return Math.max(0, budget.minutes * 60_000 - spent.elapsedMs);
  if (!(samplesPerSecond > 0)) return null;
  return (Math.max(0, budget.samples - spent.samples) / samplesPerSecond) * 1000;
}

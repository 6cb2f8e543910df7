/** Learning rate over the course of a stage: warm-up, then constant, cosine or steps. Pure. */

export type Schedule =
  | { kind: 'constant'; warmUp: number }
  /** Falls to `floor` times the rate along half a cosine (Loshchilov and Hutter 2017). */
  | { kind: 'cosine'; warmUp: number; floor: number }
  /** Multiplied by `factor` at each share of the stage in `at`. */
  | { kind: 'step'; warmUp: number; at: readonly number[]; factor: number };

/**
 * @param progress share of the stage that is done, 0..1
 * @returns what the stage's learning rate is multiplied by, 0..1; during warm-up it rises in proportion to progress
 */
export function rateAt(schedule: Schedule, progress: number): number {
  const { warmUp } = schedule;
  if (progress < warmUp) return progress / warmUp;
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'cosine': {
      const fall = Math.min((progress - warmUp) / (1 - warmUp), 1);
      return schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * fall))) / 2;
    }
    case 'step':
      return schedule.factor ** schedule.at.filter((share) => progress >= share).length;
  }
}

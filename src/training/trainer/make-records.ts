/** Makes the log's records out of what the loop knows. Pure. */

import type { RunProgress } from './checkpoint.ts';
import type { Recipe } from './recipe.ts';
import type { Position, RunRecord } from './run-records.ts';
import type { Interval, StageProgress } from './stage-run.ts';

export function positionOf(stage: string, { step, samples, elapsedMs }: StageProgress): Position {
  return { stage, step, samples, elapsedMs: Math.round(elapsedMs) };
}

/** Whether a record of the interrupted run still holds at the checkpoint. */
export function precedes(record: RunRecord, progress: RunProgress, { stages }: Recipe): boolean {
  if (record.type === 'run' || record.type === 'resumed') return true;
  if (record.type === 'end') return false;
  const order = stages.findIndex(({ name }) => name === record.stage);
  const present = stages.findIndex(({ name }) => name === progress.stage);
  if (order !== present) return order < present;
  return record.type === 'stage' || record.step <= progress.step;
}

export function intervalRecord(
  stage: string,
  at: StageProgress,
  interval: Interval,
  workers: number,
): RunRecord {
  const { seconds, samples, loss, terms, gradientNorm, rate, times } = interval;
  const whole = seconds * 1000 * workers;
  const { copyMs, computeMs, waitMs, updateMs } = times;
  const share = (ms: number): number => Number((ms / whole).toFixed(4));
  return {
    type: 'interval',
    ...positionOf(stage, at),
    samplesPerSecond: samples / seconds,
    rate,
    loss,
    terms,
    gradientNorm,
    time: {
      compute: share(computeMs),
      copy: share(copyMs),
      wait: share(waitMs),
      update: share(updateMs),
      idle: Math.max(0, share(whole - copyMs - computeMs - waitMs - updateMs)),
    },
  };
}

/** A run's records as lines for a terminal: where it stands, how fast, how long yet. Pure. */

import { budgetOf, progressOf, remainingMs } from './budget.ts';
import type { Recipe } from './recipe.ts';
import type { RunRecord } from './run-records.ts';

/** `passing` lines replace one another, `lasting` ones stay. */
export interface ProgressLine {
  kind: 'passing' | 'lasting';
  text: string;
}

/** @returns null for records that a person need not see */
export function progressLine(record: RunRecord, recipe: Recipe): ProgressLine | null {
  switch (record.type) {
    case 'stage': {
      const { stage, kind, frame, classes, trained } = record;
      const text = `stage ${stage} (${kind}): ${classes.length} classes, ${frame} px, ${millions(trained)} weights`;
      return { kind: 'lasting', text };
    }
    case 'resumed': {
      const refused = record.refused.map((reason) => `\n  passed over ${reason}`).join('');
      return { kind: 'lasting', text: `taken up at step ${record.step} of stage ${record.stage}${refused}` };
    }
    case 'interval': {
      const { stage, step, samplesPerSecond, loss } = record;
      const left = timeLeftMs(record, recipe);
      const parts = [
        `${stage} ${Math.round(shareDone(record, recipe) * 100)} %`,
        `step ${step}`,
        `loss ${loss.toFixed(3)}`,
        `${samplesPerSecond.toFixed(0)} examples/s`,
        ...(left === null ? [] : [`${duration(left)} left`]),
      ];
      return { kind: 'passing', text: parts.join('  ') };
    }
    case 'validation': {
      const { stage, step, result, best } = record;
      const figures = [
        ['visual mAP', result.seenMap],
        ['audio mAP', result.heardMap],
        ['CAM pointing', result.camPointing],
        ['K pointing', result.similarityPointing],
      ] as const;
      const shown = figures.flatMap(([name, value]) =>
        value === null ? [] : [`${name} ${value.toFixed(3)}`],
      );
      const text = `${stage} step ${step}: ${shown.join(', ')}${best ? ' (best so far)' : ''}`;
      return { kind: 'lasting', text };
    }
    case 'run':
    case 'checkpoint':
    case 'stage-end':
    case 'end':
      return null;
  }
}

type At = Extract<RunRecord, { type: 'interval' }>;

function stageOf(record: At, { stages }: Recipe): { index: number; share: number } {
  const index = stages.findIndex(({ name }) => name === record.stage);
  const stage = stages[index];
  return { index, share: stage === undefined ? 0 : progressOf(budgetOf(stage), record) };
}

const shareDone = (record: At, recipe: Recipe): number => stageOf(record, recipe).share;

/** Of the whole run; null where a later stage counts examples, whose pace is not known yet. */
function timeLeftMs(record: At, recipe: Recipe): number | null {
  const { index } = stageOf(record, recipe);
  const stage = recipe.stages[index];
  if (stage === undefined) return null;
  let left = remainingMs(budgetOf(stage), record, record.samplesPerSecond);
  for (const { minutes } of recipe.stages.slice(index + 1)) {
    if (left === null || minutes === undefined) return null;
    left += minutes * 60_000;
  }
  return left;
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

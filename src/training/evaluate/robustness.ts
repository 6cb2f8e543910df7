/** How the model stands what microphones and rooms do to sound. */

import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import type { SceneSource } from '../scenes/scene-source.ts';
import { ALTERATIONS, AlteredSound } from './altered-sound.ts';
import type { MapModel } from './map-model.ts';
import { rowsOf } from './methods.ts';
import { type EvaluationResult, shareOf } from './results.ts';
import { runEvaluation } from './run.ts';
import { Scorer } from './scorer.ts';
import type { SuitePart } from './suite.ts';
import { percent, type Table } from './tables.ts';
import { CLASS_PROTOCOL } from './truth-masks.ts';

export interface RobustnessOptions {
  model: MapModel;
  calibration: HeatCalibration;
  /** Composed scenes. */
  parts: readonly (SuitePart & { source: SceneSource })[];
  /** Examples of each alteration, dealt out over the parts as they are. */
  samples: number;
  seed: number;
  batchSize: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** One alteration's figures, of the same scenes as all others. */
export interface Robustness {
  name: string;
  result: EvaluationResult;
}

export async function measureRobustness(options: RobustnessOptions): Promise<Robustness[]> {
  const { model, calibration, parts, samples, seed, batchSize, onProgress, signal } = options;
  const whole = parts.reduce((sum, { count }) => sum + count, 0);
  const done: Robustness[] = [];
  for (const alteration of ALTERATIONS) {
    const scorer = new Scorer({
      shape: model.shape,
      rows: rowsOf(['ours']),
      calibration,
      protocol: CLASS_PROTOCOL,
      seed,
    });
    await runEvaluation({
      parts: parts.map(({ source, count, kindOf }) => ({
        source: new AlteredSound(source, alteration, seed),
        count: Math.round((samples * count) / whole),
        kindOf,
      })),
      model,
      firstStage: null,
      calibration,
      listeners: [scorer],
      batchSize,
      ...(signal === undefined ? {} : { signal }),
    });
    const result = scorer.result({ model: '', data: '', seed, remarks: [] });
    done.push({ name: alteration.name, result });
    onProgress?.(done.length, ALTERATIONS.length);
  }
  return done;
}

export function robustnessTable(measured: readonly Robustness[]): Table {
  const n = measured[0]?.result.samples ?? 0;
  return {
    title: `Sound through other microphones and rooms, % (the same ${n} examples in every row)`,
    note: 'Mean average precision of what is heard; sounding classes heard; examples in which another class is heard too; clips without sound of the classes in which one is heard; peaks of the shown map on the sounding object, gates included.',
    head: ['sound', 'audio mAP', 'heard', 'another too', 'false', 'pointing, gated'],
    rows: measured.map(({ name, result: { heardMap, gate, levels } }) => {
      const add = (rates: readonly { n: number; hits: number }[]): number | null =>
        shareOf({
          n: rates.reduce((sum, one) => sum + one.n, 0),
          hits: rates.reduce((sum, one) => sum + one.hits, 0),
        });
      return [
        name,
        percent(heardMap),
        percent(shareOf(gate.heard)),
        percent(shareOf(gate.wrong)),
        percent(add(gate.falseOpens.map(({ rate }) => rate))),
        percent(add(levels.flatMap(({ rows }) => rows['ours-gated']?.pointing ?? []))),
      ];
    }),
  };
}

/** From validation examples to the calibration that a model is served with. */

import type { ModelManifest } from '../../../model/manifest.ts';
import { EarsightError } from '../../../pipeline/errors.ts';
import { calibrateProbability } from '../../../pipeline/heatmap/calibrate.ts';
import { uncalibrated } from '../example.ts';
import type { MapModel } from '../map-model.ts';
import { runEvaluation } from '../run.ts';
import type { SuitePart } from '../suite.ts';
import { chooseMap, type MapChoice } from './choose-map.ts';
import { chooseGate, type GateChoice } from './gates.ts';
import { fitPlatt } from './platt.ts';
import { ValidationRecords } from './records.ts';

export type Calibration = ModelManifest['calibration'];

export interface CalibrationOptions {
  model: MapModel;
  /** Of the validation split, never of the test split; by sort, such as photos and drawn scenes. */
  sets: readonly (readonly SuitePart[])[];
  /** Of the examples, in words, for the manifest. */
  source: string;
  batchSize: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface CalibrationResult {
  calibration: Calibration;
  examples: number;
  gate: GateChoice;
  map: MapChoice;
}

/** @throws EarsightError `bad-dataset` for examples none of which says where anything sounds */
export async function calibrate(options: CalibrationOptions): Promise<CalibrationResult> {
  const { model, sets, batchSize, onProgress, signal } = options;
  const { classes, grid } = model.shape;
  const all: ValidationRecords[] = [];
  const total = sets
    .flat()
    .reduce((sum, { count, source }) => sum + Math.min(count, source.length ?? count), 0);
  let before = 0;
  for (const parts of sets) {
    const records = new ValidationRecords();
    await runEvaluation({
      parts,
      model,
      firstStage: null,
      calibration: uncalibrated(classes.length),
      listeners: [records],
      batchSize,
      onProgress: (done) => onProgress?.(before + done, total),
      ...(signal === undefined ? {} : { signal }),
    });
    before += records.probabilities.length;
    all.push(records);
  }
  const sounding = all.flatMap((records) => records.sounding.flat());
  if (!sounding.some(({ mask }) => mask !== null)) {
    throw new EarsightError(
      'bad-dataset',
      `None of the ${before} examples to calibrate on says where a class of the model sounds, so no map can be chosen. Give boxes or masks with the class, or leave out --calibrate.`,
    );
  }
  return calibrationOf(all, classes, grid, options.source);
}

/** The part without a network. */
export function calibrationOf(
  sets: readonly ValidationRecords[],
  classes: readonly string[],
  grid: { rows: number; cols: number },
  source: string,
): CalibrationResult {
  const probabilities = sets.flatMap((records) => records.probabilities);
  const rounded = ({ slope, intercept }: { slope: number; intercept: number }) => ({
    slope: Number(slope.toFixed(4)),
    intercept: Number(intercept.toFixed(4)),
  });
  const heard = classes.map((_, c) =>
    rounded(
      fitPlatt(
        probabilities.map(({ audio }) => audio[c]!),
        probabilities.map((record) => record.heard[c]!),
      ),
    ),
  );
  const seen = classes.map((_, c) =>
    rounded(
      fitPlatt(
        probabilities.map(({ visual }) => visual[c]!),
        probabilities.map((record) => record.seen[c]!),
      ),
    ),
  );
  const gate = chooseGate(
    probabilities.map(({ audio, heard: labels }) => ({
      heard: Float64Array.from(audio, (p, c) => calibrateProbability(p, heard[c]!)),
      sounds: Array.from(labels, (label) => label >= 0.5),
    })),
  );
  const maps = sets.map(({ sounding }) => sounding);
  const map = chooseMap(grid, maps, seen);
  const calibration: Calibration = {
    source,
    classes: classes.map((name, c) => ({
      name,
      heard: { ...heard[c]!, on: gate.on, off: gate.off },
      seen: seen[c]!,
      width: map.widths[c]!,
    })),
    similarity: map.similarity,
    cells: map.cells,
    mapThreshold: map.mapThreshold,
  };
  return { calibration, examples: probabilities.length, gate, map };
}

/** An evaluation from folder to files: the model, its data, calibration if asked for, tables, page, JSON. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Precision } from '../../model/load-manifest.ts';
import { writeAtomically } from '../trainer/atomic-file.ts';
import { type CalibrationResult, calibrate } from './calibration/calibrate.ts';
import { calibrationData } from './calibration/calibration-data.ts';
import { uncalibrated } from './example.ts';
import { LaterScorer } from './later/later-scorer.ts';
import { laterProtocol } from './later/protocol.ts';
import type { LaterResult } from './later/results.ts';
import { laterTables } from './later/tables.ts';
import type { Method } from './methods.ts';
import { rowsOf } from './methods.ts';
import { type DataChoice, DataOpener } from './open-data.ts';
import { CALIBRATION_FILE, openModel } from './open-model.ts';
import { FigureCollector } from './overlay.ts';
import { pageOf } from './page.ts';
import type { EvaluationResult } from './results.ts';
import { measureRobustness, type Robustness, robustnessTable } from './robustness.ts';
import { runEvaluation } from './run.ts';
import { Scorer } from './scorer.ts';
import type { Table } from './tables.ts';

export const RESULT_FILE = 'evaluation.json';
export const PAGE_FILE = 'evaluation.html';

export interface EvaluateOptions {
  /** Of the model, or of the run that trained it. */
  folder: string;
  /** Which of a served model's graphs. */
  precision: Precision;
  /** Of the first stage's run, for the row `multi-task`. */
  firstStage: string | null;
  data: DataChoice;
  methods: readonly Method[];
  /** Examples of the validation split to calibrate on first; 0: the calibration that the model has. */
  calibrationSamples: number;
  /** Examples of each alteration of sound; 0: none. */
  robustnessSamples: number;
  /** The protocols of later papers too. */
  later: boolean;
  /** Results go here; null: nowhere. */
  out: string | null;
  /** Told what is being done, and how far it is. */
  say: (what: string, done: number, total: number) => void;
  signal: AbortSignal;
}

export interface Evaluated {
  result: EvaluationResult;
  /** Beyond the result's own tables: of robustness and of later protocols. */
  more: Table[];
  robustness: Robustness[];
  /** Null where they were not asked for. */
  later: LaterResult | null;
  calibrated: CalibrationResult | null;
}

/** Examples that the network sees at once. */
const BATCH = 8;
const FIGURES = 24;

/** @throws EarsightError for models and data that do not serve; files are written whole or not at all */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated> {
  const { folder, data, methods, out, say, signal } = options;
  const opened = await openModel(folder, undefined, options.precision);
  const { model } = opened;
  const before =
    options.firstStage === null ? null : await openModel(options.firstStage, model.shape.frame.width);
  try {
    const opener = new DataOpener(opened, (done, total) => say('decoding', done, total));
    const calibrated = options.calibrationSamples === 0 ? null : await calibrateOn(opener, options, model);
    const calibration =
      calibrated?.calibration ?? opened.calibration ?? uncalibrated(model.shape.classes.length);
    const { parts, scenes, protocol, kind, description, remarks } = await opener.open(data);
    const rows = rowsOf(methods);
    const shared = { shape: model.shape, rows, calibration, seed: data.seed };
    const scorer = new Scorer({ ...shared, protocol });
    const laterScorer = options.later ? new LaterScorer({ ...shared, protocol: laterProtocol(kind) }) : null;
    const total = parts.reduce((sum, { count }) => sum + count, 0);
    const every = Math.max(1, Math.floor(total / (2 * FIGURES)));
    const figures = new FigureCollector(model.shape, calibration, { every, most: FIGURES, seed: data.seed });
    await runEvaluation({
      parts,
      model,
      firstStage: before?.model ?? null,
      calibration,
      listeners: [scorer, laterScorer, out === null ? null : figures].filter((one) => one !== null),
      batchSize: BATCH,
      onProgress: (done, of) => say('evaluating', done, of),
      signal,
    });
    const robustness =
      scenes === null || options.robustnessSamples === 0
        ? []
        : await measureRobustness({
            model,
            calibration,
            parts: scenes,
            samples: options.robustnessSamples,
            seed: data.seed,
            batchSize: BATCH,
            onProgress: (done, of) => say('altering sound', done, of),
            signal,
          });
    const isCalibrated = calibrated !== null || opened.calibration !== null;
    const result = scorer.result({
      model: opened.name,
      data: description,
      seed: data.seed,
      remarks: [
        ...(isCalibrated ? [] : ['not calibrated: gates open at the raw probability 0.3, as in the paper']),
        ...remarks,
      ],
    });
    const later = laterScorer?.result() ?? null;
    const more = [
      ...(later === null ? [] : laterTables(later, rows)),
      ...(robustness.length === 0 ? [] : [robustnessTable(robustness)]),
    ];
    if (out !== null) {
      await mkdir(out, { recursive: true });
      const json = { result, robustness, calibrated, ...(later === null ? {} : { later }) };
      await writeAtomically(join(out, RESULT_FILE), `${JSON.stringify(json, null, 2)}\n`);
      await writeAtomically(join(out, PAGE_FILE), pageOf(result, more, figures.figures, later?.remarks));
      if (calibrated !== null) {
        const text = `${JSON.stringify(calibrated.calibration, null, 2)}\n`;
        await writeAtomically(join(out, CALIBRATION_FILE), text);
      }
    }
    return { result, more, robustness, calibrated, later };
  } finally {
    await model.close();
    await before?.model.close();
  }
}

async function calibrateOn(
  opener: DataOpener,
  { data, calibrationSamples, say, signal }: EvaluateOptions,
  model: Awaited<ReturnType<typeof openModel>>['model'],
): Promise<CalibrationResult> {
  const { parts, description, scenes, samples } = await opener.open(
    calibrationData(data, calibrationSamples),
  );
  return await calibrate({
    model,
    sets: [parts],
    source:
      scenes === null
        ? `${samples} examples of ${description}.`
        : `${calibrationSamples} ${description}, seed ${data.seed}: a quarter each with one, two and three classes sounding in sight, half of these with a silent object of another class; 15 % silence, noise or foreign sound; 10 % sound off screen.`,
    batchSize: BATCH,
    onProgress: (done, total) => say('calibrating', done, total),
    signal,
  });
}

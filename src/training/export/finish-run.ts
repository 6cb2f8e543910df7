/**
 * From what a training run left to a model folder that can be served: calibrated on validation scenes, exported. A model
 * that is served already is calibrated anew.
 */

import type { ModelManifest } from '../../model/manifest.ts';
import type { OnnxGraph } from '../../model/tracer/onnx-file.ts';
import { type CalibrationResult, calibrate } from '../evaluate/calibration/calibrate.ts';
import { calibrationFigures } from '../evaluate/calibration/figures.ts';
import { type DataChoice, DataOpener } from '../evaluate/open-data.ts';
import { openModel } from '../evaluate/open-model.ts';
import { readTrained } from '../trainer/model-folder.ts';
import { classColour } from './class-colours.ts';
import { exportModel } from './export-model.ts';
import { quantisedGraph } from './quantised-graph.ts';
import { servingGraph } from './serving-graph.ts';

export interface FinishOptions {
  /** Of the finished run, or of a served model with its weights. */
  run: string;
  /** Where the model goes; may be the run's folder. */
  out: string;
  /** Of the model: lower-case letters, digits and dashes. */
  name: string;
  version: string;
  /**
   * Of the square picture that it is served with, pixels; null: as in the last stage, or as it is served. Larger shows finer,
   * and costs.
   */
  side: number | null;
  /** What it was trained on; its validation split calibrates it. */
  data: Pick<DataChoice, 'path' | 'scenes' | 'dataset' | 'seed'>;
  /** Validation examples with photos and recordings; a third as many drawn ones are added where the cast has them. */
  samples: number;
  /** Of a run; a served model keeps what its manifest says. */
  training: ModelManifest['training'];
  metrics: ModelManifest['metrics'];
  /** Told what is being done, and how far it is. */
  say: (what: string, done: number, total: number) => void;
  signal: AbortSignal;
}

const BATCH = 8;
/** Enough for averages of extremes to settle. */
const INT8_EXAMPLES = 240;

/** @throws EarsightError for runs and data that do not serve; the model folder is written whole or not at all */
export async function finishRun(
  options: FinishOptions,
): Promise<{ manifest: ModelManifest; calibrated: CalibrationResult }> {
  const { run, data, samples, say, signal } = options;
  const { description, weights, manifest: served } = await readTrained(run);
  const frame = options.side === null ? description.frame : { width: options.side, height: options.side };
  const { model, ...about } = await openModel(run, frame.width);
  const graph = servingGraph(description.network, weights, model.shape);
  let calibrated: CalibrationResult;
  let int8: OnnxGraph;
  try {
    const opener = new DataOpener({ model, ...about }, (done, total) => say('decoding', done, total));
    const choice = { ...data, split: 'validation' as const };
    const opened = [await opener.open({ ...choice, style: 'photo', samples })];
    // People point the demo scene's drawings at every model that knows some of them.
    if (data.path !== null && data.dataset === null && opened[0]!.hasDrawings) {
      opened.push(await opener.open({ ...choice, style: 'drawn', samples: Math.round(samples / 3) }));
    }
    const sets = opened.map((one) => one.parts);
    int8 = await quantisedGraph(graph, {
      shape: model.shape,
      parts: sets.flat(),
      examples: INT8_EXAMPLES,
      signal,
    });
    calibrated = await calibrate({
      model,
      sets,
      source: `${opened.map((one) => `${one.samples} ${one.description}`).join(' and ')}; seed ${data.seed}.`,
      batchSize: BATCH,
      onProgress: (done, total) => say('calibrating', done, total),
      signal,
    });
  } finally {
    await model.close();
  }
  const manifest = await exportModel(options.out, {
    name: options.name,
    version: options.version,
    description: description.description,
    network: description.network,
    weights,
    classes:
      served?.classes ?? description.classes.map((name, index) => ({ name, colour: classColour(index) })),
    frame,
    calibration: calibrated.calibration,
    graphs: { float32: graph, int8 },
    training: served?.training ?? options.training,
    metrics: { ...options.metrics, calibration: calibrationFigures(calibrated) },
  });
  return { manifest, calibrated };
}

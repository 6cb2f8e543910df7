/** Opens what is to be evaluated: a served model's folder, or what a training run left. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadManifest, onnxPath, type Precision } from '../../model/load-manifest.ts';
import { calibrationSchema } from '../../model/manifest.ts';
import { gridOf } from '../../model/network/options.ts';
import { readWeights } from '../../model/read-weights.ts';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { columnCount, type LogMelParameters, QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import type { Resampler } from '../../pipeline/prep/resize.ts';
import type { SampleShape } from '../sample.ts';
import { NETWORK_FILE, readModel, type TrainedModel } from '../trainer/model-folder.ts';
import type { Calibration } from './calibration/calibrate.ts';
import { evaluationGraph } from './network-graph.ts';
import { OnnxMapModel } from './onnx-map-model.ts';

/** Beside the weights of a run; a served model has it in its manifest. */
export const CALIBRATION_FILE = 'calibration.json';

export interface OpenedModel {
  name: string;
  model: OnnxMapModel;
  /** The front end that the model hears by. */
  logmel: LogMelParameters;
  resampler: Resampler;
  /** Null where nobody calibrated it yet. */
  calibration: Calibration | null;
}

/**
 * A folder with weights gives every map. One with a manifest alone gives what is served: no match map, and class
 * activation maps only where they are among the served tensors.
 *
 * @param precision - `int8` runs the served graph of that precision, whatever else is there
 * @param side - of the square picture, pixels, for weights that are to be run at another size than they were trained at
 * @throws EarsightError `model-missing`, `bad-manifest`, `model-mismatch`, `bad-weights`
 */
export async function openModel(
  folder: string,
  side?: number,
  precision: Precision = 'float32',
): Promise<OpenedModel> {
  if (existsSync(join(folder, 'manifest.json'))) return await openServed(folder, side, precision);
  if (existsSync(join(folder, NETWORK_FILE))) {
    return await openTrained(folder, await readModel(folder), side, await readCalibration(folder));
  }
  throw new EarsightError(
    'model-missing',
    `${folder} holds neither manifest.json nor ${NETWORK_FILE}: name the folder of a model, or of a training run that is finished.`,
  );
}

async function openServed(
  folder: string,
  side: number | undefined,
  precision: Precision,
): Promise<OpenedModel> {
  const served = await loadManifest(folder);
  const { name, calibration, logmel, frame, grid, classes } = served.manifest;
  const about = { name, calibration, logmel, resampler: frame.resampler };
  const shape: SampleShape = {
    classes: classes.map((one) => one.name),
    frame: { width: frame.width, height: frame.height },
    logmel: { columns: columnCount(logmel), mels: logmel.mels },
    grid,
  };
  const trained = precision === 'int8' ? null : await readWeights(served);
  if (trained === null) {
    return { ...about, model: await OnnxMapModel.open(onnxPath(served, precision), shape) };
  }
  const resized = side === undefined ? shape : atSide(shape, side);
  const graph = evaluationGraph(trained.network, trained.weights, resized);
  return { ...about, model: await OnnxMapModel.open(graph, resized) };
}

function atSide(shape: SampleShape, side: number): SampleShape {
  const frame = { width: side, height: side };
  return { ...shape, frame, grid: gridOf(frame) };
}

async function openTrained(
  folder: string,
  { description, weights }: TrainedModel,
  side: number | undefined,
  calibration: Calibration | null,
): Promise<OpenedModel> {
  const frame = side === undefined ? description.frame : { width: side, height: side };
  const shape: SampleShape = {
    classes: description.classes,
    frame,
    logmel: { columns: columnCount(QIAN_LOG_MEL), mels: QIAN_LOG_MEL.mels },
    grid: gridOf(frame),
  };
  const graph = evaluationGraph(description.network, weights, shape);
  return {
    name: folder,
    model: await OnnxMapModel.open(graph, shape),
    logmel: QIAN_LOG_MEL,
    resampler: 'area',
    calibration,
  };
}

async function readCalibration(folder: string): Promise<Calibration | null> {
  const path = join(folder, CALIBRATION_FILE);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new EarsightError('bad-manifest', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
  const parsed = calibrationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EarsightError(
    'bad-manifest',
    `${path} is no calibration: ${z.prettifyError(parsed.error)}. Delete it and calibrate again.`,
  );
}

/** One example as methods see it: the network's answers, calibrated, and the gates they open. */

import { calibrateProbability, type Logistic } from '../../pipeline/heatmap/calibrate.ts';
import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import type { Localization } from '../../pipeline/types.ts';
import type { MapOutputs } from './map-model.ts';

export interface Example {
  /** Number within its source; with the run's seed the seed of random maps. */
  index: number;
  localization: Localization;
  /** `[U, V]`; null where the network does not give it. */
  matchMap: Float32Array | null;
  /** `[C, U, V]` class activation maps of the first stage's network; null without one. */
  firstStage: Float32Array | null;
  /** Calibrated probability of each class. */
  heard: Float64Array;
  seen: Float64Array;
  /** Whether each class's gate opens on this frame alone. */
  open: boolean[];
}

/** Views of example `slot` of a batch of `size`. */
export function exampleOf(
  outputs: MapOutputs,
  firstStage: MapOutputs | null,
  { size, slot, index }: { size: number; slot: number; index: number },
  calibration: HeatCalibration,
): Example {
  const part = (all: Float32Array): Float32Array => {
    const length = all.length / size;
    return all.subarray(slot * length, (slot + 1) * length);
  };
  const partOf = (all: Float32Array | null | undefined): Float32Array | null =>
    all === null || all === undefined ? null : part(all);
  const activation = partOf(outputs.activation);
  const localization: Localization = {
    audioProbability: part(outputs.audioProbability),
    visualProbability: part(outputs.visualProbability),
    similarity: part(outputs.similarity),
    ...(activation === null ? {} : { activation }),
  };
  const calibrated = (raw: Float32Array, of: 'heard' | 'seen'): Float64Array =>
    Float64Array.from(raw, (p, c) => calibrateProbability(p, calibration.classes[c]![of]));
  const heard = calibrated(localization.audioProbability, 'heard');
  return {
    index,
    localization,
    matchMap: partOf(outputs.matchMap),
    firstStage: partOf(firstStage?.activation),
    heard,
    seen: calibrated(localization.visualProbability, 'seen'),
    open: calibration.classes.map((entry, c) => heard[c]! >= entry.heard.on),
  };
}

const AS_IS: Logistic = { slope: 1, intercept: 0 };
/** The paper's gate: "a threshold" there, 0.3 in all released code. */
export const PAPER_GATE = 0.3;

/** For a network that nobody calibrated: the paper's gate, and similarity from 0 to 1. */
export function uncalibrated(classes: number): HeatCalibration {
  return {
    classes: Array.from({ length: classes }, () => ({
      heard: { ...AS_IS, on: PAPER_GATE, off: PAPER_GATE },
      seen: AS_IS,
    })),
    similarity: { low: 0, high: 1 },
    mapThreshold: 0.3,
  };
}

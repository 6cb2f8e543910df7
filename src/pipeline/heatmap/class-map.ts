/** One class's map as it is shown: of fixed meaning, so that weak stays weak and nothing is stretched. */

import type { Localization } from '../types.ts';
import { type CellLogistic, calibrateCells, calibrateSimilarity, type SimilarityRange } from './calibrate.ts';

/** The part of a model's calibration that makes maps. */
export interface ClassMapCalibration {
  /** Used where `cells` is not given. */
  similarity: SimilarityRange;
  cells?: CellLogistic | undefined;
}

/**
 * Writes the heat of class `index`, 0..`gain`, `[U, V]`.
 *
 * @param strength - `seen`: calibrated probability of the class being seen; `gain`: that of its being heard
 */
export function writeClassMap(
  { similarity, cells }: ClassMapCalibration,
  localization: Localization,
  index: number,
  strength: { seen: number; gain: number },
  out: Float32Array,
): void {
  const offset = index * out.length;
  if (cells === undefined) {
    calibrateSimilarity(localization.similarity, offset, similarity, strength.gain, out);
  } else calibrateCells(cells, localization, offset, strength.seen, strength.gain, out);
}

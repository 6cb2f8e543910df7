/** How a model answers to sounds that are not in the picture (Juanola et al. 2024, vssl_eval). */

import { areaUnder, SUCCESS_THRESHOLDS } from './success.ts';
import { mean } from './sum.ts';

/** Share of the picture that is on, 0..1: of a negative the lower the better (pIA, published in per cent). */
export function imageArea(on: Uint8Array): number {
  let count = 0;
  for (const value of on) if (value !== 0) count++;
  return count / on.length;
}

/** Area under the share of negatives whose pIA is at most each of the 21 thresholds. */
export function imageAreaAuc(areas: readonly number[]): number {
  const curve = SUCCESS_THRESHOLDS.map(
    (threshold) => areas.filter((area) => area <= threshold).length / areas.length,
  );
  return areaUnder(curve);
}

/** `max`: the largest; `max10`: mean of the ten largest; `q3`: the third quartile. */
export type ThresholdStatistic = 'max' | 'max10' | 'q3';

/**
 * One threshold for a whole model: a statistic of the maxima of its maps on negatives. Model-specific: published ones do
 * not carry over.
 * @param maxima the largest value of each negative's map; at least one
 */
export function universalThreshold(maxima: readonly number[], statistic: ThresholdStatistic): number {
  const sorted = Float64Array.from(maxima).sort();
  const count = sorted.length;
  if (statistic === 'max') return sorted[count - 1]!;
  if (statistic === 'max10') return mean(sorted.subarray(Math.max(0, count - 10)));
  // numpy's linear interpolation between the neighbours.
  const place = 0.75 * (count - 1);
  const below = Math.floor(place);
  return sorted[below]! + (place - below) * (sorted[Math.min(count - 1, below + 1)]! - sorted[below]!);
}

/**
 * F_LOC: harmonic mean of the positives' mean cIoU and of what negatives leave dark, both 0..1 and at the threshold
 * `q3`.
 * @param area pIA, the mean over the kinds of negatives
 */
export function fLoc(ciou: number, area: number): number {
  const dark = 1 - area;
  return ciou + dark === 0 ? 0 : (2 * ciou * dark) / (ciou + dark);
}

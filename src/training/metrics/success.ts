/** How often a cIoU is good enough: the success rate at one threshold, and the area under it over all of them. */

import { sum } from './sum.ts';

/**
 * `0.05 * i` for `i` 0..20, as products in float64, as every published evaluation has them. 0.05 * 3 and 0.05 * 6 come
 * out just above 0.15 and 0.3, so that a cIoU of exactly 0.3 fails the latter.
 */
export const SUCCESS_THRESHOLDS: readonly number[] = Array.from({ length: 21 }, (_, i) => 0.05 * i);

/** Share of the values that are at least `threshold`, 0..1. Not-a-number for none. */
export function successShare(values: ArrayLike<number>, threshold: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! >= threshold) count++;
  return count / values.length;
}

/** Share of the values above `threshold`: AVGN's comparison. */
export function shareAbove(values: ArrayLike<number>, threshold: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > threshold) count++;
  return count / values.length;
}

/** Area under the success rate over the 21 thresholds, by trapezoids, 0..1 (Qian et al. 2020, Table 1). */
export function successAuc(values: ArrayLike<number>): number {
  return areaUnder(SUCCESS_THRESHOLDS.map((threshold) => successShare(values, threshold)));
}

/** Trapezoids of a curve over the 21 thresholds. */
export function areaUnder(curve: readonly number[]): number {
  const pieces = new Float64Array(curve.length - 1);
  for (let i = 0; i < pieces.length; i++) {
    const width = SUCCESS_THRESHOLDS[i + 1]! - SUCCESS_THRESHOLDS[i]!;
    pieces[i] = (width * (curve[i + 1]! + curve[i]!)) / 2;
  }
  return sum(pieces);
}

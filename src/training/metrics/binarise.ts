/** Where a map is on: the ways in which papers cut it, by name, since their results differ by tens of points. */

import { selectRank } from './select.ts';

/**
 * - `qian`: at least 0.1 of the maximum (Qian et al., SoundNet-Flickr).
 * - `eq9`: above 0.1 of the maximum (Qian et al., AudioSet-instrument).
 * - `simplified-0.5`, `simplified-0.001`: above that share of the maximum: `main.py` and `cal_metric.py` of the authors'
 *   simplified code.
 * - `median`: stretched to 0..1, then at least the element in the middle (EZ-VSL, SLAVC, AVGN).
 * - `median-strict`: above it (LVS, SSLalignment). Either way about half of the picture is on, whatever the map says.
 */
export type BinarisationName =
  | 'qian'
  | 'eq9'
  | 'simplified-0.5'
  | 'simplified-0.001'
  | 'median'
  | 'median-strict';

const RULES: Record<BinarisationName, (map: Float32Array) => Uint8Array<ArrayBuffer>> = {
  qian: (map) => shareOfMaximum(map, 0.1, 'at-least'),
  eq9: (map) => shareOfMaximum(map, 0.1, 'above'),
  'simplified-0.5': (map) => shareOfMaximum(map, 0.5, 'above'),
  'simplified-0.001': (map) => shareOfMaximum(map, 0.001, 'above'),
  median: (map) => byMedian(map, 'at-least'),
  'median-strict': (map) => byMedian(map, 'above'),
};

/** A fresh mask, 1 where the map is on. */
export function binarise(map: Float32Array, name: BinarisationName): Uint8Array<ArrayBuffer> {
  return RULES[name](map);
}

export type Comparison = 'above' | 'at-least';

/**
 * On where the map reaches `share` of its maximum. Negative values count as 0. A map without a positive value is off
 * everywhere: it has no maximum to be a share of.
 */
export function shareOfMaximum(
  map: Float32Array,
  share: number,
  comparison: Comparison,
): Uint8Array<ArrayBuffer> {
  let top = 0;
  for (const value of map) if (value > top) top = value;
  return top === 0 ? new Uint8Array(map.length) : cut(map, share * top, comparison);
}

/** On where the map reaches a fixed value, as models with a meaning of their own numbers allow. */
export function cut(map: Float32Array, threshold: number, comparison: Comparison): Uint8Array<ArrayBuffer> {
  const on = new Uint8Array(map.length);
  for (let i = 0; i < map.length; i++) {
    const value = map[i]!;
    if (comparison === 'above' ? value > threshold : value >= threshold) on[i] = 1;
  }
  return on;
}

/** The middle is element `floor(n / 2)` of the sorted map, 0-based; stretching does not change the order. */
function byMedian(map: Float32Array, comparison: Comparison): Uint8Array<ArrayBuffer> {
  return cut(map, selectRank(Float32Array.from(map), Math.floor(map.length / 2)), comparison);
}

/**
 * Exactly as many pixels on as the truth has, ties apart: above the element `n - count` of the sorted map
 * (SSLalignment's "adaptive"). Of an empty truth half the pixels.
 */
export function largest(map: Float32Array, count: number): Uint8Array<ArrayBuffer> {
  const wanted = count === 0 ? Math.floor(map.length / 2) : count;
  const threshold = selectRank(Float32Array.from(map), map.length - wanted);
  return cut(map, threshold, 'above');
}

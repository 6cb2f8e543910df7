/** How far below its likeliest cell the objects of each class end: a face is a blob, a rooster trails a tail. */

import { MapResizer } from '../../metrics/resize-map.ts';
import { SEARCH_SIDE, type SoundingClass } from './records.ts';

/** Tried, in log-odds. */
const STEP = 0.1;
const STEPS = 40;
/** So many examples of a class weigh as much as what is known of all classes. */
const PRIOR_EXAMPLES = 100;

/**
 * What to add to a width for all classes, so that it fits each: by the cut with the best mean IoU over its objects in sight,
 * drawn towards the mean of all classes where there are few. Sums to about 0; 0 for a class without objects.
 *
 * @param examples - of maps of `grid`
 * @param writeOdds - writes the log-odds that the source is in a cell, and gives the likeliest's
 */
export function classWidths(
  grid: { rows: number; cols: number },
  examples: readonly SoundingClass[],
  classes: number,
  writeOdds: (one: SoundingClass, out: Float32Array) => number,
): number[] {
  const odds = new Float32Array(grid.rows * grid.cols);
  const resizer = new MapResizer(grid, SEARCH_SIDE, 'bilinear');
  const ious = Array.from({ length: classes }, () => new Float64Array(STEPS));
  const counts = new Float64Array(classes);
  for (const one of examples) {
    if (one.mask === null) continue;
    const likeliest = writeOdds(one, odds);
    counts[one.classIndex]!++;
    addIous(resizer.resize(odds), likeliest, one.mask, ious[one.classIndex]!);
  }
  const best = ious.map((sums) => STEP * (1 + sums.indexOf(Math.max(...sums))));
  const found = best.filter((_, c) => counts[c]! > 0);
  const middle = found.reduce((a, b) => a + b, 0) / Math.max(1, found.length);
  return best.map((width, c) => {
    const weight = counts[c]! / (counts[c]! + PRIOR_EXAMPLES);
    return Number((weight * (width - middle)).toFixed(2));
  });
}

/** Adds the IoU of what lies less than 1, 2, ... steps below `likeliest` with `mask`. */
function addIous(odds: Float32Array, likeliest: number, mask: Uint8Array, sums: Float64Array): void {
  const inside = new Float64Array(STEPS);
  const outside = new Float64Array(STEPS);
  let masked = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const isMasked = mask[pixel] === 1;
    if (isMasked) masked++;
    const step = Math.max(0, Math.floor((likeliest - odds[pixel]!) / STEP));
    if (step < STEPS) (isMasked ? inside : outside)[step]!++;
  }
  let [hits, misses] = [0, 0];
  for (let step = 0; step < STEPS; step++) {
    hits += inside[step]!;
    misses += outside[step]!;
    sums[step]! += hits / Math.max(1, masked + misses);
  }
}

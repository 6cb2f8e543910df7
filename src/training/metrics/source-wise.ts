/** The metrics of mixtures judged one source at a time (Mo and Tian 2023, AVGN): CAP, PIAP and CIoU@0.3. */

import { averagePrecisionOf, meanOfKnown, type Ranked } from './average-precision.ts';
import { shareAbove } from './success.ts';
import { mean } from './sum.ts';

/** One source of a mixture, in its own picture, with the map of its class. */
export interface JudgedSource {
  classIndex: number;
  ciou: number;
  /** Of its pixels; see {@link pixelAp}. */
  pixelAp: number;
}

/**
 * - `avgn`: the published code hands scikit-learn its arguments in the wrong order: the binary prediction as truth and
 *   the truth as score.
 * - `map`: truth and (graded) map as they should be, as T-VSL does.
 */
export type ApOrder = 'avgn' | 'map';

/** Average precision over the pixels of one map; 0 where what counts as truth is empty, as scikit-learn has it. */
export function pixelAp(
  order: ApOrder,
  { map, on, truth }: { map: Ranked; on: Uint8Array; truth: Ranked },
): number {
  return (order === 'avgn' ? averagePrecisionOf(truth, on) : averagePrecisionOf(map, truth.scores)) ?? 0;
}

/** Class-aware: the mean over classes of the mean AP of their sources; null without sources. */
export function classAveragePrecision(sources: readonly JudgedSource[]): number | null {
  const classes = new Map<number, number[]>();
  for (const { classIndex, pixelAp: ap } of sources) {
    classes.set(classIndex, [...(classes.get(classIndex) ?? []), ap]);
  }
  return meanOfKnown([...classes.values()].map(mean));
}

/** Mean AP of all sources, whatever their class: what AVGN's code calls PIAP. Not-a-number for none. */
export function sourceAveragePrecision(sources: readonly JudgedSource[]): number {
  return mean(sources.map(({ pixelAp: ap }) => ap));
}

/**
 * Permutation-invariant: maps that belong to no class are given to the sources of their scene as suits them best.
 * @param ap `ap[map][source]` of one scene, as many maps as sources
 * @returns the best mean over all assignments
 */
export function permutationInvariantAp(ap: readonly (readonly number[])[]): number {
  const count = ap.length;
  const best = (map: number, taken: number): number => {
    if (map === count) return 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let source = 0; source < count; source++) {
      if ((taken & (1 << source)) !== 0) continue;
      most = Math.max(most, ap[map]![source]! + best(map + 1, taken | (1 << source)));
    }
    return most;
  };
  return best(0, 0) / count;
}

/** Share of sources whose cIoU is above 0.3 (strictly). */
export function sourcesFound(sources: readonly JudgedSource[], threshold = 0.3): number {
  return shareAbove(
    sources.map(({ ciou }) => ciou),
    threshold,
  );
}

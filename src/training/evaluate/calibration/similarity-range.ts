/** The range of similarity that is shown where heat is not made cell by cell. */

import type { SimilarityRange } from '../../../pipeline/heatmap/calibrate.ts';
import { coveredCells } from './covered-cells.ts';
import type { SoundingClass } from './records.ts';

/** Heat begins where three of four cells of the background lie below, and is full at the middle object's peak. */
export function similarityRange(
  grid: { rows: number; cols: number },
  all: readonly SoundingClass[],
): SimilarityRange {
  const background: number[] = [];
  const peaks: number[] = [];
  for (const { similarity, mask } of all) {
    const covered = coveredCells(grid, mask);
    let peak = -1;
    for (const [cell, share] of covered.entries()) {
      if (share === 0) background.push(similarity[cell]!);
      if (share > 0.5) peak = Math.max(peak, similarity[cell]!);
    }
    if (peak > -1) peaks.push(peak);
  }
  const quantile = (values: number[], share: number): number | undefined =>
    Float64Array.from(values).sort()[Math.floor(share * (values.length - 1))];
  const low = Number((quantile(background, 0.75) ?? 0).toFixed(4));
  const high = Number((quantile(peaks, 0.5) ?? 1).toFixed(4));
  return low < high ? { low, high } : { low: 0, high: 1 };
}

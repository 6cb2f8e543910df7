/** Where an object ends, and how abruptly. */

import type { ClassMapCalibration } from '../../../pipeline/heatmap/class-map.ts';

/** How heat is made; see the manifest's `calibration.cells`. */
export type HeatCells = NonNullable<ClassMapCalibration['cells']>;

export interface Outline {
  cells: HeatCells;
  /** Of each class, in place of that of `cells`. */
  widths: readonly number[];
}

/** Log-odds below the likeliest cell at which an object ends. */
const WIDTHS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.1, 2.5, 3];
/** How abruptly: tried with every width, and with the best and its neighbours. */
const STEEPNESS = 6;
const OTHER_STEEPNESS = [2, 4, 8, 12];

/**
 * First the width, then the steepness with that width and its neighbours: half as many trials as all pairs.
 *
 * @param deviations - of each class's width from the common one
 */
export function bestOutline(
  weights: Omit<HeatCells, 'width' | 'steepness'>,
  deviations: readonly number[],
  meritOf: (outline: Outline) => number,
): Outline & { merit: number } {
  const tried = (width: number, steepness: number): Outline & { merit: number } => {
    const outline = {
      cells: { ...weights, width, steepness },
      // No class's width below the least.
      widths: deviations.map((deviation) => Number(Math.max(WIDTHS[0]!, width + deviation).toFixed(2))),
    };
    return { ...outline, merit: meritOf(outline) };
  };
  const better = <T extends { merit: number }>(a: T, b: T): T => (b.merit > a.merit ? b : a);
  const first = WIDTHS.map((width) => tried(width, STEEPNESS)).reduce(better);
  const at = WIDTHS.indexOf(first.cells.width);
  const near = WIDTHS.slice(Math.max(0, at - 1), at + 2);
  return OTHER_STEEPNESS.flatMap((steepness) => near.map((width) => tried(width, steepness))).reduce(
    better,
    first,
  );
}

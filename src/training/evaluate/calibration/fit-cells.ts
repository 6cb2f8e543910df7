/** The log-odds that the source is in a cell, from what the network says of it. */

import { type CellLogistic, logActivation, logOdds } from '../../../pipeline/heatmap/calibrate.ts';
import { coveredCells } from './covered-cells.ts';
import { fitLogistic } from './logistic-fit.ts';
import type { SoundingClass } from './records.ts';

/** What the log-odds are made of; see the manifest's `calibration.cells`. */
export type CellWeights = Omit<CellLogistic, 'width' | 'steepness'>;

/** Which of the network's numbers a kind of map uses. */
export const KINDS = [
  { name: 'K', similarity: true, activation: false, seen: false },
  { name: 'K and seen', similarity: true, activation: false, seen: true },
  { name: 'CAM', similarity: false, activation: true, seen: false },
  { name: 'CAM and seen', similarity: false, activation: true, seen: true },
  { name: 'K and CAM', similarity: true, activation: true, seen: false },
  { name: 'K, CAM and seen', similarity: true, activation: true, seen: true },
] as const;
export type MapKind = (typeof KINDS)[number];
const RIDGE = 1;

/** Logistic regression of "this cell belongs to the object that sounds" on what the network says of the cell. */
export function fitCells(
  grid: { rows: number; cols: number },
  all: readonly SoundingClass[],
  kind: MapKind,
  seenOf: (one: SoundingClass) => number,
): CellWeights {
  const cells = grid.rows * grid.cols;
  const rows = all.length * cells;
  const column = (): Float64Array => new Float64Array(rows);
  const [similarity, activation, seen, target] = [column(), column(), column(), column()];
  for (const [number, one] of all.entries()) {
    const at = number * cells;
    const odds = kind.seen ? logOdds(seenOf(one)) : 0;
    const covered = coveredCells(grid, one.mask);
    for (let cell = 0; cell < cells; cell++) {
      similarity[at + cell] = kind.similarity ? one.similarity[cell]! : 0;
      activation[at + cell] = kind.activation ? logActivation(one.activation![cell]!) : 0;
      seen[at + cell] = odds;
      target[at + cell] = covered[cell]!;
    }
  }
  const ones = column().fill(1);
  const features = [
    ...(kind.similarity ? [similarity] : []),
    ...(kind.activation ? [activation] : []),
    ...(kind.seen ? [seen] : []),
    ones,
  ];
  const prior = features.map(() => 0);
  const fitted = fitLogistic({ features, target }, prior, RIDGE);
  let next = 0;
  return {
    similarity: kind.similarity ? rounded(fitted[next++]!) : 0,
    activation: kind.activation ? rounded(fitted[next++]!) : 0,
    seen: kind.seen ? rounded(fitted[next++]!) : 0,
    offset: rounded(fitted[next]!),
  };
}

/** As the manifest shows it, so that what is judged is what is written. */
const rounded = (value: number): number => Number(value.toFixed(4));

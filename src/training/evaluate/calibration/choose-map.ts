/** Which map is shown: K, class activation or both, with or without what is seen; and where an object ends. */

import {
  type CellLogistic,
  calibrateCells,
  calibrateProbability,
  type Logistic,
  logActivation,
  logOdds,
  type SimilarityRange,
} from '../../../pipeline/heatmap/calibrate.ts';
import { MapJudge, type MapJudgement, type MapWriter, merit } from './judge-map.ts';
import { fitLogistic } from './logistic-fit.ts';
import { SEARCH_SIDE, type SoundingClass } from './records.ts';

/** One way that was tried. */
export interface MapCandidate {
  name: string;
  cells: CellLogistic;
  judgement: MapJudgement;
  merit: number;
}

export interface MapChoice {
  cells: CellLogistic;
  name: string;
  judgement: MapJudgement;
  /** Class activation maps alone; null where the network does not give them. */
  cam: MapJudgement | null;
  /** K alone, stretched to 0..1 (the paper's). */
  paper: MapJudgement;
  /** The best of every kind, best first. */
  candidates: MapCandidate[];
  /** Of the shown map: the share of its maximum that fits objects best. */
  mapThreshold: number;
  similarity: SimilarityRange;
}

/** Which of the network's numbers a kind of map uses. */
const KINDS = [
  { name: 'K', similarity: true, activation: false, seen: false },
  { name: 'K and seen', similarity: true, activation: false, seen: true },
  { name: 'CAM', similarity: false, activation: true, seen: false },
  { name: 'CAM and seen', similarity: false, activation: true, seen: true },
  { name: 'K and CAM', similarity: true, activation: true, seen: false },
  { name: 'K, CAM and seen', similarity: true, activation: true, seen: true },
] as const;
/** Log-odds below the likeliest cell at which an object ends, and how abruptly. */
const WIDTHS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.1, 2.5, 3];
const STEEPNESS = [2, 4, 8, 12];
const RIDGE = 1;

/**
 * @param sets - examples of each sort: a map is as good as on the sort that it is worst on, so that what is easy (drawn
 * scenes) does not pay for what is not (photos)
 * @param seen - calibration of each class's probability of being seen
 */
export function chooseMap(
  grid: { rows: number; cols: number },
  sets: readonly (readonly (readonly SoundingClass[])[])[],
  seen: readonly Logistic[],
): MapChoice {
  const judge = new MapJudge(grid, sets.flat());
  const all = sets.flat(2);
  const hasActivation = all.every(({ activation }) => activation !== null);
  const camOf = (by: MapJudge): MapJudgement | null =>
    hasActivation ? by.judge(({ activation }, out) => out.set(activation!)) : null;
  const judges = sets
    .filter((examples) => examples.some((classes) => classes.some(({ mask }) => mask !== null)))
    .map((examples) => new MapJudge(grid, examples))
    .map((by) => ({ by, reference: camOf(by) }));
  const paper = judge.judge(({ similarity }, out) => {
    const low = similarity.reduce((a, b) => Math.min(a, b), Infinity);
    for (let cell = 0; cell < out.length; cell++) out[cell] = similarity[cell]! - low;
  });
  const seenOf = ({ classIndex, seen: raw }: SoundingClass): number =>
    calibrateProbability(raw, seen[classIndex]!);
  const writerOf =
    (cells: CellLogistic): MapWriter =>
    (one, out) =>
      writeCells(cells, one, seenOf(one), out);
  const kinds = KINDS.filter(({ activation }) => hasActivation || !activation);
  const candidates = kinds.map((kind): MapCandidate => {
    const tried = outlined(fitCells(grid, all, kind, seenOf)).map((cells) => ({
      cells,
      merit: Math.min(...judges.map(({ by, reference }) => merit(by.judge(writerOf(cells)), reference))),
    }));
    const best = tried.reduce((a, b) => (b.merit > a.merit ? b : a));
    return { name: kind.name, ...best, judgement: judge.judge(writerOf(best.cells)) };
  });
  candidates.sort((a, b) => b.merit - a.merit);
  const [chosen] = candidates;
  const { name, cells, judgement } = chosen!;
  return {
    cells,
    name,
    judgement,
    cam: camOf(judge),
    paper,
    candidates,
    mapThreshold: judge.bestShare(writerOf(cells)),
    similarity: rangeOf(grid, all),
  };
}

function writeCells(cells: CellLogistic, one: SoundingClass, seen: number, out: Float32Array): void {
  const { similarity, activation } = one;
  calibrateCells(cells, { similarity, activation: activation ?? undefined }, 0, seen, 1, out);
}

/** Logistic regression of "this cell belongs to the object that sounds" on what the network says of the cell. */
function fitCells(
  grid: { rows: number; cols: number },
  all: readonly SoundingClass[],
  kind: (typeof KINDS)[number],
  seenOf: (one: SoundingClass) => number,
): Omit<CellLogistic, 'width' | 'steepness'> {
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
    similarity: kind.similarity ? fitted[next++]! : 0,
    activation: kind.activation ? fitted[next++]! : 0,
    seen: kind.seen ? fitted[next++]! : 0,
    offset: fitted[next]!,
  };
}

/** Heat begins where three of four cells of the background lie below, and is full at the middle object's peak. */
function rangeOf(grid: { rows: number; cols: number }, all: readonly SoundingClass[]): SimilarityRange {
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
  const low = rounded(quantile(background, 0.75) ?? 0);
  const high = rounded(quantile(peaks, 0.5) ?? 1);
  return low < high ? { low, high } : { low: 0, high: 1 };
}

/** Share of each cell inside the mask, 0..1; nothing of a sound off screen. */
function coveredCells({ rows, cols }: { rows: number; cols: number }, mask: Uint8Array | null): Float64Array {
  const share = new Float64Array(rows * cols);
  if (mask === null) return share;
  const counts = new Float64Array(rows * cols);
  for (let y = 0; y < SEARCH_SIDE; y++) {
    const row = Math.floor((y * rows) / SEARCH_SIDE);
    for (let x = 0; x < SEARCH_SIDE; x++) {
      const cell = row * cols + Math.floor((x * cols) / SEARCH_SIDE);
      counts[cell]!++;
      share[cell]! += mask[y * SEARCH_SIDE + x]!;
    }
  }
  return share.map((inside, cell) => inside / counts[cell]!);
}

function outlined(fitted: Omit<CellLogistic, 'width' | 'steepness'>): CellLogistic[] {
  const { similarity, activation, seen, offset } = fitted;
  const weights = {
    similarity: rounded(similarity),
    activation: rounded(activation),
    seen: rounded(seen),
    offset: rounded(offset),
  };
  return STEEPNESS.flatMap((steepness) => WIDTHS.map((width) => ({ ...weights, width, steepness })));
}

/** As the manifest shows it, so that what is judged is what is written. */
const rounded = (value: number): number => Number(value.toFixed(4));

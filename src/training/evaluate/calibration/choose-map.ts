/** Which map is shown: K, class activation or both, with or without what is seen; and where an object ends. */

import {
  type CellMaps,
  calibrateCells,
  calibrateProbability,
  type Logistic,
  logActivation,
  logOdds,
  type SimilarityRange,
  writeLogOdds,
} from '../../../pipeline/heatmap/calibrate.ts';
import type { ClassMapCalibration } from '../../../pipeline/heatmap/class-map.ts';
import { MapUpsampler } from '../../../pipeline/heatmap/upsample.ts';
import { classWidths } from './class-widths.ts';
import { MapJudge, type MapJudgement, type MapWriter, merit } from './judge-map.ts';
import { fitLogistic } from './logistic-fit.ts';
import { SEARCH_SIDE, type SoundingClass } from './records.ts';

/** How heat is made; see the manifest's `calibration.cells`. */
type HeatCells = NonNullable<ClassMapCalibration['cells']>;
type Outline = Pick<MapCandidate, 'cells' | 'widths'>;
type FittedCells = Omit<HeatCells, 'width' | 'steepness' | 'upsample'>;

/** One way that was tried. */
export interface MapCandidate {
  name: string;
  cells: HeatCells;
  /** Of each class, in place of that of `cells`. */
  widths: readonly number[];
  judgement: MapJudgement;
  merit: number;
}

export interface MapChoice {
  cells: HeatCells;
  /** Of each class, in place of that of `cells`. */
  widths: readonly number[];
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
/** Log-odds below the likeliest cell at which an object ends. */
const WIDTHS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.1, 2.5, 3];
/** How abruptly: tried with every width, and with the best and its neighbours. */
const STEEPNESS = 6;
const OTHER_STEEPNESS = [2, 4, 8, 12];
/**
 * On the network's own cells an outline is drawn in straight lines from one to the next, and the steeper the coarser. On
 * half as wide ones, success on validation scenes rose by 1 to 7 points at every cut of every level.
 */
const UPSAMPLE = 2;
const RIDGE = 1;

/**
 * @param sets - examples of each sort: a map is as good as on the sort that it is worst on, so that what is easy (drawn
 * scenes) does not pay for what is not (photos). The first says how wide each class is: what the model is for
 * @param seen - calibration of each class's probability of being seen
 */
export function chooseMap(
  grid: { rows: number; cols: number },
  sets: readonly (readonly (readonly SoundingClass[])[])[],
  seen: readonly Logistic[],
): MapChoice {
  const all = sets.flat(2);
  const hasActivation = all.every(({ activation }) => activation !== null);
  const camOf = (by: MapJudge): MapJudgement | null =>
    hasActivation ? by.judge(({ activation }, out) => out.set(activation!)) : null;
  const heat = { rows: grid.rows * UPSAMPLE, cols: grid.cols * UPSAMPLE };
  const shown = upsampled(sets, new MapUpsampler(grid, heat), heat);
  const judge = new MapJudge(heat, shown.flat());
  // The reference is judged as its papers enlarge it: from the network's own cells.
  const judges = sets
    .map((examples, sort) => ({ examples, by: new MapJudge(heat, shown[sort]!) }))
    .filter(({ examples }) => examples.some((classes) => classes.some(({ mask }) => mask !== null)))
    .map(({ examples, by }) => ({ by, reference: camOf(new MapJudge(grid, examples)) }));
  const ofNetwork = new MapJudge(grid, sets.flat());
  const paper = ofNetwork.judge(({ similarity }, out) => {
    const low = similarity.reduce((a, b) => Math.min(a, b), Infinity);
    for (let cell = 0; cell < out.length; cell++) out[cell] = similarity[cell]! - low;
  });
  const seenOf = ({ classIndex, seen: raw }: SoundingClass): number =>
    calibrateProbability(raw, seen[classIndex]!);
  const writerOf = ({ cells, widths }: Outline): MapWriter => {
    const weights = widths.map((width) => ({ ...cells, width }));
    return (one, out) => calibrateCells(weights[one.classIndex]!, mapsOf(one), seenOf(one), 1, out);
  };
  const kinds = KINDS.filter(({ activation }) => hasActivation || !activation);
  const candidates = kinds.map((kind): MapCandidate => {
    const fitted = fitCells(grid, all, kind, seenOf);
    const deviations = classWidths(heat, shown[0]!.flat(), seen.length, (one, out) =>
      writeLogOdds(fitted, mapsOf(one), seenOf(one), out),
    );
    const best = bestOutline(fitted, deviations, (outline) =>
      Math.min(...judges.map(({ by, reference }) => merit(by.judge(writerOf(outline)), reference))),
    );
    return { name: kind.name, ...best, judgement: judge.judge(writerOf(best)) };
  });
  candidates.sort((a, b) => b.merit - a.merit);
  const [chosen] = candidates;
  const { name, cells, widths, judgement } = chosen!;
  return {
    cells,
    widths,
    name,
    judgement,
    cam: camOf(ofNetwork),
    paper,
    candidates,
    mapThreshold: judge.bestShare(writerOf(chosen!)),
    similarity: rangeOf(grid, all),
  };
}

/** The same examples with maps of the heat's grid. */
function upsampled(
  sets: readonly (readonly (readonly SoundingClass[])[])[],
  upsampler: MapUpsampler,
  { rows, cols }: { rows: number; cols: number },
): SoundingClass[][][] {
  const enlarge = (map: Float32Array): Float32Array => {
    const out = new Float32Array(rows * cols);
    upsampler.write(map, out);
    return out;
  };
  const ofHeat = (one: SoundingClass): SoundingClass => ({
    ...one,
    similarity: enlarge(one.similarity),
    activation: one.activation === null ? null : enlarge(one.activation),
  });
  return sets.map((examples) => examples.map((classes) => classes.map(ofHeat)));
}

function mapsOf({ similarity, activation }: SoundingClass): CellMaps {
  return { similarity, activation: activation ?? undefined };
}

/** Logistic regression of "this cell belongs to the object that sounds" on what the network says of the cell. */
function fitCells(
  grid: { rows: number; cols: number },
  all: readonly SoundingClass[],
  kind: (typeof KINDS)[number],
  seenOf: (one: SoundingClass) => number,
): FittedCells {
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

/** First the width, then the steepness with that width and its neighbours: half as many trials as all pairs. */
function bestOutline(
  weights: FittedCells,
  deviations: readonly number[],
  meritOf: (outline: Outline) => number,
): Outline & { merit: number } {
  const tried = (width: number, steepness: number): Outline & { merit: number } => {
    const outline = {
      cells: { ...weights, width, steepness, upsample: UPSAMPLE },
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

/** As the manifest shows it, so that what is judged is what is written. */
const rounded = (value: number): number => Number(value.toFixed(4));

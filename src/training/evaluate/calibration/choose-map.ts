/** Which map is shown: K, class activation or both, with or without what is seen; and where an object ends. */

import {
  type CellMaps,
  calibrateCells,
  calibrateProbability,
  type Logistic,
  type SimilarityRange,
  writeLogOdds,
} from '../../../pipeline/heatmap/calibrate.ts';
import { heatGrid } from '../../../pipeline/heatmap/class-map.ts';
import { MapUpsampler } from '../../../pipeline/heatmap/upsample.ts';
import { classWidths } from './class-widths.ts';
import { fitCells, KINDS } from './fit-cells.ts';
import { MapJudge, type MapJudgement, type MapWriter, merit } from './judge-map.ts';
import { bestOutline, type Outline } from './outline.ts';
import type { SoundingClass } from './records.ts';
import { similarityRange } from './similarity-range.ts';

/** One way that was tried. */
export interface MapCandidate extends Outline {
  name: string;
  judgement: MapJudgement;
  merit: number;
}

/** The best way, and what it was chosen from. */
export interface MapChoice extends MapCandidate {
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

/**
 * On the network's own cells an outline is drawn in straight lines from one to the next, and the steeper the coarser. On
 * half as wide ones, success on validation scenes rose by 1 to 7 points at every cut of every level.
 */
const UPSAMPLE = 2;

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
  const heat = heatGrid(grid, { cells: { upsample: UPSAMPLE } });
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
    const best = bestOutline({ ...fitted, upsample: UPSAMPLE }, deviations, (outline) =>
      Math.min(...judges.map(({ by, reference }) => merit(by.judge(writerOf(outline)), reference))),
    );
    return { name: kind.name, ...best, judgement: judge.judge(writerOf(best)) };
  });
  candidates.sort((a, b) => b.merit - a.merit);
  const chosen = candidates[0]!;
  return {
    ...chosen,
    cam: camOf(ofNetwork),
    paper,
    candidates,
    mapThreshold: judge.bestShare(writerOf(chosen)),
    similarity: similarityRange(grid, all),
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

/** How good a way of making maps is, on validation examples: what the choice between candidates goes by. */

import { successThreshold } from '../../metrics/class-aware.ts';
import { cutIous } from '../../metrics/cut-ious.ts';
import { hottest } from '../../metrics/pointing.ts';
import { MapResizer } from '../../metrics/resize-map.ts';
import { successAuc, successShare } from '../../metrics/success.ts';
import { mean } from '../../metrics/sum.ts';
import { MAP_THRESHOLDS } from '../results.ts';
import { SEARCH_SIDE, type SoundingClass } from './records.ts';

/** Writes `[U, V]` of one class of one example. */
export type MapWriter = (sounding: SoundingClass, out: Float32Array) => void;

/** By level (1 to 3), then by cut (see `MAP_THRESHOLDS`). */
export interface MapJudgement {
  success: number[][];
  auc: number[][];
  /** By level. */
  pointing: number[];
  /** Median of the maps' hottest cells, of classes that sound in sight and of those that sound off screen. */
  peak: { inSight: number; offScreen: number };
}

const LEVELS = [1, 2, 3] as const;
/** Tried for the box around what is shown. */
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

export class MapJudge {
  readonly #examples: readonly (readonly SoundingClass[])[];
  readonly #offScreen: readonly SoundingClass[];
  readonly #resizer: MapResizer;
  readonly #cells: Float32Array;
  readonly #map = new Float32Array(SEARCH_SIDE ** 2);

  constructor(grid: { rows: number; cols: number }, examples: readonly (readonly SoundingClass[])[]) {
    this.#examples = examples
      .map((classes) => classes.filter(({ mask }) => mask !== null))
      .filter((classes) => classes.length > 0);
    this.#offScreen = examples.flat().filter(({ mask }) => mask === null);
    this.#resizer = new MapResizer(grid, SEARCH_SIDE, 'bilinear');
    this.#cells = new Float32Array(grid.rows * grid.cols);
  }

  /** The share of its maximum at which the map fits objects best: the largest mean cIoU over sounding classes. */
  bestShare(write: MapWriter): number {
    const totals = SHARES.map(() => 0);
    for (const sounding of this.#examples.flat()) {
      write(sounding, this.#cells);
      const map = this.#resizer.resize(this.#cells, 0, this.#map);
      cutIous(map, largest(map), sounding.mask!, SHARES).forEach((iou, index) => (totals[index]! += iou));
    }
    return SHARES[totals.indexOf(Math.max(...totals))]!;
  }

  judge(write: MapWriter): MapJudgement {
    const cious = LEVELS.map(() => MAP_THRESHOLDS.map((): number[] => []));
    const hits = LEVELS.map((): number[] => []);
    const peaks: number[] = [];
    for (const classes of this.#examples) {
      const level = Math.min(LEVELS.length, classes[0]!.level) - 1;
      const judged = classes.map((sounding) => {
        write(sounding, this.#cells);
        peaks.push(largest(this.#cells));
        const map = this.#resizer.resize(this.#cells, 0, this.#map);
        const at = hottest(map);
        hits[level]!.push(at !== null && sounding.mask![at] === 1 ? 1 : 0);
        return cutIous(map, at === null ? 0 : map[at]!, sounding.mask!, MAP_THRESHOLDS);
      });
      MAP_THRESHOLDS.forEach((_, cut) => cious[level]![cut]!.push(mean(judged.map((own) => own[cut]!))));
    }
    const figures = (of: (values: number[], level: number) => number): number[][] =>
      cious.map((cuts, index) =>
        cuts.map((values) => (values.length === 0 ? 0 : of(values, LEVELS[index]!))),
      );
    return {
      success: figures((values, level) => successShare(values, successThreshold(level))),
      auc: figures(successAuc),
      pointing: hits.map((values) => (values.length === 0 ? 0 : mean(values))),
      peak: {
        inSight: median(peaks),
        offScreen: median(
          this.#offScreen.map((sounding) => {
            write(sounding, this.#cells);
            return largest(this.#cells);
          }),
        ),
      },
    };
  }
}

function largest(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function median(values: readonly number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? 0;
}

/** Shortfalls behind the reference count this much more than gains. */
const SHORTFALL = 9;
/** Success must lie above the reference by this, so that chance on other examples does not turn it round. */
const MARGIN = 0.01;

/** A sounding object in sight is to show at least this hot at the middle of all examples. */
const WANTED_PEAK = 0.6;

/**
 * One number: mean success, area and pointing, less what falls short of the reference at any cut of any level or in
 * pointing, and less what is too faint to be seen, or as hot off screen as in sight.
 */
export function merit(own: MapJudgement, reference: MapJudgement | null): number {
  const success = own.success.flat();
  const short = (wanted: readonly number[], reached: readonly number[], margin: number): number[] =>
    wanted.map((value, i) => Math.max(0, value + margin - reached[i]!));
  const shortfalls =
    reference === null
      ? [0]
      : [...short(reference.success.flat(), success, MARGIN), ...short(reference.pointing, own.pointing, 0)];
  const { inSight, offScreen } = own.peak;
  const faint = Math.max(0, WANTED_PEAK - inSight) + 0.1 * Math.min(inSight, offScreen);
  return mean(success) + mean(own.auc.flat()) + mean(own.pointing) - SHORTFALL * mean(shortfalls) - faint;
}

/**
 * vssl_eval (Juanola et al. 2024) over many examples: one threshold for the whole model, taken from its negatives. It is
 * known when the last example was seen, so that what would come of each of 1024 thresholds is counted, and no map kept.
 */

import { fLoc, type ThresholdStatistic, universalThreshold } from '../../metrics/negatives.ts';
import { areaUnder, SUCCESS_THRESHOLDS } from '../../metrics/success.ts';
import { mean } from '../../metrics/sum.ts';

export const STATISTICS = ['max', 'max10', 'q3'] as const satisfies readonly ThresholdStatistic[];

/** Shares, 0..1. */
export interface VsslFigures {
  /** On the map's own scale; the first of those that are counted from the statistic on. */
  threshold: number;
  /** Mean over the positives. */
  ciou: number;
  auc: number;
  /** By kind of negative: mean area that is on (pIA), and the area under the share of maps with as little (AOC). */
  negatives: { kind: string; area: number; aoc: number }[];
  fLoc: number;
}

/** A power of two, so that steps are exact. */
const STEPS = 1024;
const LEVELS = SUCCESS_THRESHOLDS.length;

/** Of each threshold `step / STEPS`: the sum of a share, and how many were of each of the 22 grades. */
class Curve {
  readonly sums = new Float64Array(STEPS + 1);
  readonly #grades = new Uint32Array((STEPS + 1) * (LEVELS + 1));
  n = 0;

  /** @param grade of the 21 success thresholds, how many a share reaches */
  add(shares: Float64Array, grade: (share: number) => number): void {
    this.n++;
    for (let step = 0; step <= STEPS; step++) {
      const share = shares[step]!;
      this.sums[step]! += share;
      this.#grades[step * (LEVELS + 1) + grade(share)]!++;
    }
  }

  mean(step: number): number {
    return this.sums[step]! / this.n;
  }

  /** Area under the share of examples whose grade is above each of the 21 numbers. */
  area(step: number): number {
    const curve = new Array<number>(LEVELS).fill(0);
    for (let level = 0; level < LEVELS; level++) {
      for (let grade = level + 1; grade <= LEVELS; grade++) {
        curve[level]! += this.#grades[step * (LEVELS + 1) + grade]! / this.n;
      }
    }
    return areaUnder(curve);
  }
}

export class VsslTally {
  readonly #isBounded: boolean;
  readonly #positives = new Curve();
  readonly #negatives = new Map<string, Curve>();
  readonly #maxima: number[] = [];
  readonly #inside = new Float64Array(STEPS + 1);
  readonly #outside = new Uint32Array(STEPS + 1);
  readonly #shares = new Float64Array(STEPS + 1);

  /** @param isBounded maps are from 0 to 1; others from 0 on are counted at thresholds of v / (1 + v) */
  constructor(isBounded: boolean) {
    this.#isBounded = isBounded;
  }

  addPositive(map: Float32Array, truth: Uint8Array | Float32Array): void {
    const inside = this.#inside.fill(0);
    const outside = this.#outside.fill(0);
    let whole = 0;
    for (let i = 0; i < map.length; i++) {
      const step = this.#stepOf(map[i]!);
      const weight = truth[i]!;
      whole += weight;
      if (weight === 0) outside[step]!++;
      else inside[step]! += weight;
    }
    let both = 0;
    let beyond = 0;
    for (let step = STEPS; step >= 0; step--) {
      // Here are the pixels above step / STEPS, whose own step is a later one.
      this.#shares[step] = both === 0 ? 0 : both / (whole + beyond);
      both += inside[step]!;
      beyond += outside[step]!;
    }
    this.#positives.add(this.#shares, successGrade);
  }

  addNegative(kind: string, map: Float32Array): void {
    const counts = this.#outside.fill(0);
    let top = 0;
    for (const value of map) {
      counts[this.#stepOf(value)]!++;
      if (value > top) top = value;
    }
    this.#maxima.push(top);
    let on = 0;
    for (let step = STEPS; step >= 0; step--) {
      this.#shares[step] = on / map.length;
      on += counts[step]!;
    }
    const curve = this.#negatives.get(kind) ?? new Curve();
    this.#negatives.set(kind, curve);
    curve.add(this.#shares, areaGrade);
  }

  /** Number of positives, and of negatives by kind. */
  get counts(): { positives: number; negatives: { kind: string; n: number }[] } {
    return {
      positives: this.#positives.n,
      negatives: [...this.#negatives].map(([kind, { n }]) => ({ kind, n })),
    };
  }

  /** Null without positives or without negatives. */
  figures(statistic: ThresholdStatistic): VsslFigures | null {
    if (this.#positives.n === 0 || this.#maxima.length === 0) return null;
    // Rounded up, so that nothing which stayed below the statistic is on.
    const step = this.#stepOf(universalThreshold(this.#maxima, statistic));
    const negatives = [...this.#negatives].map(([kind, curve]) => ({
      kind,
      area: curve.mean(step),
      aoc: curve.area(step),
    }));
    const ciou = this.#positives.mean(step);
    return {
      threshold: this.#isBounded ? step / STEPS : step / (STEPS - Math.min(step, STEPS - 1)),
      ciou,
      auc: this.#positives.area(step),
      negatives,
      fLoc: fLoc(ciou, mean(negatives.map(({ area }) => area))),
    };
  }

  /** The first step at which the value is not above the threshold. */
  #stepOf(value: number): number {
    if (!(value > 0)) return 0;
    const share = this.#isBounded ? value : value / (1 + value);
    return share >= 1 ? STEPS : Math.ceil(share * STEPS);
  }
}

/** How many of the success thresholds a cIoU reaches. */
function successGrade(ciou: number): number {
  let grade = Math.min(LEVELS, Math.floor(ciou / 0.05) + 1);
  while (grade > 0 && ciou < SUCCESS_THRESHOLDS[grade - 1]!) grade--;
  while (grade < LEVELS && ciou >= SUCCESS_THRESHOLDS[grade]!) grade++;
  return grade;
}

/** How many of the success thresholds an area does not exceed, counted from the largest. */
function areaGrade(area: number): number {
  let below = Math.max(0, Math.min(LEVELS, Math.ceil(area / 0.05)));
  while (below > 0 && area <= SUCCESS_THRESHOLDS[below - 1]!) below--;
  while (below < LEVELS && area > SUCCESS_THRESHOLDS[below]!) below++;
  return LEVELS - below;
}

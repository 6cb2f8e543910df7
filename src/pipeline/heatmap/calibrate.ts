/** From the network's numbers to numbers with one meaning: probabilities and similarities, calibrated. */

/** `logistic(slope * logit(p) + intercept)` (Platt 1999). `slope` > 0 keeps the order. */
export interface Logistic {
  slope: number;
  intercept: number;
}

/** Beyond this a float32 sigmoid holds no information. */
const SMALLEST = 1e-7;

/** Calibrated probability, 0..1, of a raw one; not-a-number counts as 0. */
export function calibrateProbability(raw: number, { slope, intercept }: Logistic): number {
  return Number.isNaN(raw) ? 0 : logistic(slope * logOdds(raw) + intercept);
}

/** `log(p / (1 - p))`, finite for every `p` from 0 to 1. */
export function logOdds(raw: number): number {
  const p = Math.min(Math.max(raw, SMALLEST), 1 - SMALLEST);
  return Math.log(p / (1 - p));
}

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

/**
 * Heat of cells from the log-odds that the source is there, a weighted sum of what the network says of them; see the
 * manifest's `calibration.cells`.
 */
export interface CellLogistic {
  similarity: number;
  activation: number;
  seen: number;
  offset: number;
  /** Log-odds below the hottest cell's at which the object ends, and how abruptly. */
  width: number;
  steepness: number;
}

/** Keeps the logarithm of a class activation of nothing finite. */
const LEAST_ACTIVATION = 0.01;

/** How class activation enters a cell's heat: `log(activation + 0.01)`, so that its scale shifts and does not stretch. */
export function logActivation(activation: number): number {
  return Math.log(activation + LEAST_ACTIVATION);
}

/** Similarities that show as nothing and as full heat. The range is fixed, so that weak stays weak. */
export interface SimilarityRange {
  low: number;
  high: number;
}

/** Writes `gain * (similarity - low) / (high - low)`, clamped to 0..`gain`. Not-a-number counts as nothing. */
export function calibrateSimilarity(
  similarity: Float32Array,
  { low, high }: SimilarityRange,
  gain: number,
  out: Float32Array,
): void {
  const scale = 1 / (high - low);
  for (let cell = 0; cell < out.length; cell++) {
    const share = (similarity[cell]! - low) * scale;
    out[cell] = share > 0 ? gain * Math.min(share, 1) : 0;
  }
}

/** What the network says of a class, cell by cell. */
export interface CellMaps {
  similarity: Float32Array;
  activation?: Float32Array | undefined;
}

/**
 * Writes heat: `gain` times the probability at the likeliest cell, times how near a cell comes to it,
 * `logistic(steepness * (its log-odds below the likeliest's + width))`, 1 at the likeliest itself. So the outline follows
 * each object, while a map without anything likely stays cold. Not-a-number counts as nothing.
 *
 * @param seen - calibrated probability of the class being seen
 */
export function calibrateCells(
  weights: CellLogistic,
  maps: CellMaps,
  seen: number,
  gain: number,
  out: Float32Array,
): void {
  const likeliest = writeLogOdds(weights, maps, seen, out);
  const { width, steepness } = weights;
  const top = (gain * logistic(likeliest)) / logistic(steepness * width);
  for (let cell = 0; cell < out.length; cell++) {
    const heat = top * logistic(steepness * (out[cell]! - likeliest + width));
    out[cell] = heat > 0 ? heat : 0;
  }
}

/** Writes the log-odds that the source is in a cell. @returns the likeliest cell's; -infinity where none is a number */
export function writeLogOdds(
  weights: Omit<CellLogistic, 'width' | 'steepness'>,
  { similarity, activation }: CellMaps,
  seen: number,
  out: Float32Array,
): number {
  const base = weights.offset + (weights.seen === 0 ? 0 : weights.seen * logOdds(seen));
  const ofActivation = activation === undefined ? 0 : weights.activation;
  let likeliest = Number.NEGATIVE_INFINITY;
  for (let cell = 0; cell < out.length; cell++) {
    const strength = ofActivation === 0 ? 0 : ofActivation * logActivation(activation![cell]!);
    const odds = base + weights.similarity * similarity[cell]! + strength;
    out[cell] = odds;
    if (odds > likeliest) likeliest = odds;
  }
  return likeliest;
}

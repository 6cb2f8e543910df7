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

/** Heat of a cell as the logistic function of what the network says of it; see the manifest's `calibration.cells`. */
export interface CellLogistic {
  similarity: number;
  activation: number;
  seen: number;
  offset: number;
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

/**
 * Writes `gain * (similarity - low) / (high - low)`, clamped to 0..`gain`, for the cells from `offset` on.
 * Not-a-number counts as nothing.
 */
export function calibrateSimilarity(
  similarity: Float32Array,
  offset: number,
  { low, high }: SimilarityRange,
  gain: number,
  out: Float32Array,
): void {
  const scale = 1 / (high - low);
  for (let cell = 0; cell < out.length; cell++) {
    const share = (similarity[offset + cell]! - low) * scale;
    out[cell] = share > 0 ? gain * Math.min(share, 1) : 0;
  }
}

/**
 * Writes `gain` times the logistic heat for the cells from `offset` on. Not-a-number counts as nothing.
 *
 * @param seen - calibrated probability of the class being seen
 */
export function calibrateCells(
  weights: CellLogistic,
  { similarity, activation }: { similarity: Float32Array; activation?: Float32Array | undefined },
  offset: number,
  seen: number,
  gain: number,
  out: Float32Array,
): void {
  const base = weights.offset + (weights.seen === 0 ? 0 : weights.seen * logOdds(seen));
  const ofActivation = activation === undefined ? 0 : weights.activation;
  for (let cell = 0; cell < out.length; cell++) {
    const strength = ofActivation === 0 ? 0 : ofActivation * logActivation(activation![offset + cell]!);
    const heat = logistic(base + weights.similarity * similarity[offset + cell]! + strength);
    out[cell] = Number.isNaN(heat) ? 0 : gain * heat;
  }
}

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
  if (Number.isNaN(raw)) return 0;
  const p = Math.min(Math.max(raw, SMALLEST), 1 - SMALLEST);
  return 1 / (1 + Math.exp(-(slope * Math.log(p / (1 - p)) + intercept)));
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

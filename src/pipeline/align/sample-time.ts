/** Exact conversion between microseconds and sample positions, safe for streams that run for years. */

/**
 * The sample position at a time, rounded half up: position `p` covers times from `(p - 0.5) / rateHz`
 * (included) to `(p + 0.5) / rateHz`. Exact for all integers `|timeUs| < 2^53`: whole seconds and the rest are
 * multiplied apart, because a month of microseconds times 22,050 already exceeds 2^53.
 */
export function sampleAt(timeUs: number, rateHz: number): number {
  const seconds = Math.floor(timeUs / 1_000_000);
  const restUs = timeUs - seconds * 1_000_000;
  return seconds * rateHz + Math.floor((restUs * rateHz + 500_000) / 1_000_000);
}

/** The time of a sample position in microseconds, rounded half up. Exact as {@link sampleAt}. */
export function timeOfSample(sample: number, rateHz: number): number {
  const seconds = Math.floor(sample / rateHz);
  const rest = sample - seconds * rateHz;
  return seconds * 1_000_000 + Math.floor((rest * 1_000_000) / rateHz + 0.5);
}

/** How long to wait before the next attempt: doubling, capped, and spread so that clients do not return as one. */

export interface Backoff {
  /** Upper bound of the first wait. */
  firstMs: number;
  /** Upper bound of every wait. */
  maxMs: number;
}

/**
 * @param failures - attempts that failed in a row, from 1.
 * @param random - 0..1; the wait lies between half its bound and the bound.
 */
export function retryDelayMs(failures: number, random: number, { firstMs, maxMs }: Backoff): number {
  const boundMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return boundMs * (0.5 + random / 2);
}

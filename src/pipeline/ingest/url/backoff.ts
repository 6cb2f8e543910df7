/** How long to wait before the next attempt: exponential, capped, with jitter so that cameras do not return in step. */

export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** A connection that lasted this long counts as healthy: the next trouble starts from `firstMs` again. */
  healthyMs: number;
}

export const defaultBackoff: BackoffOptions = { firstMs: 500, maxMs: 30_000, healthyMs: 10_000 };

/**
 * Wait before attempt number `failures + 1`, in milliseconds: `first * 2^(failures - 1)` up to `max`, of which the
 * upper half is drawn at random.
 *
 * @param failures - attempts that failed in a row, 1 or more.
 * @param random - uniform in [0, 1).
 */
export function backoffMs(
  failures: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + 0.5 * random()));
}

/** Numbers as the page writes them. Pure. */

/** `0.4 ms`, `12 ms`, `1.3 s`. */
export function formatMs(ms: number): string {
  if (Math.abs(ms) >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.abs(ms) < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** `+3.0 ms`, `−12 ms`: the sign says which is late. */
export function formatSignedMs(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${formatMs(Math.abs(ms))}`;
}

/** `29.8` up to 99.9, then whole. */
export function formatRate(rateHz: number): string {
  return rateHz < 99.95 ? rateHz.toFixed(1) : rateHz.toFixed(0);
}

/** `950`, `12.3k`, `4.5M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

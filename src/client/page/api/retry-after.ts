/** When a server that refused for now wants to be asked again. Pure. */

/** Nobody waits longer for a header. */
const LONGEST_MS = 5 * 60_000;
/** The three forms of an HTTP-date begin with the day's name; `Date.parse` alone would read nearly anything. */
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d$|^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, .* GMT$/u;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @param value the header; null: there is none
 * @param date the answer's `Date`, by the server's clock, which may differ from ours; null: ours counts
 * @returns the wait in milliseconds, five minutes at most; null when the header says nothing
 */
export function retryAfterMs(value: string | null, date: string | null, nowMs = Date.now()): number | null {
  const text = value?.trim() ?? '';
  const waitMs = /^\d+$/u.test(text)
    ? Number(text) * 1000
    : (readDate(text) ?? NaN) - (readDate(date) ?? nowMs);
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), LONGEST_MS);
}

/** An HTTP-date in milliseconds since 1970; null when it is none. */
function readDate(text: string | null): number | null {
  if (text === null || !DATE.test(text)) return null;
  // Of the three forms only asctime's names no zone; it is UTC as well.
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? null : ms;
}

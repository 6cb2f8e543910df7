/** What of a source's clocks is not used, because it is missing or cannot be true; arrival times take its place. Pure. */

/**
 * Of the tie between sound and picture: `no-reports` none came yet; `implausible-reports` they differ from arrival by
 * more than any network does; `stale-reports` they have stopped. `wrong-wall-clock`: the sender's time of day.
 */
export const CLOCK_FAULTS = [
  'no-reports',
  'implausible-reports',
  'stale-reports',
  'wrong-wall-clock',
] as const;
export type ClockFault = (typeof CLOCK_FAULTS)[number];

/** A camera without reports is common, and every result says `unaligned`: no words for it. */
const SENTENCES: Readonly<Record<ClockFault, string | null>> = {
  'no-reports': null,
  'implausible-reports': 'Its sender reports cannot be true, so sound is placed by its arrival.',
  'stale-reports': 'Its sender reports have stopped, so sound is placed by its arrival.',
  'wrong-wall-clock': 'Its clock is wrong, so pictures are dated by their arrival.',
};

/** For people; null when there is nothing to say. */
export function clockSentence(faults: readonly ClockFault[]): string | null {
  const sentences = faults.map((fault) => SENTENCES[fault]).filter((sentence) => sentence !== null);
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** Which splits a set's moments are of, for errors where none is of the one that was asked for. */

import type { Moment, Split } from './moment.ts';

export interface SplitCounts {
  counts: Map<Split, number>;
  /** Moments of no split. */
  without: number;
}

export function countSplits(moments: readonly Pick<Moment, 'split'>[]): SplitCounts {
  const counts = new Map<Split, number>();
  let without = 0;
  for (const { split } of moments) {
    if (split === null) without++;
    else counts.set(split, (counts.get(split) ?? 0) + 1);
  }
  return { counts, without };
}

/** In words, one entry a split. */
export const inWords = ({ counts }: SplitCounts): string[] =>
  [...counts].map(([split, count]) => `${count} of "${split}"`);

/** The mend: the command line says validation where manifests and recipes say val. */
export const flagsFor = ({ counts }: SplitCounts): string =>
  [...counts.keys()].map((split) => `--split ${split === 'val' ? 'validation' : split}`).join(', ');

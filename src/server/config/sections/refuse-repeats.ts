/** Names in a list that must tell its entries apart. */

import type { z } from 'zod';

/**
 * Makes a problem of each name that an earlier entry has.
 * @param names in the order of the list
 * @param pathOf where the name at an index stands
 * @param sentenceOf what is said of a repeated name
 */
export function refuseRepeats(
  context: z.RefinementCtx,
  names: readonly string[],
  pathOf: (index: number) => PropertyKey[],
  sentenceOf: (name: string) => string,
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) {
      context.addIssue({ code: 'custom', path: pathOf(index), message: sentenceOf(name) });
    }
    seen.add(name);
  }
}

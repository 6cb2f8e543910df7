/** Settings with their secrets in clear: for keeping them, and for telling two of them apart. Show it to nobody. */

import { Secret } from '../../pipeline/secret.ts';

/** A copy of plain data in which every secret is its text. */
export function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, revealed(item)]));
}

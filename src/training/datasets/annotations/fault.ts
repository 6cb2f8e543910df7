/** Faults of annotation files: which file, which line or entry, what is wrong, and the mend. */

import { EarsightError } from '../../../pipeline/errors.ts';

/** A line from 1, or an entry's name. */
export type Where = { line: number } | { entry: string } | null;

/** The error for something wrong in an annotation file. */
export function annotationFault(file: string, where: Where, what: string, mend: string): EarsightError {
  const place = where === null ? '' : 'line' in where ? `:${where.line}` : `, ${where.entry}`;
  return new EarsightError('bad-dataset', `${file}${place}: ${what}. ${mend}`, {
    details: { file, ...(where ?? {}) },
  });
}

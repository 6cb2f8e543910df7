/** Flags that count something. */

import { EarsightError } from '../../pipeline/errors.ts';

/** @throws EarsightError `bad-config` naming the flag */
export function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff && text.trim() !== '') return value;
  throw new EarsightError('bad-config', `${flag} must be a whole number, but is "${text}".`);
}

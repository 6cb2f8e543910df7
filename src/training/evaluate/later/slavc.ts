/** SLAVC (Mo and Morgado 2022) over many examples: found, by size, and silent where nothing sounds. */

import {
  type Judged,
  slavcAveragePrecision,
  slavcLocAcc,
  slavcMaxF1,
  slavcSize,
} from '../../metrics/slavc.ts';
import { sum } from '../../metrics/sum.ts';

export const SIZES = ['small', 'medium', 'large', 'huge'] as const;
type Size = (typeof SIZES)[number];

/** Shares, 0..1. */
export interface SlavcFigures {
  ap: number;
  maxF1: number;
  locAcc: number;
  /** Of the examples with as much truth; null without any. */
  sizes: Record<Size, number | null>;
}

/** The group of a truth mask; pixels that one annotator alone marked count half. */
export function sizeOf(mask: Uint8Array | Float32Array): Size {
  return slavcSize(sum(mask));
}

export class SlavcTally {
  readonly #judged: (Judged & { size: Size | null })[] = [];

  /** @param size of what is visible; null for a negative */
  add(judged: Judged, size: Size | null): void {
    this.#judged.push({ ...judged, size });
  }

  figures(): SlavcFigures {
    const judged = this.#judged;
    const of = (size: Size): number | null => {
      const some = judged.filter((one) => one.size === size);
      return some.length === 0 ? null : slavcLocAcc(some);
    };
    return {
      ap: slavcAveragePrecision(judged),
      maxF1: slavcMaxF1(judged),
      locAcc: slavcLocAcc(judged),
      sizes: { small: of('small'), medium: of('medium'), large: of('large'), huge: of('huge') },
    };
  }
}

/** Maps with more cells: bilinear, as the papers enlarge them. */

import { axisTaps } from '../prep/axis-taps.ts';
import type { Grid } from './peak.ts';

/** Of one axis, two taps for each cell; the second weighs nothing where the first stands alone. */
interface Taps {
  first: Int32Array;
  second: Int32Array;
  /** Of the second; the first weighs the rest. */
  weight: Float64Array;
}

/**
 * Between the centres of cells, the border cells reaching to the border (torch's `align_corners=False`). Holds scratch
 * memory, so one upsampler serves one caller at a time.
 */
export class MapUpsampler {
  readonly #from: Grid;
  readonly #rows: Taps;
  readonly #cols: Taps;
  readonly #wide: Float64Array;

  constructor(from: Grid, to: Grid) {
    this.#from = from;
    this.#rows = tapsOf(from.rows, to.rows);
    this.#cols = tapsOf(from.cols, to.cols);
    this.#wide = new Float64Array(from.rows * to.cols);
  }

  /** From `map` of the one grid to `out` of the other. */
  write(map: Float32Array, out: Float32Array): void {
    const { first, second, weight } = this.#cols;
    const wide = this.#wide;
    const cols = first.length;
    for (let row = 0, at = 0, from = 0; row < this.#from.rows; row++, from += this.#from.cols) {
      for (let col = 0; col < cols; col++, at++) {
        const value = map[from + first[col]!]!;
        wide[at] = value + weight[col]! * (map[from + second[col]!]! - value);
      }
    }
    const down = this.#rows;
    for (let row = 0, at = 0; row < down.first.length; row++) {
      const share = down.weight[row]!;
      let above = down.first[row]! * cols;
      let below = down.second[row]! * cols;
      for (const end = at + cols; at < end; at++) {
        const value = wide[above++]!;
        out[at] = value + share * (wide[below++]! - value);
      }
    }
  }
}

function tapsOf(cells: number, length: number): Taps {
  const { start, count, offset, weight } = axisTaps('bilinear', cells, 2 * cells, length);
  const isPair = (i: number): boolean => count[i] === 2;
  return {
    first: start,
    second: start.map((cell, i) => (isPair(i) ? cell + 1 : cell)),
    weight: Float64Array.from(start, (_, i) => (isPair(i) ? weight[offset[i]! + 1]! : 0)),
  };
}

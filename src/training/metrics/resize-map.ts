/** Enlarges a network's map to the size at which it is judged, by the interpolations that papers use. */

/**
 * - `bilinear`: cell centres to pixel centres; OpenCV's `INTER_LINEAR` (LVS), torch's with `align_corners=False` (Qian).
 * - `align-corners`: corner cells to corner pixels (EZ-VSL).
 * - `bicubic`: cubic convolution with a = -0.75, cell centres to pixel centres.
 * - `bicubic-align-corners`: the same weights, corners to corners (SLAVC, AVGN).
 */
export type MapInterpolation = 'bilinear' | 'align-corners' | 'bicubic' | 'bicubic-align-corners';

interface Taps {
  /** Tap count per output pixel. */
  width: 2 | 4;
  index: Int32Array;
  weight: Float64Array;
}

export class MapResizer {
  readonly #rows: Taps;
  readonly #cols: Taps;
  readonly #grid: { rows: number; cols: number };
  readonly #side: number;
  readonly #wide: Float64Array;

  /** From a grid of `rows` by `cols` to a square of `side` pixels. Holds scratch memory: one caller at a time. */
  constructor(grid: { rows: number; cols: number }, side: number, interpolation: MapInterpolation) {
    this.#grid = grid;
    this.#side = side;
    this.#rows = tapsOf(grid.rows, side, interpolation);
    this.#cols = tapsOf(grid.cols, side, interpolation);
    this.#wide = new Float64Array(grid.rows * side);
  }

  /** The map whose cells start at `offset` of `cells`, into `out`, `[side, side]`; a fresh array unless given. */
  resize(
    cells: ArrayLike<number>,
    offset = 0,
    out: Float32Array<ArrayBuffer> = new Float32Array(this.#side * this.#side),
  ): Float32Array<ArrayBuffer> {
    const side = this.#side;
    const wide = this.#wide;
    const { rows, cols } = this.#grid;
    for (let row = 0; row < rows; row++) {
      for (let x = 0; x < side; x++) {
        let value = 0;
        const { width, index, weight } = this.#cols;
        for (let tap = x * width; tap < (x + 1) * width; tap++) {
          value += weight[tap]! * cells[offset + row * cols + index[tap]!]!;
        }
        wide[row * side + x] = value;
      }
    }
    const { width, index, weight } = this.#rows;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        let value = 0;
        for (let tap = y * width; tap < (y + 1) * width; tap++) {
          value += weight[tap]! * wide[index[tap]! * side + x]!;
        }
        out[y * side + x] = value;
      }
    }
    return out;
  }
}

function tapsOf(cells: number, side: number, interpolation: MapInterpolation): Taps {
  const isCubic = interpolation.startsWith('bicubic');
  const width = isCubic ? 4 : 2;
  const index = new Int32Array(side * width);
  const weight = new Float64Array(side * width);
  for (let pixel = 0; pixel < side; pixel++) {
    const centred = ((pixel + 0.5) * cells) / side - 0.5;
    let place = interpolation.endsWith('align-corners') ? cornerPlace(pixel, cells, side) : centred;
    if (!isCubic) place = Math.min(cells - 1, Math.max(0, place));
    const first = Math.floor(place);
    const fraction = place - first;
    const weights = isCubic ? cubicWeights(fraction) : [1 - fraction, fraction];
    weights.forEach((value, tap) => {
      const cell = first + tap - (isCubic ? 1 : 0);
      index[pixel * width + tap] = Math.min(cells - 1, Math.max(0, cell));
      weight[pixel * width + tap] = value;
    });
  }
  return { width, index, weight };
}

function cornerPlace(pixel: number, cells: number, side: number): number {
  return side === 1 ? 0 : (pixel * (cells - 1)) / (side - 1);
}

/** Keys' cubic convolution with the constant that torch and OpenCV use. */
const A = -0.75;

function cubicWeights(t: number): number[] {
  const near = (x: number): number => ((A + 2) * x - (A + 3)) * x * x + 1;
  const far = (x: number): number => ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** Enlarges a coarse heat grid to a smooth field. Pure: arrays in, arrays out. */

/**
 * Enlarges `rows x cols` bytes to `width x height` values in 0..1 by separable Catmull-Rom interpolation:
 * it passes through every cell's own value at the cell's centre and, unlike bilinear, shows no creases
 * along the cell borders. Cells are areas, so cell `(r, c)` is centred at `((c + 0.5) / cols, (r + 0.5) / rows)`;
 * beyond the outer centres the border cells go on.
 */
export interface Upscaler {
  readonly width: number;
  readonly height: number;
  /**
   * @param heat Row-major `rows x cols` bytes, read only.
   * @param out Receives row-major `height x width` values in 0..1.
   */
  upscale(heat: Uint8Array, out: Float32Array): void;
}

/** Four source indices and four weights for each target position along one axis. */
interface Taps {
  index: Int32Array;
  weight: Float32Array;
}

const TAPS = 4;

/** Tables are computed once; `upscale` allocates nothing. */
export function createUpscaler(
  grid: { rows: number; cols: number },
  size: { width: number; height: number },
): Upscaler {
  const { rows, cols } = grid;
  const { width, height } = size;
  const across = catmullRomTaps(cols, width);
  const down = catmullRomTaps(rows, height);
  const widened = new Float32Array(rows * width);

  return {
    width,
    height,
    upscale(heat, out) {
      if (heat.length !== rows * cols)
        throw new RangeError(`Heat has ${heat.length} bytes, not ${rows * cols}.`);
      for (let r = 0; r < rows; r++) {
        const row = r * cols;
        for (let x = 0, t = 0; x < width; x++, t += TAPS) {
          widened[r * width + x] =
            (across.weight[t]! * heat[row + across.index[t]!]! +
              across.weight[t + 1]! * heat[row + across.index[t + 1]!]! +
              across.weight[t + 2]! * heat[row + across.index[t + 2]!]! +
              across.weight[t + 3]! * heat[row + across.index[t + 3]!]!) /
            255;
        }
      }
      for (let y = 0, t = 0, o = 0; y < height; y++, t += TAPS) {
        const [w0, w1, w2, w3] = [
          down.weight[t]!,
          down.weight[t + 1]!,
          down.weight[t + 2]!,
          down.weight[t + 3]!,
        ];
        const r0 = down.index[t]! * width;
        const r1 = down.index[t + 1]! * width;
        const r2 = down.index[t + 2]! * width;
        const r3 = down.index[t + 3]! * width;
        for (let x = 0; x < width; x++, o++) {
          const value =
            w0 * widened[r0 + x]! + w1 * widened[r1 + x]! + w2 * widened[r2 + x]! + w3 * widened[r3 + x]!;
          // Catmull-Rom overshoots beside steep edges.
          out[o] = value < 0 ? 0 : value > 1 ? 1 : value;
        }
      }
    },
  };
}

function catmullRomTaps(cells: number, length: number): Taps {
  const index = new Int32Array(length * TAPS);
  const weight = new Float32Array(length * TAPS);
  for (let i = 0; i < length; i++) {
    const position = Math.min(Math.max(((i + 0.5) / length) * cells - 0.5, 0), cells - 1);
    const first = Math.floor(position);
    const t = position - first;
    const weights = [
      ((-t + 2) * t - 1) * t * 0.5,
      ((3 * t - 5) * t * t + 2) * 0.5,
      ((-3 * t + 4) * t + 1) * t * 0.5,
      (t - 1) * t * t * 0.5,
    ];
    for (let k = 0; k < TAPS; k++) {
      index[i * TAPS + k] = Math.min(Math.max(first + k - 1, 0), cells - 1);
      weight[i * TAPS + k] = weights[k]!;
    }
  }
  return { index, weight };
}

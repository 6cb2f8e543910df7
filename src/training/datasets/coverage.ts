/** Boxes and masks to the share of each cell that they cover. */

/** Points per cell and side: shares are multiples of 1 / 256. */
const FINE = 16;

/**
 * The cells of one class of one example: regions are painted on points finer than the cells, so that where they
 * overlap counts once. One per worker; its points belong to it.
 */
export class CoverageRaster {
  readonly #rows: number;
  readonly #cols: number;
  readonly #width: number;
  readonly #height: number;
  readonly #points: Uint8Array;

  constructor(grid: { rows: number; cols: number }) {
    this.#rows = grid.rows;
    this.#cols = grid.cols;
    this.#width = grid.cols * FINE;
    this.#height = grid.rows * FINE;
    this.#points = new Uint8Array(this.#width * this.#height);
  }

  clear(): void {
    this.#points.fill(0);
  }

  /** Corners as shares of the picture; a point is inside when its middle is. */
  paintBox(x0: number, y0: number, x1: number, y1: number): void {
    const from = Math.max(0, Math.ceil(x0 * this.#width - 0.5));
    const to = Math.min(this.#width, Math.ceil(x1 * this.#width - 0.5));
    const bottom = Math.min(this.#height, Math.ceil(y1 * this.#height - 0.5));
    if (to <= from) return;
    for (let y = Math.max(0, Math.ceil(y0 * this.#height - 0.5)); y < bottom; y++) {
      this.#points.fill(1, y * this.#width + from, y * this.#width + to);
    }
  }

  /** A mask over the whole picture. */
  paintMask({ width, height, data }: { width: number; height: number; data: Uint8Array }): void {
    for (let y = 0; y < this.#height; y++) {
      const row = Math.floor(((y + 0.5) * height) / this.#height) * width;
      for (let x = 0; x < this.#width; x++) {
        const inside = data[row + Math.floor(((x + 0.5) * width) / this.#width)]!;
        if (inside !== 0) this.#points[y * this.#width + x] = 1;
      }
    }
  }

  /** Writes `rows * cols` shares, 0..1, from `offset`. */
  write(out: Float32Array, offset: number): void {
    for (let row = 0; row < this.#rows; row++) {
      for (let col = 0; col < this.#cols; col++) {
        let count = 0;
        for (let y = row * FINE; y < (row + 1) * FINE; y++) {
          const at = y * this.#width + col * FINE;
          for (let x = 0; x < FINE; x++) count += this.#points[at + x]!;
        }
        out[offset + row * this.#cols + col] = count / (FINE * FINE);
      }
    }
  }
}

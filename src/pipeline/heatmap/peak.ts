/** Where a map is hottest, and how far that spot reaches. */

import type { ClassHeat } from '../../protocol/messages.ts';

export interface Grid {
  rows: number;
  cols: number;
}

export interface HotSpot {
  peak: NonNullable<ClassHeat['peak']>;
  box: NonNullable<ClassHeat['box']>;
}

/** Extent and sums of connected cells. */
interface Region {
  minRow: number;
  maxRow: number;
  minCol: number;
  maxCol: number;
  rowSum: number;
  colSum: number;
  cells: number;
}

/** Less is quantised to 0: there is nothing to point at. */
const LEAST_HEAT = 0.5 / 255;

/** Finds hot spots on maps of one grid; holds scratch memory, so one finder serves one caller at a time. */
export class HotSpotFinder {
  readonly #rows: number;
  readonly #cols: number;
  readonly #boxThreshold: number;
  readonly #stack: Int32Array;
  readonly #visited: Uint8Array;
  /** The region flooded last. */
  readonly #region: Region = { minRow: 0, maxRow: 0, minCol: 0, maxCol: 0, rowSum: 0, colSum: 0, cells: 0 };

  /** `boxThreshold`: share of the maximum that a cell must reach to belong to the box, 0..1. */
  constructor({ rows, cols }: Grid, boxThreshold: number) {
    this.#rows = rows;
    this.#cols = cols;
    this.#boxThreshold = boxThreshold;
    this.#stack = new Int32Array(rows * cols);
    this.#visited = new Uint8Array(rows * cols);
  }

  /**
   * The hottest point, finer than a cell, and the smallest box around the cells that hang together with it
   * (by their sides) above the threshold; null for a map without heat. Coordinates are shares of the picture.
   */
  find(heat: Float32Array): HotSpot | null {
    let hottest = 0;
    for (let cell = 1; cell < heat.length; cell++) if (heat[cell]! > heat[hottest]!) hottest = cell;
    const value = heat[hottest]!;
    if (!(value >= LEAST_HEAT)) return null;
    const peak = this.#refine(heat, hottest);
    const { minRow, maxRow, minCol, maxCol } = this.#flood(heat, hottest, value * this.#boxThreshold);
    const box = {
      x0: minCol / this.#cols,
      y0: minRow / this.#rows,
      x1: (maxCol + 1) / this.#cols,
      y1: (maxRow + 1) / this.#rows,
    };
    return { peak: { ...peak, value }, box };
  }

  /** In each direction the top of the parabola through the cell and its neighbours, or a plateau's middle. */
  #refine(heat: Float32Array, hottest: number): { x: number; y: number } {
    const plateau = this.#flood(heat, hottest, heat[hottest]!);
    const { minRow, maxRow, minCol, maxCol } = plateau;
    const row =
      minRow === maxRow
        ? minRow + this.#vertex(heat, hottest, this.#cols, minRow, this.#rows)
        : plateau.rowSum / plateau.cells;
    const col =
      minCol === maxCol
        ? minCol + this.#vertex(heat, hottest, 1, minCol, this.#cols)
        : plateau.colSum / plateau.cells;
    return { x: (col + 0.5) / this.#cols, y: (row + 0.5) / this.#rows };
  }

  /** Offset of the parabola's top from `cell`, -0.5..0.5 cells; 0 at the border, where a neighbour is missing. */
  #vertex(heat: Float32Array, cell: number, stride: number, position: number, extent: number): number {
    if (position === 0 || position === extent - 1) return 0;
    const before = heat[cell - stride]!;
    const after = heat[cell + stride]!;
    return (0.5 * (before - after)) / (before - 2 * heat[cell]! + after);
  }

  /** Measures the cells of at least `threshold` connected to `start`. */
  #flood(heat: Float32Array, start: number, threshold: number): Region {
    const cols = this.#cols;
    const visited = this.#visited;
    const stack = this.#stack;
    const region = this.#region;
    region.minRow = region.minCol = Number.POSITIVE_INFINITY;
    region.maxRow = region.maxCol = region.rowSum = region.colSum = region.cells = 0;
    visited.fill(0);
    visited[start] = 1;
    stack[0] = start;
    let waiting = 1;
    const push = (cell: number) => {
      if (visited[cell] === 1 || heat[cell]! < threshold) return;
      visited[cell] = 1;
      stack[waiting++] = cell;
    };
    while (waiting > 0) {
      const cell = stack[--waiting]!;
      const row = Math.floor(cell / cols);
      const col = cell % cols;
      region.minRow = Math.min(region.minRow, row);
      region.maxRow = Math.max(region.maxRow, row);
      region.minCol = Math.min(region.minCol, col);
      region.maxCol = Math.max(region.maxCol, col);
      region.rowSum += row;
      region.colSum += col;
      region.cells++;
      if (row > 0) push(cell - cols);
      if (row < this.#rows - 1) push(cell + cols);
      if (col > 0) push(cell - 1);
      if (col < cols - 1) push(cell + 1);
    }
    return region;
  }
}

/** One class's map as it is shown: of fixed meaning, so that weak stays weak and nothing is stretched. */

import type { Localization } from '../types.ts';
import { type CellLogistic, calibrateCells, calibrateSimilarity, type SimilarityRange } from './calibrate.ts';
import { minMaxMap } from './paper.ts';
import type { Grid } from './peak.ts';
import { MapUpsampler } from './upsample.ts';

/** The part of a model's calibration that makes maps. */
export interface ClassMapCalibration {
  /** Used where `cells` is not given. */
  similarity: SimilarityRange;
  /** `upsample`: rows and columns of heat for each of the network's. */
  cells?: (CellLogistic & { upsample: number }) | undefined;
  /** In the order of the model's classes; `width` in place of that of `cells`. */
  classes: readonly { width?: number | undefined }[];
}

/** Rows and columns of heat, of a network whose maps have those of the first grid. */
export function heatGrid(
  { rows, cols }: Grid,
  { cells }: { cells?: { upsample: number } | undefined },
): Grid {
  const upsample = cells?.upsample ?? 1;
  return { rows: rows * upsample, cols: cols * upsample };
}

/** Makes maps of {@link heatGrid}; holds scratch memory, so one maker serves one caller at a time. */
export class ClassMaps {
  readonly grid: Grid;
  readonly #range: SimilarityRange;
  /** Of each class; null where heat is a range of similarity. */
  readonly #cells: readonly CellLogistic[] | null;
  readonly #networkCells: number;
  readonly #upsampler: MapUpsampler | null;
  readonly #similarity: Float32Array;
  readonly #activation: Float32Array;

  constructor(calibration: ClassMapCalibration, grid: Grid) {
    this.grid = heatGrid(grid, calibration);
    const { cells, classes, similarity } = calibration;
    this.#range = similarity;
    this.#cells =
      cells === undefined ? null : classes.map(({ width }) => ({ ...cells, width: width ?? cells.width }));
    this.#networkCells = grid.rows * grid.cols;
    this.#upsampler = this.grid.rows === grid.rows ? null : new MapUpsampler(grid, this.grid);
    this.#similarity = new Float32Array(this.grid.rows * this.grid.cols);
    this.#activation = new Float32Array(this.#similarity.length);
  }

  /**
   * Writes the heat of class `index`, 0..`gain`.
   *
   * @param strength - `seen`: calibrated probability of the class being seen; `gain`: that of its being heard
   */
  write(
    localization: Localization,
    index: number,
    strength: { seen: number; gain: number },
    out: Float32Array,
  ): void {
    const similarity = this.#map(localization.similarity, index, this.#similarity);
    if (this.#cells === null) {
      calibrateSimilarity(similarity, this.#range, strength.gain, out);
      return;
    }
    const activation =
      localization.activation === undefined
        ? undefined
        : this.#map(localization.activation, index, this.#activation);
    calibrateCells(this.#cells[index]!, { similarity, activation }, strength.seen, strength.gain, out);
  }

  /** Writes the paper's map of class `index`, 0..1. */
  writePaper({ similarity }: Localization, index: number, out: Float32Array): void {
    minMaxMap(this.#map(similarity, index, this.#similarity), out);
  }

  /** Of one class among `maps`: a view of them, or enlarged into `scratch`. */
  #map(maps: Float32Array, index: number, scratch: Float32Array): Float32Array {
    const map = maps.subarray(index * this.#networkCells, (index + 1) * this.#networkCells);
    if (this.#upsampler === null) return map;
    this.#upsampler.write(map, scratch);
    return scratch;
  }
}

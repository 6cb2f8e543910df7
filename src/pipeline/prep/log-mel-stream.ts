/** Log-mel windows of running sound: what overlapping windows share is computed once. */

import { LogMel } from './log-mel.ts';
import type { LogMelParameters } from './log-mel-parameters.ts';

/** Sound by absolute position. Implementer: `AudioRing`. */
export interface SampleSource {
  /** Changes whenever positions lose their meaning; until then a sample that was read never changes. */
  readonly generation: number;
  /** Writes the `count` samples before `endSample`, missing ones as zero; returns how many are missing. */
  read(endSample: number, count: number, out: Float32Array): number;
}

/** Grids a stream's windows may lie on at once: 30 frames a second make three at a hop of 20 ms. */
const WAYS = 4;

/**
 * A column depends only on the `fftSamples` around its centre, except at the window's two ends, where the window is
 * mirrored. So inner columns are kept by the absolute position of their centre: windows of 10, 25 or 50 frames a
 * second compute one new column per hop and the two ends, not all 51. The cache is a fixed block, 50 KB:
 * one set per column of a window, four ways each, the oldest replaced.
 * Nothing is kept from windows with missing samples. One instance per stream; not reentrant.
 */
export class LogMelStream {
  readonly #logMel: LogMel;
  readonly #samples: Float32Array;
  /** Centre position of each kept column; -Infinity where none is. */
  readonly #centers: Float64Array;
  readonly #kept: Float32Array;
  #source: SampleSource | null = null;
  #generation = 0;

  /** @throws EarsightError `bad-manifest` as {@link LogMel}. */
  constructor(parameters: LogMelParameters) {
    this.#logMel = new LogMel(parameters);
    this.#samples = new Float32Array(parameters.windowSamples);
    this.#centers = new Float64Array(this.#logMel.columns * WAYS).fill(Number.NEGATIVE_INFINITY);
    this.#kept = new Float32Array(this.#logMel.columns * WAYS * this.#logMel.mels);
  }

  /**
   * Writes the log-mel of the window that ends before `endSample`: `columns * mels` numbers from `offset`, time
   * first, bit for bit what {@link LogMel.write} gives.
   *
   * @returns How many samples were missing and taken as zero.
   */
  write(source: SampleSource, endSample: number, out: Float32Array, offset: number): number {
    const { windowSamples, hopSamples } = this.#logMel.parameters;
    const missing = source.read(endSample, windowSamples, this.#samples);
    if (missing > 0) {
      this.#logMel.write(this.#samples, out, offset);
      return missing;
    }
    this.#follow(source);
    const { columns, mels } = this.#logMel;
    const startSample = endSample - windowSamples;
    for (let column = 0; column < columns; column++) {
      const at = offset + column * mels;
      if (this.#logMel.isEdge(column)) this.#logMel.writeColumn(this.#samples, column, out, at);
      else this.#writeInner(column, startSample + column * hopSamples, out, at);
    }
    return 0;
  }

  #writeInner(column: number, center: number, out: Float32Array, at: number): void {
    const { columns, mels } = this.#logMel;
    const set = Math.floor(center / this.#logMel.parameters.hopSamples) % columns;
    const first = (set < 0 ? set + columns : set) * WAYS;
    let oldest = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      const held = this.#centers[slot]!;
      if (held === center) {
        this.#copy(this.#kept, slot * mels, out, at);
        return;
      }
      if (held < this.#centers[oldest]!) oldest = slot;
    }
    this.#logMel.writeColumn(this.#samples, column, out, at);
    this.#centers[oldest] = center;
    this.#copy(out, at, this.#kept, oldest * mels);
  }

  /** A loop: `set(subarray())` allocates a view, and 64 numbers are copied sooner than that. */
  #copy(from: Float32Array, fromAt: number, to: Float32Array, toAt: number): void {
    for (let i = 0; i < this.#logMel.mels; i++) to[toAt + i] = from[fromAt + i]!;
  }

  #follow(source: SampleSource): void {
    if (source === this.#source && source.generation === this.#generation) return;
    this.#source = source;
    this.#generation = source.generation;
    this.#centers.fill(Number.NEGATIVE_INFINITY);
  }
}

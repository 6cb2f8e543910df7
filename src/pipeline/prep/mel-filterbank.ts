/** Triangular mel filters after Slaney's Auditory Toolbox, stored sparsely. */

import type { LogMelParameters } from './log-mel-parameters.ts';

const LINEAR_HZ_PER_MEL = 200 / 3;
const BREAK_HZ = 1000;
const BREAK_MEL = BREAK_HZ / LINEAR_HZ_PER_MEL;
/** 27 mels for a factor of 6.4 above the break. */
const LOG_STEP = Math.log(6.4) / 27;

/** Slaney's scale: linear up to 1 kHz (mel 15), logarithmic above. */
export function hzToMel(hz: number): number {
  return hz < BREAK_HZ ? hz / LINEAR_HZ_PER_MEL : BREAK_MEL + Math.log(hz / BREAK_HZ) / LOG_STEP;
}

/** Inverse of {@link hzToMel}. */
export function melToHz(mel: number): number {
  return mel < BREAK_MEL ? mel * LINEAR_HZ_PER_MEL : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL));
}

/**
 * `mels` triangles whose corners are evenly spaced in mel from `minHz` to `maxHz`; each has unit area over Hz
 * (height `2 / (upper - lower)`).
 */
export class MelFilterbank {
  readonly mels: number;
  /** First spectrum bin of each band. */
  readonly #firstBin: Int32Array;
  /** Where each band's weights begin in `#weights`; one more entry for the end. */
  readonly #begin: Int32Array;
  readonly #weights: Float64Array;

  constructor(parameters: Pick<LogMelParameters, 'rateHz' | 'fftSamples' | 'mels' | 'minHz' | 'maxHz'>) {
    const { rateHz, fftSamples, mels, minHz, maxHz } = parameters;
    const lowest = hzToMel(minHz);
    const step = (hzToMel(maxHz) - lowest) / (mels + 1);
    const corner = (i: number): number => melToHz(lowest + i * step);
    const bins = fftSamples / 2 + 1;
    const weights: number[] = [];
    this.mels = mels;
    this.#firstBin = new Int32Array(mels);
    this.#begin = new Int32Array(mels + 1);
    for (let mel = 0; mel < mels; mel++) {
      const lower = corner(mel);
      const peak = corner(mel + 1);
      const upper = corner(mel + 2);
      let first = -1;
      for (let bin = 0; bin < bins; bin++) {
        const hz = (bin * rateHz) / fftSamples;
        const height = Math.min((hz - lower) / (peak - lower), (upper - hz) / (upper - peak));
        if (height <= 0) continue;
        if (first < 0) first = bin;
        weights.push((height * 2) / (upper - lower));
      }
      this.#firstBin[mel] = Math.max(0, first);
      this.#begin[mel + 1] = weights.length;
    }
    this.#weights = Float64Array.from(weights);
  }

  /** The energy of one band in a power spectrum of `fftSamples / 2 + 1` bins. */
  energy(power: Float64Array, mel: number): number {
    const begin = this.#begin[mel]!;
    const end = this.#begin[mel + 1]!;
    let bin = this.#firstBin[mel]!;
    let energy = 0;
    for (let i = begin; i < end; i++) energy += power[bin++]! * this.#weights[i]!;
    return energy;
  }
}

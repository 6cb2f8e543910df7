/** The log-mel front end of one window of sound; the same for training and serving. */

import { EarsightError } from '../errors.ts';
import { columnCount, type LogMelParameters } from './log-mel-parameters.ts';
import { MelFilterbank } from './mel-filterbank.ts';
import { RealFft } from './real-fft.ts';

/**
 * Mel power spectrogram and natural logarithm after Qian et al. 2020 (22,050 Hz, 882-sample Hann, hop 441, 64
 * bands). Neither the sound nor the result is normalised or clamped: that is in the model's graph.
 * Not reentrant: work buffers belong to the instance.
 */
export class LogMel {
  readonly parameters: LogMelParameters;
  /** Columns of a window, both ends included. */
  readonly columns: number;
  readonly mels: number;
  readonly #fft: RealFft;
  readonly #filters: MelFilterbank;
  readonly #hann: Float64Array;
  readonly #weighted: Float64Array;
  readonly #power: Float64Array;

  /** @throws EarsightError `bad-manifest` for numbers that define no front end. */
  constructor(parameters: LogMelParameters) {
    check(parameters);
    const { fftSamples } = parameters;
    this.parameters = parameters;
    this.columns = columnCount(parameters);
    this.mels = parameters.mels;
    this.#fft = new RealFft(fftSamples);
    this.#filters = new MelFilterbank(parameters);
    this.#hann = Float64Array.from(
      { length: fftSamples },
      (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / fftSamples),
    );
    this.#weighted = new Float64Array(fftSamples);
    this.#power = new Float64Array(fftSamples / 2 + 1);
  }

  /** Whether a column of a window reaches past its ends and so depends on where the window lies. */
  isEdge(column: number): boolean {
    const { windowSamples, fftSamples, hopSamples } = this.parameters;
    const center = column * hopSamples;
    return center < fftSamples / 2 || center + fftSamples / 2 > windowSamples;
  }

  /**
   * Writes one window, `columns * mels` numbers, time first.
   *
   * @param samples - The `windowSamples` samples of the window.
   */
  write(samples: Float32Array, out: Float32Array, offset: number): void {
    for (let column = 0; column < this.columns; column++) {
      this.writeColumn(samples, column, out, offset + column * this.mels);
    }
  }

  /** Writes one column of a window, `mels` numbers. */
  writeColumn(samples: Float32Array, column: number, out: Float32Array, offset: number): void {
    const { fftSamples, hopSamples, logOffset } = this.parameters;
    const start = column * hopSamples - fftSamples / 2;
    if (this.isEdge(column)) this.#weighReflected(samples, start);
    else this.#weigh(samples, start);
    this.#fft.power(this.#weighted, this.#power);
    for (let mel = 0; mel < this.mels; mel++) {
      out[offset + mel] = Math.log(this.#filters.energy(this.#power, mel) + logOffset);
    }
  }

  #weigh(samples: Float32Array, start: number): void {
    const hann = this.#hann;
    const weighted = this.#weighted;
    for (let n = 0; n < weighted.length; n++) weighted[n] = samples[start + n]! * hann[n]!;
  }

  /** Past an end the window is mirrored about its outermost sample, which is not repeated. */
  #weighReflected(samples: Float32Array, start: number): void {
    const last = this.parameters.windowSamples - 1;
    const weighted = this.#weighted;
    for (let n = 0; n < weighted.length; n++) {
      const inside = last - Math.abs(last - Math.abs(start + n));
      weighted[n] = samples[inside]! * this.#hann[n]!;
    }
  }
}

function check(parameters: LogMelParameters): void {
  const { rateHz, windowSamples, fftSamples, hopSamples, mels, minHz, maxHz, logOffset } = parameters;
  const counts = { rateHz, windowSamples, fftSamples, hopSamples, mels };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1) refuse(name, 'a positive integer', value);
  }
  if (fftSamples % 2 !== 0) refuse('fftSamples', 'even', fftSamples);
  if (windowSamples <= fftSamples / 2) refuse('windowSamples', 'more than half of fftSamples', windowSamples);
  if (windowSamples % hopSamples !== 0) refuse('hopSamples', 'a divisor of windowSamples', hopSamples);
  if (!(minHz >= 0 && minHz < maxHz)) refuse('minHz', 'at least 0 and below maxHz', minHz);
  if (!(maxHz <= rateHz / 2)) refuse('maxHz', 'at most half of rateHz', maxHz);
  if (!(logOffset > 0)) refuse('logOffset', 'positive', logOffset);
}

function refuse(field: string, rule: string, value: number): never {
  throw new EarsightError(
    'bad-manifest',
    `logmel.${field} must be ${rule}, but is ${value}. Correct the model's manifest.`,
    { details: { field: `logmel.${field}`, value } },
  );
}

/** Every number that defines the log-mel front end: written into a model's manifest, read by training and serving. */

/**
 * The definition of one log-mel front end, in the manifest's own field names.
 * The literal fields have one supported value each: a manifest that says otherwise cannot be served.
 */
export interface LogMelParameters {
  /** Sampling rate of the input, Hz. */
  rateHz: number;
  /** Length of the analysed window of sound, in samples; a multiple of `hopSamples`. */
  windowSamples: number;
  /** Length of one Fourier transform (and of its Hann window), in samples; even. */
  fftSamples: number;
  /** Distance between columns, in samples. */
  hopSamples: number;
  /** Number of mel bands. */
  mels: number;
  /** Lower edge of the lowest band, Hz. */
  minHz: number;
  /** Upper edge of the highest band, Hz; at most `rateHz / 2`. */
  maxHz: number;
  /** Hann window of period `fftSamples`: `0.5 - 0.5 cos(2 pi n / fftSamples)`. */
  window: 'hann-periodic';
  /** Column `t` is centred on sample `t * hopSamples` of the window. */
  center: true;
  /** The window is mirrored at its ends, the edge sample not repeated. */
  padMode: 'reflect';
  /** Mel scale of Slaney's Auditory Toolbox: linear below 1 kHz, logarithmic above. */
  melScale: 'slaney';
  /** Each band's triangle has unit area over Hz. */
  melNorm: 'slaney';
  /** Exponent of the spectrum's magnitude: power. */
  power: 2;
  /** The output is `ln(mel power + logOffset)`. */
  logOffset: number;
}

/** The front end of Qian et al. 2020 as released: one second of sound gives 51 columns of 64 bands. */
export const QIAN_LOG_MEL: LogMelParameters = {
  rateHz: 22_050,
  windowSamples: 22_050,
  fftSamples: 882,
  hopSamples: 441,
  mels: 64,
  minHz: 0,
  maxHz: 11_025,
  window: 'hann-periodic',
  center: true,
  padMode: 'reflect',
  melScale: 'slaney',
  melNorm: 'slaney',
  power: 2,
  logOffset: 2.22e-16,
};

/** Columns of one window, both edges included: 51 for one second at a hop of 20 ms. */
export function columnCount(parameters: LogMelParameters): number {
  return parameters.windowSamples / parameters.hopSamples + 1;
}

import { describe, expect, it } from 'vitest';
import { LogMel } from './log-mel.ts';
import { QIAN_LOG_MEL } from './log-mel-parameters.ts';

const N = QIAN_LOG_MEL.windowSamples;

/** One column straight from the formulas: reflect, Hann, DFT, triangles over a dense matrix, logarithm. */
function naiveColumn(samples: Float32Array, column: number): number[] {
  const fft = 882;
  const mel = (hz: number): number =>
    hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4);
  const hz = (m: number): number => (m < 15 ? (200 * m) / 3 : 1000 * 6.4 ** ((m - 15) / 27));
  const windowed: number[] = [];
  for (let n = 0; n < fft; n++) {
    let at = column * 441 - 441 + n;
    if (at < 0) at = -at;
    if (at >= N) at = 2 * (N - 1) - at;
    windowed.push(samples[at]! * Math.sin((Math.PI * n) / fft) ** 2);
  }
  const power: number[] = [];
  for (let k = 0; k <= 441; k++) {
    let re = 0;
    let im = 0;
    for (let n = 0; n < fft; n++) {
      re += windowed[n]! * Math.cos((2 * Math.PI * ((k * n) % fft)) / fft);
      im -= windowed[n]! * Math.sin((2 * Math.PI * ((k * n) % fft)) / fft);
    }
    power.push(re * re + im * im);
  }
  return Array.from({ length: 64 }, (_, band) => {
    const [low, peak, high] = [0, 1, 2].map((i) => hz((mel(11_025) * (band + i)) / 65)) as [
      number,
      number,
      number,
    ];
    let energy = 0;
    power.forEach((value, k) => {
      const f = k * 25;
      energy +=
        (value * Math.max(0, Math.min((f - low) / (peak - low), (high - f) / (high - peak))) * 2) /
        (high - low);
    });
    return Math.log(energy + 2.22e-16);
  });
}

/** A tone, a click and deterministic noise. */
function signal(): Float32Array {
  let state = 7;
  const samples = Float32Array.from({ length: N }, (_, n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 0.4 * Math.sin((2 * Math.PI * 523 * n) / 22_050) + 0.02 * (state / 2 ** 31 - 1);
  });
  samples[9000] = 0.9;
  return samples;
}

describe('log-mel', () => {
  it('is what the formulas say, at both ends and between', () => {
    const samples = signal();
    const logMel = new LogMel(QIAN_LOG_MEL);
    expect([logMel.columns, logMel.mels]).toEqual([51, 64]);
    const out = new Float32Array(51 * 64 + 5).fill(77);
    logMel.write(samples, out, 5);
    for (const column of [0, 1, 20, 21, 49, 50]) {
      naiveColumn(samples, column).forEach((value, band) => {
        expect(out[5 + column * 64 + band]).toBeCloseTo(value, 5);
      });
    }
    expect(out.subarray(0, 5).every((value) => value === 77)).toBe(true);
  });

  it('calls the first and last column edges, and no other', () => {
    const logMel = new LogMel(QIAN_LOG_MEL);
    const edges = Array.from({ length: 51 }, (_, column) => column).filter((column) => logMel.isEdge(column));
    expect(edges).toEqual([0, 50]);
  });

  it('gives the logarithm of the offset for silence, and does not normalise loudness', () => {
    const logMel = new LogMel(QIAN_LOG_MEL);
    const out = new Float32Array(51 * 64);
    logMel.write(new Float32Array(N), out, 0);
    expect(out.every((value) => Math.abs(value - Math.log(2.22e-16)) < 1e-5)).toBe(true);
    const loud = new Float32Array(51 * 64);
    logMel.write(signal(), loud, 0);
    logMel.write(
      signal().map((value) => value / 10),
      out,
      0,
    );
    out.forEach((value, i) => expect(loud[i]! - value).toBeCloseTo(Math.log(100), 3));
  });

  it.each([
    ['fftSamples', 881],
    ['hopSamples', 440],
    ['windowSamples', 441],
    ['mels', 0],
    ['mels', 1.5],
    ['minHz', 11_025],
    ['maxHz', 12_000],
    ['logOffset', 0],
  ])('refuses %s of %d, naming the field', (field, value) => {
    expect(() => new LogMel({ ...QIAN_LOG_MEL, [field]: value })).toThrow(
      expect.objectContaining({
        code: 'bad-manifest',
        message: expect.stringContaining(`logmel.${field}`),
      }),
    );
  });
});

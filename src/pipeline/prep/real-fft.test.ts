import { describe, expect, it } from 'vitest';
import { RealFft } from './real-fft.ts';

/** The definition, with angles reduced exactly. */
function naivePower(signal: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size / 2 + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let n = 0; n < size; n++) {
      const angle = (2 * Math.PI * ((k * n) % size)) / size;
      re += signal[n]! * Math.cos(angle);
      im -= signal[n]! * Math.sin(angle);
    }
    return re * re + im * im;
  });
}

/** Deterministic noise in [-1, 1). */
function noise(size: number): Float64Array {
  let state = size;
  return Float64Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

describe('real FFT', () => {
  it('is the discrete Fourier transform at every even size to 130, and at larger ones of all kinds', () => {
    const sizes = Array.from({ length: 65 }, (_, i) => 2 * (i + 1)).concat([
      256,
      400,
      512,
      882,
      1000,
      1024,
      1102,
      1764,
      2 * 7 * 11 * 13,
      2 * 997,
    ]);
    for (const size of sizes) {
      const signal = noise(size);
      const power = new Float64Array(size / 2 + 1);
      const fft = new RealFft(size);
      // Twice: the work buffers change places.
      fft.power(signal, power);
      fft.power(signal, power);
      const expected = naivePower(signal, size);
      let worst = 0;
      power.forEach((value, k) => (worst = Math.max(worst, Math.abs(value - expected[k]!))));
      expect(worst, `size ${size}`).toBeLessThan(1e-11 * size * size);
    }
    expect(sizes.length).toBe(75);
  });

  it('resolves a tone 120 dB below another', () => {
    const size = 882;
    const signal = Float64Array.from(
      { length: size },
      (_, n) => Math.cos((2 * Math.PI * 100 * n) / size) + 1e-6 * Math.cos((2 * Math.PI * 300 * n) / size),
    );
    const power = new Float64Array(size / 2 + 1);
    new RealFft(size).power(signal, power);
    expect(power[100]! / power[300]!).toBeCloseTo(1e12, -4);
  });

  it.each([0, -2, 3, 881, 2.5])('refuses length %d', (size) => {
    expect(() => new RealFft(size)).toThrow(RangeError);
  });
});

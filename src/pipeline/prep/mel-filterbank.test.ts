import { describe, expect, it } from 'vitest';
import { QIAN_LOG_MEL } from './log-mel-parameters.ts';
import { hzToMel, MelFilterbank, melToHz } from './mel-filterbank.ts';

describe('Slaney mel scale', () => {
  it.each([
    [0, 0],
    [200, 3],
    [1000, 15],
    [6400, 42],
  ])('%i Hz is %i mel', (hz, mel) => {
    expect(hzToMel(hz)).toBeCloseTo(mel, 12);
    expect(melToHz(mel)).toBeCloseTo(hz, 9);
  });
});

describe('mel filterbank', () => {
  const bins = QIAN_LOG_MEL.fftSamples / 2 + 1;
  const binHz = QIAN_LOG_MEL.rateHz / QIAN_LOG_MEL.fftSamples;
  const filters = new MelFilterbank(QIAN_LOG_MEL);

  it('has the formula’s weight at every bin', () => {
    const corners = Array.from({ length: 66 }, (_, i) => melToHz((hzToMel(11_025) * i) / 65));
    const power = new Float64Array(bins);
    let positive = 0;
    for (let bin = 0; bin < bins; bin++) {
      power.fill(0)[bin] = 1;
      const hz = bin * binHz;
      for (let mel = 0; mel < 64; mel++) {
        const [low, peak, high] = [corners[mel]!, corners[mel + 1]!, corners[mel + 2]!];
        const height = Math.max(0, Math.min((hz - low) / (peak - low), (high - hz) / (high - peak)));
        expect(filters.energy(power, mel)).toBeCloseTo((2 * height) / (high - low), 12);
        if (height > 0) positive++;
      }
    }
    expect(positive).toBeGreaterThan(800);
  });

  it('gives every wide band unit area over Hz', () => {
    const flat = new Float64Array(bins).fill(1);
    for (let mel = 40; mel < 64; mel++) {
      expect(filters.energy(flat, mel) * binHz).toBeCloseTo(1, 1);
    }
  });
});

/** The log-mel front end against tensors computed with numpy, where the workspace holds them. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LogMel } from '../../src/pipeline/prep/log-mel.ts';
import { QIAN_LOG_MEL } from '../../src/pipeline/prep/log-mel-parameters.ts';

const golden = new URL('../../../shared/golden/logmel.json', import.meta.url);
const present = existsSync(golden);
if (!present) console.warn('skipped: log-mel golden tensors (../shared/golden/logmel.json is absent)');

const N = QIAN_LOG_MEL.windowSamples;
/** The model clamps below this; both are the same there. */
const FLOOR = -14;

function tonesAndNoise(): Float32Array {
  let state = 1;
  return Float32Array.from({ length: N }, (_, n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const turns = (2 * Math.PI * n) / N;
    return 0.3 * Math.sin(440 * turns) + 0.2 * Math.sin(1320 * turns) + 0.05 * (state / 2 ** 31 - 1);
  });
}

const SIGNALS: Record<string, () => Float32Array> = {
  silence: () => new Float32Array(N),
  impulse: () => new Float32Array(N).fill(1, 11_025, 11_026),
  chirp_100_8000: () =>
    Float32Array.from({ length: N }, (_, n) => {
      const t = n / N;
      return 0.5 * Math.sin(2 * Math.PI * (100 * t + (7900 * t * t) / 2));
    }),
  tones_and_noise: tonesAndNoise,
};

describe.skipIf(!present)('log-mel golden tensors', () => {
  it.each([
    ['silence', 0],
    ['impulse', 64],
    ['chirp_100_8000', 500],
    ['tones_and_noise', 3264],
  ])('%s, to 1e-3 wherever the reference is above the floor', (name, atLeast) => {
    const text = readFileSync(golden, 'utf8');
    const { signals } = JSON.parse(text) as { signals: Record<string, { logmel: number[][] }> };
    const reference = signals[name]!.logmel;
    const logMel = new LogMel(QIAN_LOG_MEL);
    const out = new Float32Array(logMel.columns * logMel.mels);
    logMel.write(SIGNALS[name]!(), out, 0);
    expect(reference.length).toBe(logMel.columns);
    let above = 0;
    reference.forEach((column, t) => {
      column.forEach((value, mel) => {
        const ours = out[t * logMel.mels + mel]!;
        if (value > FLOOR) {
          above++;
          expect(Math.abs(ours - value)).toBeLessThanOrEqual(1e-3);
        } else {
          expect(ours).toBeLessThanOrEqual(FLOOR + 1e-3);
        }
      });
    });
    expect(above).toBeGreaterThanOrEqual(atLeast);
  });
});

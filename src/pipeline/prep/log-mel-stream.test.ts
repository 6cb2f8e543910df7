import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AudioRing } from '../align/audio-ring.ts';
import { LogMel } from './log-mel.ts';
import { type LogMelParameters, QIAN_LOG_MEL } from './log-mel-parameters.ts';
import { LogMelStream, type SampleSource } from './log-mel-stream.ts';

/** A small front end of the same kind: 16 columns plus one, two edge columns at either end. */
const SMALL: LogMelParameters = {
  ...QIAN_LOG_MEL,
  rateHz: 8000,
  windowSamples: 320,
  fftSamples: 60,
  hopSamples: 20,
  mels: 5,
  maxHz: 4000,
};

/** Hashed noise: the value at a position, any position. */
function noiseAt(position: number, take: number): number {
  let state = (position ^ Math.imul(take + 1, 0x9e3779b1)) | 0;
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32 - 0.5;
}

const noise = (position: number, count: number, take: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => noiseAt(position + i, take));

/** The log-mel of the window, computed from nothing but its samples. */
function whole(parameters: LogMelParameters, source: SampleSource, endSample: number): Float32Array {
  const samples = new Float32Array(parameters.windowSamples);
  source.read(endSample, parameters.windowSamples, samples);
  const logMel = new LogMel(parameters);
  const out = new Float32Array(logMel.columns * logMel.mels);
  logMel.write(samples, out, 0);
  return out;
}

describe('log-mel stream', () => {
  it('equals the whole window bit for bit: any grids, gaps, jumps, rings (property)', () => {
    let windows = 0;
    let withMissing = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.array(
          fc.record({
            gap: fc.oneof(
              { weight: 6, arbitrary: fc.constant(0) },
              { weight: 1, arbitrary: fc.integer({ min: 1, max: 50 }) },
            ),
            count: fc.integer({ min: 1, max: 200 }),
            back: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })),
            event: fc.oneof(
              { weight: 20, arbitrary: fc.constant('none') },
              { weight: 1, arbitrary: fc.constant('jump') },
              { weight: 1, arbitrary: fc.constant('other ring') },
            ),
          }),
          { minLength: 20, maxLength: 60 },
        ),
        fc.constantFrom(1, 10, 20, 33),
        (origin, steps, grid) => {
          const stream = new LogMelStream(SMALL);
          const out = new Float32Array(17 * 5 + 3);
          let ring = new AudioRing(900);
          let next = origin;
          let take = 0;
          for (const { gap, count, back, event } of steps) {
            if (event !== 'none') {
              take++;
              // The same positions again with other sound: what was kept must not come back.
              if (event === 'jump') ring.clear();
              else ring = new AudioRing(900);
              next -= 300;
              ring.append(next, noise(next, 400, take));
              next += 400;
            }
            next += gap;
            ring.append(next, noise(next, count, take));
            next += count;
            const endSample = Math.floor((next - back) / grid) * grid;
            const missing = stream.write(ring, endSample, out, 3);
            expect(missing).toBe(ring.missing(endSample - 320, endSample));
            expect(out.subarray(3)).toEqual(whole(SMALL, ring, endSample));
            windows++;
            if (missing > 0) withMissing++;
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(windows).toBeGreaterThan(1000);
    expect(withMissing).toBeGreaterThan(100);
    expect(windows - withMissing).toBeGreaterThan(300);
  });

  it.each([
    [50, 1, 3],
    [25, 1, 4],
    [10, 1, 7],
    [30, 3, 7],
  ])('at %i frames a second computes only new and edge columns', (framesHz, grids, most) => {
    const ring = new AudioRing(4 * 22_050);
    ring.append(0, noise(0, 4 * 22_050, 1));
    const stream = new LogMelStream(QIAN_LOG_MEL);
    const out = new Float32Array(51 * 64);
    const writeColumn = vi.spyOn(LogMel.prototype, 'writeColumn');
    try {
      let windows = 0;
      for (let endSample = 30_000; endSample <= 4 * 22_050; endSample += 22_050 / framesHz) {
        writeColumn.mockClear();
        stream.write(ring, endSample, out, 0);
        // The first window of each grid is computed whole.
        if (windows++ >= grids) expect(writeColumn.mock.calls.length).toBeLessThanOrEqual(most);
        expect(out).toEqual(whole(QIAN_LOG_MEL, ring, endSample));
      }
      expect(windows).toBeGreaterThan(20);
    } finally {
      writeColumn.mockRestore();
    }
  });
});

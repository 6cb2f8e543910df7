import { describe, expect, it } from 'vitest';
import { axisTaps, type Resampler } from './axis-taps.ts';

function tapsOf(
  resampler: Resampler,
  samples: number,
  extentHalves: number,
  length: number,
): [number, number[]][] {
  const taps = axisTaps(resampler, samples, extentHalves, length);
  return Array.from({ length }, (_, i) => {
    const at = taps.offset[i]!;
    return [taps.start[i]!, [...taps.weight.subarray(at, at + taps.count[i]!)]];
  });
}

describe('axis taps', () => {
  it('average whole pixels where the ratio is whole', () => {
    expect(tapsOf('area', 4, 8, 2)).toEqual([
      [0, [0.5, 0.5]],
      [2, [0.5, 0.5]],
    ]);
  });

  it('share the pixel between two footprints', () => {
    expect(tapsOf('area', 3, 6, 2)).toEqual([
      [0, [2 / 3, 1 / 3]],
      [1, [1 / 3, 2 / 3]],
    ]);
  });

  it('count half of the last chroma sample of an odd picture', () => {
    expect(tapsOf('area', 3, 5, 1)).toEqual([[0, [0.4, 0.4, 0.2]]]);
  });

  it('interpolate at half-pixel centres, edges repeated', () => {
    expect(tapsOf('bilinear', 2, 4, 4)).toEqual([
      [0, [1]],
      [0, [0.75, 0.25]],
      [0, [0.25, 0.75]],
      [0, [0, 1]],
    ]);
  });

  it('stay inside the source and sum to one, whatever the sizes', () => {
    let axes = 0;
    for (const resampler of ['area', 'bilinear'] as const) {
      for (let size = 1; size <= 40; size++) {
        for (const [samples, extentHalves] of [
          [size, 2 * size],
          [(size + 1) >> 1, size],
        ] as const) {
          for (const length of [1, 2, 3, 7, 16, 53]) {
            for (const [start, weights] of tapsOf(resampler, samples, extentHalves, length)) {
              expect(start).toBeGreaterThanOrEqual(0);
              expect(start + weights.length).toBeLessThanOrEqual(samples);
              expect(weights.every((weight) => weight >= 0)).toBe(true);
              expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
            }
            axes++;
          }
        }
      }
    }
    expect(axes).toBe(960);
  });
});

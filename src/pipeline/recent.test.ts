import { describe, expect, it } from 'vitest';
import { Recent } from './recent.ts';

describe('Recent', () => {
  it('gives rate, means and quantiles of the rows within the horizon', () => {
    const recent = new Recent(2, 100, 1_000_000);
    for (let i = 0; i <= 40; i++) recent.add(i * 50_000, [i, 2 * i]);
    // Now is 2 s: rows 20..40 lie within the last second.
    expect(recent.rateHz(2_000_000)).toBeCloseTo(20);
    expect(recent.means(2_000_000)).toEqual([30, 60]);
    expect(recent.quantiles(2_000_000, 0, [0.5, 0.95, 1])).toEqual([30, 39, 40]);
  });

  it('forgets the oldest rows when full, and everything with time', () => {
    const recent = new Recent(1, 4, 1_000_000);
    for (let i = 0; i < 10; i++) recent.add(i, [i]);
    expect(recent.quantiles(10, 0, [0.01, 1])).toEqual([6, 9]);
    expect(recent.means(5_000_000)).toBeNull();
    expect(recent.rateHz(5_000_000)).toBe(0);
  });

  it('falls to a low rate when results stop, instead of keeping the last', () => {
    const recent = new Recent(1, 100, 10_000_000);
    for (let i = 0; i < 30; i++) recent.add(i * 33_333, [0]);
    expect(recent.rateHz(1_000_000)).toBeCloseTo(29, 0);
    expect(recent.rateHz(9_000_000)).toBeLessThan(4);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameSelector } from './frame-selector.ts';

function kept(maxRateHz: number | null, timesUs: number[]): number[] {
  const selector = new FrameSelector(maxRateHz);
  return timesUs.flatMap((ptsUs, index) => (selector.take(ptsUs) ? [index] : []));
}

/** `count` frames at `rateHz`, each up to `jitterUs` off. */
function frames(rateHz: number, count: number, jitterUs = 0): number[] {
  return Array.from({ length: count }, (_, i) =>
    Math.round((i * 1e6) / rateHz + jitterUs * Math.sin(i * 12.9898)),
  );
}

it('lets everything pass without a cap', () => {
  expect(kept(null, frames(30, 10))).toHaveLength(10);
});

it.each([0, 3000, 8000])('takes every third of 30 for 10 a second, with %i us of jitter', (jitterUs) => {
  expect(kept(10, frames(30, 300, jitterUs))).toEqual(Array.from({ length: 100 }, (_, i) => i * 3));
});

it.each([
  [25, 10, 10],
  [30, 12, 12],
  [30, 29, 29],
  [29.97, 10, 10],
  [25, 30, 25],
  [30, 30, 30],
  [15, 15, 15],
  [5, 10, 5],
])('of %f a second capped at %f keeps %f', (rateHz, maxRateHz, expected) => {
  const count = Math.round(rateHz * 60);
  const rate = kept(maxRateHz, frames(rateHz, count, 2000)).length / 60;
  expect(Math.abs(rate - expected)).toBeLessThan(0.1);
});

it('owes nothing after a gap and goes on after a step back', () => {
  const times = [...frames(30, 30), ...frames(30, 60).map((t) => t + 60e6), ...frames(30, 30)];
  const afterGap = kept(10, times).filter((index) => index >= 30 && index < 90);
  expect(afterGap).toEqual(Array.from({ length: 20 }, (_, i) => 30 + 3 * i));
  expect(kept(10, times).some((index) => index >= 90)).toBe(true);
});

it('never keeps more than the cap over any stretch', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1000, max: 200_000 }), { minLength: 50, maxLength: 200 }),
      fc.integer({ min: 1, max: 30 }),
      (steps, maxRateHz) => {
        let now = 0;
        const times = steps.map((step) => (now += step));
        const count = kept(maxRateHz, times).length;
        expect(count).toBeLessThanOrEqual((now * maxRateHz) / 1e6 + 3);
      },
    ),
  );
});

import { expect, it } from 'vitest';
import { backoffMs, defaultBackoff } from './backoff.ts';

it('doubles from the first wait to the cap', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) =>
    backoffMs(failures, defaultBackoff, () => 1),
  );
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

it('draws the upper half at random', () => {
  expect(backoffMs(3, defaultBackoff, () => 0)).toBe(1000);
  const waits = new Set(Array.from({ length: 50 }, () => backoffMs(3, defaultBackoff)));
  expect(waits.size).toBeGreaterThan(10);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MapSmoother } from './smooth.ts';

/** Value of one cell after a step from 0 to 1 at time 0, sampled at `rateHz`, read at `atMs`. */
function stepResponse(rateHz: number, smoothingMs: number, atMs: number): number {
  const smoother = new MapSmoother(1, smoothingMs);
  smoother.update(Float32Array.of(0), 0);
  let value = 0;
  for (let i = 1; (i * 1000) / rateHz <= atMs; i++) {
    value = smoother.update(Float32Array.of(1), (i * 1e6) / rateHz)[0]!;
  }
  return value;
}

test('the time constant is one at 5, 10 and 30 frames a second: 63 % of a step', () => {
  for (const rateHz of [5, 10, 30, 60]) {
    expect(stepResponse(rateHz, 200, 200)).toBeCloseTo(1 - Math.exp(-1), 5);
    expect(stepResponse(rateHz, 200, 600)).toBeCloseTo(1 - Math.exp(-3), 5);
  }
});

test('uneven frame times do not matter either', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 40 }), (stepsMs) => {
      const smoother = new MapSmoother(1, 150);
      smoother.update(Float32Array.of(0), 0);
      let ptsMs = 0;
      let value = 0;
      for (const dtMs of stepsMs) {
        ptsMs += dtMs;
        value = smoother.update(Float32Array.of(1), ptsMs * 1000)[0]!;
      }
      expect(value).toBeCloseTo(1 - Math.exp(-ptsMs / 150), 4);
    }),
  );
});

test('the first map, and the first after a reset, is taken as it is', () => {
  const smoother = new MapSmoother(2, 500);
  expect([...smoother.update(Float32Array.of(0.5, 1), 0)]).toEqual([0.5, 1]);
  smoother.reset();
  expect([...smoother.update(Float32Array.of(0.25, 0), 1000)]).toEqual([0.25, 0]);
});

test('0 passes maps through', () => {
  const smoother = new MapSmoother(1, 0);
  smoother.update(Float32Array.of(1), 0);
  expect(smoother.update(Float32Array.of(0.25), 1000)[0]).toBe(0.25);
});

test('stays within what it was given', () => {
  const cell = fc.float({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 2, maxLength: 30 }), (values) => {
      const smoother = new MapSmoother(1, 100);
      const smoothed = values.map((v, i) => smoother.update(Float32Array.of(v), i * 33_000)[0]!);
      return smoothed.every((v) => v >= Math.min(...values) - 1e-6 && v <= Math.max(...values) + 1e-6);
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameSelector } from './frame-selector.ts';

function kept(maxRateHz: number | null, timesUs: readonly number[], selector = new FrameSelector(maxRateHz)) {
  return timesUs.flatMap((ptsUs, index) => (selector.take(ptsUs) ? [index] : []));
}

/** `count` frames at `rateHz`, each up to `jitterUs` off. */
function frames(rateHz: number, count: number, jitterUs = 0): number[] {
  return Array.from({ length: count }, (_, i) =>
    Math.round((i * 1e6) / rateHz + jitterUs * Math.sin(i * 12.9898)),
  );
}

/** A camera of 1 to 60 frames a second, and a cap not above it. */
const cameraAndCap = fc
  .tuple(fc.double({ min: 1, max: 60, noNaN: true }), fc.double({ min: 0.02, max: 1, noNaN: true }))
  .map(([rateHz, part]) => ({ rateHz, maxRateHz: rateHz * part }));

describe('FrameSelector', () => {
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

  it('takes the frame nearest to each grid point, from the first frame on', () => {
    fc.assert(
      fc.property(cameraAndCap, ({ rateHz, maxRateHz }) => {
        const times = frames(rateHz, 200);
        const chosen = kept(maxRateHz, times).map((index) => times[index]!);
        chosen.forEach((ptsUs, point) => {
          // Times are whole microseconds, and so is the step that is learnt from them.
          expect(Math.abs(ptsUs - (point * 1e6) / maxRateHz)).toBeLessThanOrEqual(5e5 / rateHz + 2);
        });
        const points = Math.floor((times.at(-1)! * maxRateHz) / 1e6);
        expect(chosen.length).toBeGreaterThanOrEqual(points);
      }),
    );
  });

  it('adds no more jitter than the frames have', () => {
    fc.assert(
      fc.property(
        cameraAndCap,
        fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 200, maxLength: 200 }),
        ({ rateHz, maxRateHz }, jitter) => {
          const times = frames(rateHz, 200).map((us, i) => Math.round(us + (jitter[i]! * 1e6) / rateHz));
          const gaps = kept(maxRateHz, times).map((index) => times[index]!);
          const intervalUs = 1e6 / maxRateHz;
          for (let i = 1; i < gaps.length; i++) {
            const offUs = Math.abs(gaps[i]! - gaps[i - 1]! - intervalUs);
            expect(offUs).toBeLessThanOrEqual(1.5e6 / rateHz);
          }
        },
      ),
    );
  });

  it('loses at most one frame of a camera at the cap or below because of jitter', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8000, max: 8000 }), { minLength: 60, maxLength: 60 }),
        fc.integer({ min: 30, max: 60 }),
        (jitter, maxRateHz) => {
          const times = frames(30, 60).map((us, i) => us + jitter[i]!);
          expect(kept(maxRateHz, times).length).toBeGreaterThanOrEqual(59);
        },
      ),
    );
  });

  it('takes at one cap what another took before it', () => {
    fc.assert(
      fc.property(cameraAndCap, ({ rateHz, maxRateHz }) => {
        const times = frames(rateHz, 200);
        const chosen = kept(maxRateHz, times).map((index) => times[index]!);
        expect(kept(maxRateHz, chosen).length).toBe(chosen.length);
      }),
    );
  });

  it('never takes more than the cap over any stretch, whatever the input', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 50, maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (steps, maxRateHz) => {
          let now = 0;
          const times = steps.map((step) => (now += step));
          const chosen = kept(maxRateHz, times).map((index) => times[index]!);
          for (let from = 0; from < chosen.length; from++) {
            for (let to = from; to < chosen.length; to++) {
              const most = ((chosen[to]! - chosen[from]!) * maxRateHz) / 1e6 + 3;
              expect(to - from + 1).toBeLessThanOrEqual(most + 1e-9);
            }
          }
        },
      ),
    );
  });

  it('owes nothing after a gap and goes on at once after a clock that steps back', () => {
    const selector = new FrameSelector(10);
    const gap = frames(30, 60).map((us) => us + 60e6);
    kept(10, frames(30, 30), selector);
    expect(kept(10, gap, selector)).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i));
    expect(kept(10, frames(30, 30), selector)).toEqual(Array.from({ length: 10 }, (_, i) => 3 * i));
  });

  it('keeps its grid over a lost frame', () => {
    const times = frames(30, 300).filter((_, i) => i % 50 !== 30);
    const offs = kept(10, times).map((index) => times[index]! % 100_000);
    for (const us of offs) expect(Math.min(us, 100_000 - us)).toBeLessThanOrEqual(33_334);
    expect(offs.filter((us) => us > 2).length).toBeLessThanOrEqual(6);
  });

  it('follows a new cap', () => {
    const selector = new FrameSelector(10);
    kept(10, frames(30, 30), selector);
    selector.maxRateHz = 15;
    const later = frames(30, 30).map((us) => us + 1e6);
    expect(kept(15, later, selector)).toEqual(Array.from({ length: 15 }, (_, i) => 2 * i));
  });
});

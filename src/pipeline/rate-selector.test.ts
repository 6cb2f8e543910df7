import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateSelector } from './rate-selector.ts';

const taken = (selector: RateSelector, pts: number[]): number[] => pts.filter((us) => selector.take(us));
const at = (rateHz: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.round((i * 1e6) / rateHz));

describe('RateSelector', () => {
  it('takes everything without a cap', () => {
    expect(taken(new RateSelector(null), at(30, 90))).toHaveLength(90);
  });

  it('makes 30 to 10 an even every third frame', () => {
    const times = taken(new RateSelector(10), at(30, 300)).slice(2);
    const gaps = times.slice(1).map((us, i) => us - times[i]!);
    expect(new Set(gaps.map((us) => Math.round(us / 1000)))).toEqual(new Set([100]));
  });

  it('does not lose frames of a camera at the cap because of jitter', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8000, max: 8000 }), { minLength: 60, maxLength: 60 }),
        (jitter) => {
          const pts = at(30, 60).map((us, i) => us + jitter[i]!);
          expect(taken(new RateSelector(30), pts).length).toBe(60);
        },
      ),
    );
  });

  it('never takes more than the cap over time, whatever the input', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 200, maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (gaps, rateHz) => {
          let us = 0;
          const pts = gaps.map((gap) => (us += gap));
          const spanS = (pts.at(-1)! - pts[0]!) / 1e6;
          expect(taken(new RateSelector(rateHz), pts).length).toBeLessThanOrEqual(spanS * rateHz + 2);
        },
      ),
    );
  });

  it('goes on at once after a gap and after a clock that jumps back', () => {
    const selector = new RateSelector(10);
    taken(selector, at(30, 30));
    expect(selector.take(60e6)).toBe(true);
    expect(selector.take(2e6)).toBe(true);
    expect(selector.take(2.02e6)).toBe(false);
  });
});

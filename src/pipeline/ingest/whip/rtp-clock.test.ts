import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ntpToUnixUs, ticksToUs, Unwrapper } from './rtp-clock.ts';

describe('Unwrapper', () => {
  it('follows any walk of steps below half the range, forwards and backwards', () => {
    for (const bits of [16, 32] as const) {
      const half = 2 ** (bits - 1);
      fc.assert(
        fc.property(
          fc.nat(2 ** bits - 1),
          fc.array(fc.integer({ min: -(half >> 2), max: half - 1 }), { maxLength: 60 }),
          (first, steps) => {
            const unwrapper = new Unwrapper(bits);
            const origin = unwrapper.unwrap(first);
            let truth = first;
            let highest = first;
            for (const step of steps) {
              // Within half the range of the highest value, as the contract says.
              truth = Math.max(highest + step, highest - half + 1);
              const wrapped = ((truth % 2 ** bits) + 2 ** bits) % 2 ** bits;
              expect(unwrapper.peek(wrapped) - origin).toBe(truth - first);
              expect(unwrapper.unwrap(wrapped) - origin).toBe(truth - first);
              highest = Math.max(highest, truth);
            }
          },
        ),
      );
    }
  });

  it('does not move its reference on peek', () => {
    const unwrapper = new Unwrapper(16);
    const origin = unwrapper.unwrap(10);
    expect(unwrapper.peek(30_000) - origin).toBe(29_990);
    expect(unwrapper.peek(40_000) - origin).toBe(39_990 - 65_536);
  });
});

describe('ticksToUs', () => {
  it('is exact to half a microsecond over years of wraps, and monotonic', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 40), max: 2 ** 44 }),
        fc.constantFrom(8_000, 48_000, 90_000),
        (ticks, rateHz) => {
          const us = ticksToUs(ticks, rateHz);
          // us * rate / 1e6 == ticks, in integers that cannot overflow.
          const error = BigInt(us) * BigInt(rateHz) - BigInt(ticks) * 1_000_000n;
          expect(error < 0n ? -error * 2n : error * 2n).toBeLessThanOrEqual(BigInt(rateHz));
          expect(ticksToUs(ticks + 1, rateHz)).toBeGreaterThan(us);
        },
      ),
    );
  });
});

describe('ntpToUnixUs', () => {
  it.each([
    ['1970', 2_208_988_800n << 32n, 0],
    ['half a second later', (2_208_988_800n << 32n) | 0x8000_0000n, 500_000],
    ['2024-01-01', 3_913_056_000n << 32n, Date.UTC(2024, 0, 1) * 1000],
    ['the first second of the next era', 0n, Date.UTC(2036, 1, 7, 6, 28, 16) * 1000],
  ])('%s', (_, ntp, unixUs) => {
    expect(ntpToUnixUs(ntp)).toBe(unixUs);
  });
});

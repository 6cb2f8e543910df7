import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleAt, timeOfSample } from './sample-time.ts';

/** Round half up of a ratio of integers, exactly. */
function exactRound(numerator: bigint, denominator: bigint): bigint {
  const doubled = 2n * numerator + denominator;
  const quotient = doubled / (2n * denominator);
  const negative = doubled < 0n && doubled % (2n * denominator) !== 0n;
  return negative ? quotient - 1n : quotient;
}

const years = 30 * 366 * 86_400;
const rates = fc.constantFrom(8000, 11_025, 16_000, 22_050, 44_100, 48_000);

describe('sample time', () => {
  it('is exact for decades of microseconds, negative ones too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -years, max: years }),
        fc.nat(999_999),
        rates,
        (seconds, restUs, rateHz) => {
          const timeUs = seconds * 1_000_000 + restUs;
          expect(BigInt(sampleAt(timeUs, rateHz))).toBe(
            exactRound(BigInt(timeUs) * BigInt(rateHz), 1_000_000n),
          );
          const sample = sampleAt(timeUs, rateHz);
          expect(BigInt(timeOfSample(sample, rateHz))).toBe(
            exactRound(BigInt(sample) * 1_000_000n, BigInt(rateHz)),
          );
          expect(sampleAt(timeOfSample(sample, rateHz), rateHz)).toBe(sample);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('rounds half up', () => {
    expect(sampleAt(62.5, 8000)).toBe(1);
    expect(sampleAt(-62.5, 8000)).toBe(0);
    expect(sampleAt(62, 8000)).toBe(0);
  });
});

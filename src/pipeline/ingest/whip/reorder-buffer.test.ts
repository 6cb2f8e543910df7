import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReorderBuffer } from './reorder-buffer.ts';

const LIMITS = { maxWaitUs: 100_000, maxHeld: 50, requestIntervalUs: 20_000 };
const sequenceOf = (position: number): number => position & 0xffff;

describe('ReorderBuffer', () => {
  it('delivers any shuffle within its patience once and in order, across the wrap', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.integer({ min: 1, max: 120 }),
        fc.infiniteStream(fc.nat(10)),
        fc.infiniteStream(fc.boolean()),
        (first, count, jitter, duplicated) => {
          const arrivals = Array.from({ length: count }, (_, i) => i)
            .map((i) => ({ i, at: i + (i === 0 ? 0 : (jitter.next().value as number)) }))
            .sort((a, b) => a.at - b.at || a.i - b.i)
            .flatMap(({ i }) => (duplicated.next().value === true ? [i, i] : [i]));
          // The first to arrive decides where the stream starts.
          const start = arrivals[0]!;
          const buffer = new ReorderBuffer<number>(LIMITS);
          const out = arrivals.flatMap((i) => {
            buffer.push(sequenceOf(first + i), i, 0);
            return buffer.take(0);
          });
          expect(out).toEqual(
            Array.from({ length: count - start }, (_, i) => ({ item: start + i, lostBefore: 0 })),
          );
          expect(buffer.waiting).toBe(false);
        },
      ),
    );
  });

  it('asks for what is missing at once, again after the interval, and no more once it came', () => {
    const buffer = new ReorderBuffer<string>(LIMITS);
    buffer.push(65_534, 'a', 0);
    buffer.push(1, 'd', 1_000);
    expect(buffer.take(1_000).map(({ item }) => item)).toEqual(['a']);
    expect(buffer.requests(1_000)).toEqual([65_535, 0]);
    expect(buffer.requests(20_000)).toEqual([]);
    buffer.push(0, 'c', 20_500);
    expect(buffer.requests(21_000)).toEqual([65_535]);
    buffer.push(65_535, 'b', 22_000);
    expect(buffer.take(22_000)).toEqual([
      { item: 'b', lostBefore: 0 },
      { item: 'c', lostBefore: 0 },
      { item: 'd', lostBefore: 0 },
    ]);
    expect(buffer.waiting).toBe(false);
  });

  it('gives a gap up after the longest wait and says how many are lost', () => {
    const buffer = new ReorderBuffer<string>(LIMITS);
    buffer.push(10, 'a', 0);
    buffer.push(13, 'd', 5_000);
    expect(buffer.take(104_999)).toEqual([{ item: 'a', lostBefore: 0 }]);
    expect(buffer.waiting).toBe(true);
    expect(buffer.take(105_000)).toEqual([{ item: 'd', lostBefore: 2 }]);
    buffer.push(12, 'too late', 106_000);
    expect(buffer.take(106_000)).toEqual([]);
    expect(buffer.waiting).toBe(false);
  });

  it('holds no more than its bound', () => {
    const buffer = new ReorderBuffer<number>(LIMITS);
    buffer.push(0, 0, 0);
    for (let i = 2; i < 60; i++) buffer.push(i, i, 0);
    const out = buffer.take(0);
    expect(out[1]).toEqual({ item: 2, lostBefore: 1 });
    expect(out).toHaveLength(59);
  });

  it('starts over when the sender does, and reports the break', () => {
    const buffer = new ReorderBuffer<string>(LIMITS);
    buffer.push(100, 'a', 0);
    buffer.take(0);
    buffer.push(30_000, 'b', 0);
    expect(buffer.take(0)).toEqual([{ item: 'b', lostBefore: 1 }]);
    buffer.push(30_001, 'c', 0);
    expect(buffer.take(0)).toEqual([{ item: 'c', lostBefore: 0 }]);
  });
});

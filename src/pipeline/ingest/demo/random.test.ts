import { describe, expect, it } from 'vitest';
import { createRandom, hash, shuffled } from './random.ts';

describe('hash', () => {
  it('gives different words for neighbouring inputs, in and beyond 32 bits', () => {
    const words = new Set<number>();
    for (let a = 0; a < 100; a++) for (let b = 0; b < 100; b++) words.add(hash(a, b));
    expect(words.size).toBeGreaterThan(9_990);
    expect(hash(1)).not.toBe(hash(1 + 2 ** 32));
    expect(hash(1, 2)).not.toBe(hash(2, 1));
  });
});

describe('createRandom', () => {
  it('is uniform and repeats for the same seed', () => {
    const random = createRandom(5);
    const again = createRandom(5);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const value = random.next();
      expect(again.next()).toBe(value);
      bins[Math.floor(value * 10)]!++;
    }
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(250);
  });

  it('reaches both ends of an integer range', () => {
    const random = createRandom(1);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });

  it('shuffles without loss and leaves its input alone', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const order = shuffled(items, createRandom(2));
    expect(order).not.toEqual(items);
    expect([...order].sort()).toEqual(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

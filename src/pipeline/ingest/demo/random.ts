/** Seeded randomness: whatever the demo scene does follows from hashes of its seed, never from history. */

/** Mixes any number of integers to one unsigned 32-bit word (multiply-xorshift finaliser after each word). */
export function hash(...words: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const word of words) {
    h = Math.imul(h ^ (word | 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ Math.floor(word / 0x1_0000_0000), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError when there is nothing to pick. */
  pick<T>(items: readonly T[]): T;
}

/** A generator that depends on `seed` alone (Weyl sequence through a multiply-xorshift mixer). */
export function createRandom(seed: number): Random {
  let state = hash(seed);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError('pick() needs at least one item.');
      return item;
    },
  };
}

/** A new order of `items`; the input is left as it is (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    const held = order[i] as T;
    order[i] = order[j] as T;
    order[j] = held;
  }
  return order;
}

/** Smooth wandering in [-1, 1]: a sum of slow incommensurate sines whose phases come from `seed`. */
export function wander(seed: number, timeS: number, periodS: number): number {
  const phase = (seed % 1000) * 0.7;
  const w = (2 * Math.PI * timeS) / periodS;
  return 0.6 * Math.sin(w + phase) + 0.4 * Math.sin(w * 0.618 + 2.1 * phase + 1);
}

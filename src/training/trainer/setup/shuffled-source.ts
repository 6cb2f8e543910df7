/** A finite source gone through again and again, in another order every time: how data sets are learnt from. */

import { createRandom, hash, shuffled } from '../../../pipeline/ingest/demo/random.ts';
import type { SampleBatch, SampleShape, SampleSource, SampleTruth } from '../../sample.ts';

/** Owns its source. */
export class ShuffledSource implements SampleSource {
  readonly shape: SampleShape;
  readonly length = null;
  readonly #source: SampleSource;
  readonly #count: number;
  readonly #seed: number;
  #round = -1;
  #order: readonly number[] = [];

  /** @param source of a known number of examples */
  constructor(source: SampleSource, seed: number) {
    const { length, shape } = source;
    if (length === null || length === 0) throw new RangeError('only finite sources can be shuffled');
    this.shape = shape;
    this.#source = source;
    this.#count = length;
    this.#seed = seed;
  }

  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const round = Math.floor(index / this.#count);
    if (round !== this.#round) {
      const all = Array.from({ length: this.#count }, (_, i) => i);
      this.#order = shuffled(all, createRandom(hash(this.#seed, round)));
      this.#round = round;
    }
    return this.#source.write(this.#order[index % this.#count]!, batch, slot);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

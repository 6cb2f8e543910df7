/** Batches from a source that is quick enough to fill them in place, on the caller's thread. */

import { createBatch, type SampleBatch, type SampleSource } from '../sample.ts';
import type { SampleFeed } from './sample-feed.ts';

/** The source stays the caller's, to be closed by it. */
export class SourceFeed implements SampleFeed {
  readonly #source: SampleSource;
  readonly #size: number;
  readonly #free: SampleBatch[] = [];
  #index: number;

  /** @param first number of the first example */
  constructor(source: SampleSource, first: number, size: number) {
    this.#source = source;
    this.#index = first;
    this.#size = size;
  }

  next(): Promise<SampleBatch> {
    const batch = this.#free.pop() ?? createBatch(this.#source.shape, this.#size);
    const { length } = this.#source;
    for (let slot = 0; slot < this.#size; slot++) {
      const index = this.#index++;
      this.#source.write(length === null ? index : index % length, batch, slot);
    }
    return Promise.resolve(batch);
  }

  recycle(batch: SampleBatch): void {
    this.#free.push(batch);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

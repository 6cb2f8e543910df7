/** Several endless sources as one, in turns. */

import type { SampleBatch, SampleShape, SampleSource, SampleTruth } from '../../sample.ts';

/** Owns the sources. */
export class InterleavedSource implements SampleSource {
  readonly shape: SampleShape;
  readonly length = null;
  readonly #sources: readonly SampleSource[];

  /** @param sources at least one, of one shape and without an end */
  constructor(sources: readonly SampleSource[]) {
    const [first] = sources;
    if (first === undefined) throw new RangeError('no sources to interleave');
    this.shape = first.shape;
    this.#sources = sources;
  }

  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const count = this.#sources.length;
    return this.#sources[index % count]!.write(Math.floor(index / count), batch, slot);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }
}

/** Where the loop gets its batches; implementers: worker-feed (scenes made in threads), source-feed (made in place). */

import type { SampleBatch } from '../sample.ts';

/**
 * Batches in the order of their examples: the `n`-th holds examples `first + n * size` and those that follow. A bounded
 * number is made ahead, so that the network does not wait and memory stays bounded.
 */
export interface SampleFeed {
  /** @throws EarsightError when an example cannot be made */
  next(): Promise<SampleBatch>;
  /** Gives back a batch that is no longer needed, to be written over. */
  recycle(batch: SampleBatch): void;
  close(): Promise<void>;
}

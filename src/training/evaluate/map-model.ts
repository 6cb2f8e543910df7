/** What evaluation needs of a network: everything it says of a batch, not only what is served. */

import type { SampleBatch, SampleShape } from '../sample.ts';

/** The network's answers to a batch; `B`, `C`, `U`, `V` as in the sample's shape. Read only, fresh for every call. */
export interface MapOutputs {
  /** `[B, C]` raw probability heard, 0..1. */
  audioProbability: Float32Array;
  /** `[B, C]` raw probability seen. */
  visualProbability: Float32Array;
  /** `[B, C, U, V]` similarity K, -1..1 (eq. 8). */
  similarity: Float32Array;
  /** `[B, C, U, V]` class activation maps, not negative; null where the network does not give them. */
  activation: Float32Array | null;
  /** `[B, 1, U, V]` Grad-CAM of the correspondence head, not negative; null where the network does not give it. */
  matchMap: Float32Array | null;
}

/** Implementers: {@link OnnxMapModel}; fakes in tests. One call at a time. */
export interface MapModel {
  /** Sizes of what it takes and gives. */
  readonly shape: SampleShape;
  run(batch: SampleBatch): Promise<MapOutputs>;
  close(): Promise<void>;
}

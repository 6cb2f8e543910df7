/** What passes between a producer and its threads. Buffers of batches are moved, not copied. */

import type { SampleBatch, SampleTruth } from '../sample.ts';
import type { SceneSpec } from './spec.ts';

/** What a thread is started with. */
export interface ProducerSetup {
  spec: SceneSpec;
  background: boolean;
}

export interface ProducerRequest {
  /** Counts the batches of the run. */
  number: number;
  /** Number of the batch's first example. */
  first: number;
  batch: SampleBatch;
}

export type ProducerAnswer =
  | { kind: 'batch'; number: number; batch: SampleBatch; truths: SampleTruth[] }
  | { kind: 'failed'; number: number; reason: string };

export function batchBuffers(batch: SampleBatch): ArrayBuffer[] {
  const { frames, logmel, heard, seen, coverage, located } = batch;
  return [frames, logmel, heard, seen, coverage, located].map(({ buffer }) => buffer);
}

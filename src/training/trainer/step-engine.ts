/** What computes losses and gradients inside a training thread; implementers: onnx-step-engine, tfjs-step-engine. */

import type { SampleBatch } from '../sample.ts';
import type { WeightArrays } from './parameters.ts';

export interface StepOutput {
  /** Mean over the batch of what is minimised. */
  loss: number;
  /** Its parts by name, unweighted, for the log. */
  terms: Record<string, number>;
  /** By name, one for every trained weight. */
  gradients: WeightArrays;
  /** By name: mean and variance of this batch, one for every measured statistic. */
  statistics: WeightArrays;
}

/** What the network says of a batch with running statistics; `C`, `U`, `V` as in the sample's shape. */
export interface EvaluationOutput {
  size: number;
  terms: Record<string, number>;
  /** `[B, C]` 0..1; empty where the stage has no such branch. */
  audioProbability: Float32Array<ArrayBuffer>;
  /** `[B, C]` 0..1. */
  visualProbability: Float32Array<ArrayBuffer>;
  /** `[B, C, U, V]` class activation maps, unbounded. */
  cam: Float32Array<ArrayBuffer>;
  /** `[B, C, U, V]` similarity K of every place with what is heard of the class, -1..1. */
  similarity: Float32Array<ArrayBuffer>;
}

/**
 * One at a time per thread. `weights` is the whole flat array, valid during the call alone; the arrays of the answer
 * are valid until the next call.
 */
export interface StepEngine {
  /** @throws EarsightError `engine-unavailable` */
  initialise(): Promise<void>;
  /** Loss and gradients of one batch. */
  step(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<StepOutput>;
  /** The network's answers to one batch, without gradients. */
  evaluate(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<EvaluationOutput>;
  close(): Promise<void>;
}

/** What the main thread and a training thread say to each other. */

import type { PlainError } from '../../model/engine/threads/messages.ts';
import type { SampleBatch } from '../sample.ts';
import type { OptimizerRule } from './optimizer.ts';
import type { ParameterLayout } from './parameters.ts';
import type { SharedState } from './shared-state.ts';
import type { EvaluationOutput } from './step-engine.ts';

/** `workerData` of a training thread. `engine` is for the entry that makes the engine. */
export interface StepSetup<EngineSetup> {
  index: number;
  threads: number;
  layout: ParameterLayout;
  state: SharedState;
  engine: EngineSetup;
}

/** How all threads update the weights after a step; equal for all of them. */
export interface StepUpdate {
  rule: OptimizerRule;
  /** Learning rate. */
  rate: number;
  /** Counts from 1 within the stage. */
  step: number;
  /** Limit of the gradients' norm; Infinity for none. */
  clipNorm: number;
  /** Decay of the moving average of weights, 0..1. */
  averageDecay: number;
  /** Share of the old value in running statistics, 0..1. */
  statisticMomentum: number;
}

/** Where a thread's time in one step went, milliseconds. */
export interface StepTimes {
  /** Copying weights in and gradients out. */
  copyMs: number;
  /** Forward and backward. */
  computeMs: number;
  /** Waiting for the other threads. */
  waitMs: number;
  /** Averaging, optimiser, moving average. */
  updateMs: number;
}

/** Buffers of batches are transferred there and back. */
export type StepRequest =
  | { type: 'step'; batch: SampleBatch; update: StepUpdate }
  | { type: 'evaluate'; batch: SampleBatch; averaged: boolean }
  | { type: 'close' };

export interface Stepped {
  loss: number;
  terms: Record<string, number>;
  /** Of the averaged gradients before clipping; not finite when a loss or gradient is not, and then nothing was updated. */
  gradientNorm: number;
  times: StepTimes;
  batch: SampleBatch;
}

export interface Evaluated {
  output: EvaluationOutput;
  batch: SampleBatch;
}

/**
 * `ready` comes once; the others answer requests in order. After `failed` the thread is of no use; so it is after
 * `released`, which says that it waited for another one that failed.
 */
export type StepReply =
  | { type: 'ready' }
  | { type: 'stepped'; result: Stepped }
  | { type: 'evaluated'; result: Evaluated }
  | { type: 'failed'; error: PlainError }
  | { type: 'released' };

/** The buffers of a batch, to transfer it. */
export function buffersOf(batch: SampleBatch): ArrayBuffer[] {
  const { frames, logmel, heard, seen, coverage, located } = batch;
  return [frames, logmel, heard, seen, coverage, located].map(({ buffer }) => buffer);
}

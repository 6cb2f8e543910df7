/** Makes batches of scenes ahead in threads, and hands them out in order: any number of threads, the same batches. */

import { Worker } from 'node:worker_threads';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { createBatch, type SampleBatch, type SampleTruth } from '../sample.ts';
import {
  batchBuffers,
  type ProducerAnswer,
  type ProducerRequest,
  type ProducerSetup,
} from './producer-messages.ts';
import type { SceneSpec } from './spec.ts';

export interface ProducerOptions {
  spec: SceneSpec;
  /** Examples in a batch. */
  batchSize: number;
  /** Threads that make them, at least 1. */
  threads: number;
  /** Number of the first example, 0 unless told. */
  startIndex?: number;
  /** Batches that are made, being made or in the consumer's hand, together; 2 a thread unless told. */
  batches?: number;
  /** The threads give way to all others (on Linux, where priorities are a thread's own). */
  background?: boolean;
}

interface Waiting {
  resolve: (batch: SampleBatch) => void;
  reject: (error: Error) => void;
}

/**
 * Policy `wait`: a thread begins a batch only when one of the `batches` buffers is free, so memory is bounded and
 * nothing is dropped. Batch `n` holds examples `startIndex + n * batchSize` and those that follow.
 */
export class SampleProducer {
  readonly #options: ProducerOptions;
  readonly #workers: Worker[];
  readonly #free: SampleBatch[] = [];
  readonly #made = new Map<number, { batch: SampleBatch; truths: SampleTruth[] }>();
  readonly #truths = new WeakMap<SampleBatch, SampleTruth[]>();
  readonly #idle: number[];
  readonly #waiting: Waiting[] = [];
  #nextToMake = 0;
  #nextToGive = 0;
  #failure: EarsightError | null = null;
  #closed = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
    const extension = new URL(import.meta.url).pathname.endsWith('.ts') ? 'ts' : 'js';
    const entry = new URL(`./sample-worker.${extension}`, import.meta.url);
    const { spec, background = false } = options;
    const setup: ProducerSetup = { spec, background };
    this.#workers = Array.from({ length: options.threads }, (_, i) => {
      const worker = new Worker(entry, { workerData: setup, name: `scenes ${i}` });
      worker.on('message', (answer: ProducerAnswer) => this.#receive(i, answer));
      worker.on('error', (error) => this.#fail(messageOf(error)));
      worker.on('exit', (code) => this.#fail(`a thread ended with exit code ${code}`));
      return worker;
    });
    this.#idle = this.#workers.map((_, i) => i);
    for (let i = 0; i < (options.batches ?? 2 * options.threads); i++) {
      this.#free.push(createBatch(spec.shape, options.batchSize));
    }
    this.#dispatch();
  }

  /**
   * The next batch, the caller's until {@link recycle}.
   *
   * @throws EarsightError `internal` when a thread failed, `closed`
   */
  next(): Promise<SampleBatch> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#give();
    });
  }

  /** What is true of each example of a batch that {@link next} gave. */
  truthsOf(batch: SampleBatch): readonly SampleTruth[] {
    return this.#truths.get(batch) ?? [];
  }

  /** Gives a batch back to be written over. */
  recycle(batch: SampleBatch): void {
    if (this.#closed) return;
    this.#free.push(batch);
    this.#dispatch();
  }

  /** Ends the threads. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failure ??= new EarsightError('closed', 'The producer of scenes is closed.');
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#free.length > 0 && this.#idle.length > 0 && !this.#closed) {
      const batch = this.#free.pop()!;
      const worker = this.#idle.shift()!;
      const number = this.#nextToMake++;
      const { startIndex = 0, batchSize } = this.#options;
      const request: ProducerRequest = { number, first: startIndex + number * batchSize, batch };
      this.#workers[worker]!.postMessage(request, batchBuffers(batch));
    }
  }

  #receive(worker: number, answer: ProducerAnswer): void {
    if (this.#closed) return;
    if (answer.kind === 'failed') {
      this.#fail(answer.reason);
      return;
    }
    this.#made.set(answer.number, answer);
    this.#idle.push(worker);
    this.#give();
    this.#dispatch();
  }

  #give(): void {
    for (;;) {
      const made = this.#made.get(this.#nextToGive);
      if (made === undefined || this.#waiting.length === 0) return;
      this.#made.delete(this.#nextToGive);
      this.#nextToGive++;
      this.#truths.set(made.batch, made.truths);
      this.#waiting.shift()!.resolve(made.batch);
    }
  }

  #fail(reason: string): void {
    if (this.#closed || this.#failure !== null) return;
    this.#failure = new EarsightError('internal', `Scenes cannot be made: ${reason}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** Starts the threads at once; close it when done. */
export function createSampleProducer(options: ProducerOptions): SampleProducer {
  return new SampleProducer(options);
}

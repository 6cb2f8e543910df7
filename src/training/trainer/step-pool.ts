/** The training threads as one: a step on all of them, evaluations wherever one is free. */

import { Worker } from 'node:worker_threads';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { SampleBatch } from '../sample.ts';
import { Barrier } from './barrier.ts';
import type { ParameterLayout } from './parameters.ts';
import type { SharedState } from './shared-state.ts';
import {
  buffersOf,
  type Evaluated,
  type Stepped,
  type StepReply,
  type StepRequest,
  type StepSetup,
  type StepUpdate,
} from './step-messages.ts';

const LEAVE_MS = 2_000;

export interface StepPoolOptions<EngineSetup> {
  layout: ParameterLayout;
  state: SharedState;
  /** One batch per step each. */
  threads: number;
  /** Entry of a thread: calls `runStepLoop` with its engine. */
  entry: URL;
  engine: EngineSetup;
}

interface Waiting {
  resolve: (result: Stepped | Evaluated) => void;
  reject: (error: EarsightError) => void;
}

interface Thread {
  worker: Worker;
  waiting: Waiting[];
}

export class StepPool {
  readonly threads: number;
  readonly #threads: Thread[] = [];
  readonly #barrier: Barrier;
  #failure: EarsightError | null = null;

  private constructor(threads: number, barrier: Barrier) {
    this.threads = threads;
    this.#barrier = barrier;
  }

  /** Resolves when every thread is ready. @throws EarsightError `engine-unavailable`; nothing is left running */
  static async open<EngineSetup>(options: StepPoolOptions<EngineSetup>): Promise<StepPool> {
    const { layout, state, threads, entry, engine } = options;
    const pool = new StepPool(threads, new Barrier(state.barrier, threads));
    const ready = Array.from({ length: threads }, (_, index) => {
      const workerData: StepSetup<EngineSetup> = { index, threads, layout, state, engine };
      const worker = new Worker(entry, { workerData, name: `earsight-train-${index}` });
      const thread: Thread = { worker, waiting: [] };
      pool.#threads.push(thread);
      return new Promise<void>((resolve, reject) => pool.#listen(thread, resolve, reject));
    });
    try {
      await Promise.all(ready);
    } catch (thrown) {
      await Promise.allSettled(ready);
      await pool.close();
      throw thrown;
    }
    return pool;
  }

  /**
   * One batch per thread, in order; the weights are updated when it resolves. May be called again before: steps are
   * taken in order. The batches' buffers are transferred and come back in the results.
   * @throws EarsightError `engine-failed`: the pool is then of no use
   */
  step(batches: readonly SampleBatch[], update: StepUpdate): Promise<Stepped[]> {
    if (batches.length !== this.threads) {
      throw new Error(`${batches.length} batches for ${this.threads} threads`);
    }
    return Promise.all(
      batches.map((batch, index) =>
        this.#ask<Stepped>(this.#threads[index]!, { type: 'step', batch, update }, buffersOf(batch)),
      ),
    );
  }

  /** On the thread with the least to do. @throws EarsightError `engine-failed` */
  evaluate(batch: SampleBatch, averaged: boolean): Promise<Evaluated> {
    const thread = this.#threads.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
    return this.#ask<Evaluated>(thread, { type: 'evaluate', batch, averaged }, buffersOf(batch));
  }

  /** Idempotent; resolves when all threads are gone. What is under way is lost. */
  async close(): Promise<void> {
    this.#fail(new EarsightError('closed', 'The training threads are closed.'));
    await Promise.all(this.#threads.map(({ worker }) => leave(worker)));
  }

  #listen(thread: Thread, ready: () => void, failed: (error: EarsightError) => void): void {
    const { worker, waiting } = thread;
    const lose = (error: EarsightError): void => {
      failed(error);
      this.#fail(error);
    };
    worker.on('message', (reply: StepReply) => {
      switch (reply.type) {
        case 'ready':
          ready();
          return;
        case 'failed':
          lose(new EarsightError(reply.error.code, reply.error.message, { details: reply.error.details }));
          return;
        case 'released':
          return;
        default:
          waiting.shift()?.resolve(reply.result);
      }
    });
    worker.on('error', (cause) => lose(threadFailed(`threw: ${messageOf(cause)}`, cause)));
    worker.on('exit', (code) => lose(threadFailed(`ended with code ${code}`)));
  }

  #ask<Result extends Stepped | Evaluated>(
    thread: Thread,
    request: StepRequest,
    transfer: ArrayBuffer[],
  ): Promise<Result> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<Stepped | Evaluated>();
    thread.waiting.push({ resolve, reject });
    thread.worker.postMessage(request, transfer);
    return promise as Promise<Result>;
  }

  #fail(error: EarsightError): void {
    this.#failure ??= error;
    this.#barrier.break();
    for (const { waiting } of this.#threads) {
      for (const { reject } of waiting.splice(0)) reject(this.#failure);
    }
  }
}

function threadFailed(what: string, cause?: unknown): EarsightError {
  return new EarsightError('engine-failed', `A training thread ${what}. Resume from the last checkpoint.`, {
    cause,
  });
}

/** Asks the thread to leave, then ends it. */
async function leave(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const gone = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
  worker.postMessage({ type: 'close' } satisfies StepRequest);
  const timer = setTimeout(() => void worker.terminate(), LEAVE_MS);
  await gone;
  clearTimeout(timer);
}

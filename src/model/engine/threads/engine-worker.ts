/** One supervised worker thread: started, given one batch at a time, replaced when it dies, breaks or hangs. */

import { Worker } from 'node:worker_threads';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import type { PlainError, WorkerReply, WorkerRequest, WorkerSetup } from './messages.ts';
import { doom, newGuard } from './native-guard.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;
/** A run is given up when it takes so many times as long as the slowest of the warm-up did; then the worker hangs. */
const PATIENCE = 20;
/** It is not given up sooner: a machine may have other things to do for a moment. */
const LEAST_PATIENCE_MS = 2_000;
/** How long a worker may take to leave by itself, and then how long to be killed. */
const LEAVE_MS = 2_000;
/** How long one that computes is waited for. After that it leaves when it is done, and nobody waits. */
const LEAVE_COMPUTING_MS = 3_500;

export interface EngineWorkerOptions {
  url: URL;
  setup: Omit<WorkerSetup, 'guard'>;
  startTimeoutMs: number;
  /** No run may take longer; those of a quick model have to be quicker. */
  runTimeoutMs: number;
  /** The state changed: `idle` means that a batch can be given. */
  onChange: () => void;
  /** `retryInMs` null: the run failed, but the worker is sound and stays. */
  onFault: (error: EarsightError, retryInMs: number | null) => void;
}

type State =
  | { is: 'starting'; thread: Worker }
  | { is: 'idle'; thread: Worker }
  | { is: 'busy'; thread: Worker; settle: Settle }
  | { is: 'down' }
  | { is: 'closed' };

interface Settle {
  resolve: (output: ModelOutput) => void;
  reject: (error: EarsightError) => void;
}

export class EngineWorker {
  readonly #options: EngineWorkerOptions;
  #state: State = { is: 'down' };
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #patienceMs: number;
  /** Until the first start is settled, a failure is final. */
  #firstStart: { resolve: () => void; reject: (error: EarsightError) => void } | null = null;
  readonly #leaving = new Set<Promise<void>>();
  readonly #guards = new WeakMap<Worker, Int32Array<SharedArrayBuffer>>();

  constructor(options: EngineWorkerOptions) {
    this.#options = options;
    this.#patienceMs = options.runTimeoutMs;
  }

  get state(): State['is'] {
    return this.#state.is;
  }

  /** Called once. @throws EarsightError why the thread could not become ready; it is not retried. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#firstStart = { resolve, reject };
      this.#spawn();
    });
  }

  /** Only while `idle`. @throws EarsightError `engine-failed` (retryable), `closed`. */
  run(batch: ModelBatch): Promise<ModelOutput> {
    if (this.#state.is !== 'idle') throw new Error(`a batch for a worker that is ${this.#state.is}`);
    const { thread } = this.#state;
    const { promise, resolve, reject } = Promise.withResolvers<ModelOutput>();
    const frames = owned(batch.frames);
    const logmel = owned(batch.logmel);
    const request: WorkerRequest = { type: 'run', batch: { size: batch.size, frames, logmel } };
    thread.postMessage(request, [frames.buffer, logmel.buffer]);
    const settle = { resolve, reject };
    this.#state = { is: 'busy', thread, settle };
    const patienceMs = this.#patienceMs;
    this.#timer = setTimeout(() => {
      // Where this thread itself was held up, the answer is there already: it is read before this runs.
      setImmediate(() => {
        if (this.#state.is !== 'busy' || this.#state.settle !== settle) return;
        this.#fail(thread, failure(`did not answer within ${Math.round(patienceMs)} ms`));
      });
    }, patienceMs);
    return promise;
  }

  /** Idempotent. Rejects the batch under way; resolves when the thread is gone (or has refused to go). */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const state = this.#state;
    this.#state = { is: 'closed' };
    const error = closedError();
    this.#firstStart?.reject(error);
    this.#firstStart = null;
    if (state.is === 'busy') state.settle.reject(error);
    if (state.is === 'busy' || state.is === 'idle') {
      this.#leave(state.thread, LEAVE_MS);
    } else if (state.is === 'starting') {
      this.#leave(state.thread, 0);
    }
    await Promise.all(this.#leaving);
  }

  #spawn(): void {
    const { url, setup, startTimeoutMs } = this.#options;
    const guard = newGuard();
    const workerData: WorkerSetup = { ...setup, guard };
    const thread = new Worker(url, { workerData, name: 'earsight-engine' });
    this.#guards.set(thread, guard);
    this.#state = { is: 'starting', thread };
    thread.on('message', (message: WorkerReply) => this.#onReply(thread, message));
    thread.on('error', (cause) => this.#fail(thread, failure(`threw: ${messageOf(cause)}`, cause)));
    thread.on('exit', (code) => this.#fail(thread, failure(`exited with code ${code}`)));
    this.#timer = setTimeout(() => {
      const text = `The inference engine was not ready within ${startTimeoutMs} ms. Raise the start timeout, or check the device.`;
      this.#fail(thread, new EarsightError('engine-unavailable', text));
    }, startTimeoutMs);
  }

  #onReply(thread: Worker, reply: WorkerReply): void {
    if (!this.#owns(thread)) return;
    switch (reply.type) {
      case 'ready':
        clearTimeout(this.#timer);
        this.#patienceMs = Math.min(
          this.#options.runTimeoutMs,
          Math.max(LEAST_PATIENCE_MS, PATIENCE * reply.slowestRunMs),
        );
        this.#state = { is: 'idle', thread };
        this.#firstStart?.resolve();
        this.#firstStart = null;
        break;
      case 'done':
        if (this.#state.is !== 'busy') return;
        clearTimeout(this.#timer);
        this.#failures = 0;
        this.#state.settle.resolve(reply.output);
        this.#state = { is: 'idle', thread };
        break;
      case 'failed':
        if (this.#state.is !== 'busy' || !reply.isSound) {
          this.#fail(thread, revive(reply.error, this.#state.is === 'starting'));
          return;
        }
        this.#refuse(thread, this.#state.settle, refused(reply.error));
        break;
    }
    this.#options.onChange();
  }

  /** The batch is lost, the thread is not. */
  #refuse(thread: Worker, settle: Settle, error: EarsightError): void {
    clearTimeout(this.#timer);
    this.#state = { is: 'idle', thread };
    settle.reject(error);
    this.#options.onFault(error, null);
  }

  /** The thread is lost: its batch fails, and another thread takes its place after a pause. */
  #fail(thread: Worker, error: EarsightError): void {
    if (!this.#owns(thread)) return;
    clearTimeout(this.#timer);
    const state = this.#state;
    this.#leave(thread, 0);
    if (state.is === 'busy') state.settle.reject(error);
    if (this.#firstStart !== null) {
      this.#state = { is: 'closed' };
      this.#firstStart.reject(error);
      this.#firstStart = null;
      return;
    }
    const retryInMs = retryDelayMs(this.#failures++);
    this.#state = { is: 'down' };
    this.#timer = setTimeout(() => this.#spawn(), retryInMs);
    this.#options.onFault(error, retryInMs);
    this.#options.onChange();
  }

  #owns(thread: Worker): boolean {
    return 'thread' in this.#state && this.#state.thread === thread;
  }

  /**
   * Sees the thread off: it may leave by itself for `graceMs`, then it is terminated; but never while it computes, for
   * that would end the program. Then it leaves when it is done.
   */
  #leave(thread: Worker, graceMs: number): void {
    const gone = (async () => {
      const exited = new Promise<void>((resolve) => void thread.once('exit', () => resolve()));
      if (thread.threadId === -1) return;
      thread.postMessage({ type: 'close' } satisfies WorkerRequest);
      if (graceMs > 0 && (await settled(exited, graceMs))) return;
      const guard = this.#guards.get(thread);
      const computes = guard !== undefined && !doom(guard);
      if (!computes) void thread.terminate();
      // A native call that never returns keeps its thread: it must not keep the program too.
      if (!(await settled(exited, computes ? LEAVE_COMPUTING_MS - graceMs : LEAVE_MS))) thread.unref();
    })();
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }
}

/** Pause before replacement number `failures` + 1: 0.1 s doubling to 30 s. A success starts over. */
export function retryDelayMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
}

/** A view that can be transferred: the whole of its own buffer. */
function owned<A extends Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(view: A): A {
  const whole = view.byteLength === view.buffer.byteLength;
  return whole ? view : (view.slice() as A);
}

function revive({ code, message, details }: PlainError, starting: boolean): EarsightError {
  return starting
    ? new EarsightError(code, message, { details })
    : new EarsightError(
        'engine-failed',
        `The inference run failed, its worker is being replaced: ${message}`,
        {
          retryable: true,
          details,
        },
      );
}

function refused({ message, details }: PlainError): EarsightError {
  return new EarsightError('engine-failed', `The inference run failed, its worker goes on: ${message}`, {
    retryable: true,
    details,
  });
}

function failure(what: string, cause?: unknown): EarsightError {
  return new EarsightError('engine-failed', `The inference worker ${what}; it is being replaced.`, {
    retryable: true,
    cause,
  });
}

export function closedError(): EarsightError {
  return new EarsightError('closed', 'The inference engine is closed.');
}

/** Whether `promise` settles within `ms`. */
async function settled(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: expired, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const result = await Promise.race([promise.then(() => true), expired]);
  clearTimeout(timer);
  return result;
}

/** A localization model in supervised worker threads, each with a session of its own: what all engines share. */

import { EarsightError } from '../../../pipeline/errors.ts';
import type { LocalizationModel, ModelBatch, ModelOutput, ModelShape } from '../../../pipeline/ports.ts';
import { columnCount } from '../../../pipeline/prep/log-mel-parameters.ts';
import type { ModelFolder } from '../../load-manifest.ts';
import { closedError, EngineWorker } from './engine-worker.ts';

export interface ThreadedModelOptions {
  /** Entry of a worker thread; it calls `serveSession`. */
  workerUrl: URL;
  /** The engine's own, for its sessions. */
  settings: unknown;
  /** Batches computed at the same time, each on its own thread with its own session. */
  workers: number;
  /** Most frames in one run. */
  maxBatch: number;
  /**
   * A run that takes longer is given up and its worker replaced; so is one that takes over 2 s and 20 times as long as
   * the slowest of the warm-up.
   */
  runTimeoutMs: number;
  /** Limit for loading and warming up. */
  startTimeoutMs: number;
  /** A run failed, or a worker was lost and will be replaced; for logs and metrics. */
  onFault?: ((fault: EngineFault) => void) | undefined;
}

export interface EngineFault {
  worker: number;
  error: EarsightError;
  /** When the worker is replaced; null when it is sound and stays. */
  retryInMs: number | null;
}

interface Waiting {
  batch: ModelBatch;
  resolve: (output: Promise<ModelOutput>) => void;
  reject: (error: EarsightError) => void;
}

/**
 * `run` gives a batch to an idle worker, or lets it wait for one; at most `parallelism` batches are in the
 * engine, one more is refused. While no worker is up, batches fail at once: a live picture must not wait.
 */
export class ThreadedModel implements LocalizationModel {
  readonly shape: ModelShape;
  readonly parallelism: number;
  readonly #workers: EngineWorker[];
  readonly #waiting: Waiting[] = [];
  readonly #lengths: { frame: number; logmel: number };
  #inFlight = 0;
  #phase: 'new' | 'open' | 'closed' = 'new';

  constructor(folder: ModelFolder, options: ThreadedModelOptions) {
    const { classes, frame, logmel, grid } = folder.manifest;
    const { workers, maxBatch, settings, workerUrl, runTimeoutMs, startTimeoutMs, onFault } = options;
    this.parallelism = workers;
    this.shape = {
      classes: classes.map(({ name }) => name),
      frame: { width: frame.width, height: frame.height },
      logmel: { columns: columnCount(logmel), mels: logmel.mels },
      grid: { rows: grid.rows, cols: grid.cols },
      maxBatch,
    };
    this.#lengths = {
      frame: frame.width * frame.height * 3,
      logmel: this.shape.logmel.columns * logmel.mels,
    };
    this.#workers = Array.from(
      { length: workers },
      (_, worker) =>
        new EngineWorker({
          url: workerUrl,
          setup: { folder, settings, maxBatch },
          runTimeoutMs,
          startTimeoutMs,
          onChange: () => this.#dispatch(),
          onFault: (error, retryInMs) => onFault?.({ worker, error, retryInMs }),
        }),
    );
  }

  /** Workers that can take a batch now or when their present one is done; below `parallelism` some are being replaced. */
  get liveWorkers(): number {
    return this.#workers.filter(({ state }) => state === 'idle' || state === 'busy').length;
  }

  async initialize(): Promise<void> {
    if (this.#phase !== 'new')
      throw this.#phase === 'closed' ? closedError() : new Error('initialized twice');
    this.#phase = 'open';
    const starts = await Promise.allSettled(this.#workers.map((worker) => worker.start()));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  async run(batch: ModelBatch): Promise<ModelOutput> {
    if (this.#phase === 'closed') throw closedError();
    this.#checkBatch(batch);
    if (this.#inFlight >= this.parallelism) {
      throw new EarsightError('engine-failed', `The engine already works on ${this.#inFlight} batches.`, {
        retryable: true,
      });
    }
    this.#inFlight++;
    try {
      const { promise, resolve, reject } = Promise.withResolvers<ModelOutput>();
      this.#waiting.push({ batch, resolve, reject });
      this.#dispatch();
      return await promise;
    } finally {
      this.#inFlight--;
    }
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (worker.state !== 'idle') continue;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.resolve(worker.run(next.batch));
    }
    if (this.liveWorkers > 0) return;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(
        new EarsightError('engine-failed', 'No inference worker is up; all are being replaced.', {
          retryable: true,
        }),
      );
    }
  }

  #checkBatch({ size, frames, logmel }: ModelBatch): void {
    const { maxBatch } = this.shape;
    const fits =
      Number.isInteger(size) &&
      size >= 1 &&
      size <= maxBatch &&
      frames.length === size * this.#lengths.frame &&
      logmel.length === size * this.#lengths.logmel;
    if (fits) return;
    throw new EarsightError(
      'engine-failed',
      `A batch of ${size} with ${frames.length} frame bytes and ${logmel.length} log-mel values does not fit the model: ` +
        `1 to ${maxBatch} frames of ${this.#lengths.frame} bytes with ${this.#lengths.logmel} values each.`,
    );
  }
}

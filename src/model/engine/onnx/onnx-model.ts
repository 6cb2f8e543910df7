/** The `onnx` engine: a localization model run by onnxruntime in supervised worker threads. */

import { availableParallelism } from 'node:os';
import { EarsightError } from '../../../pipeline/errors.ts';
import type { LocalizationModel, ModelBatch, ModelOutput, ModelShape } from '../../../pipeline/ports.ts';
import { columnCount } from '../../../pipeline/prep/log-mel-parameters.ts';
import type { ModelFolder } from '../../load-manifest.ts';
import { closedError, EngineWorker } from './engine-worker.ts';
import type { Provider } from './providers.ts';

export interface OnnxModelOptions {
  /**
   * Batches computed at the same time, each on its own thread with its own session. Default: on the CPU one per
   * core up to 4 (two workers of one thread each outdo one of two, and yield when another process takes a
   * core); on a GPU 1.
   */
  workers?: number;
  /** Threads of one operator on the CPU. Default 1; with one worker, 2 give the lowest latency. */
  intraOpThreads?: number;
  /** Most frames in one run. Default 4: on a CPU batching gains 5-10 %, more only adds waiting. */
  maxBatch?: number;
  /** Default `cpu`. */
  provider?: Provider;
  /** Which GPU, for `cuda` and `tensorrt`. Default 0. */
  deviceId?: number;
  /** Whether idle threads spin. Default false. */
  allowSpinning?: boolean;
  /** A run that takes longer is given up and its worker replaced. Default 10 s. */
  runTimeoutMs?: number;
  /** Limit for loading and warming up. Default 1 minute on the CPU, 10 minutes elsewhere (TensorRT compiles). */
  startTimeoutMs?: number;
  /** A worker was lost and will be replaced; for logs and metrics. */
  onFault?: (fault: EngineFault) => void;
  /** Another entry file for the threads; tests break it on purpose. */
  workerUrl?: URL;
}

export interface EngineFault {
  worker: number;
  error: EarsightError;
  retryInMs: number;
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
export class OnnxModel implements LocalizationModel {
  readonly shape: ModelShape;
  readonly parallelism: number;
  readonly #workers: EngineWorker[];
  readonly #waiting: Waiting[] = [];
  readonly #lengths: { frame: number; logmel: number };
  #inFlight = 0;
  #phase: 'new' | 'open' | 'closed' = 'new';

  constructor(folder: ModelFolder, options: OnnxModelOptions = {}) {
    const { classes, frame, logmel, grid } = folder.manifest;
    const provider = options.provider ?? 'cpu';
    const onCpu = provider === 'cpu';
    const maxBatch = options.maxBatch ?? 4;
    this.parallelism = options.workers ?? (onCpu ? Math.min(availableParallelism(), 4) : 1);
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
    const settings = {
      provider,
      deviceId: options.deviceId ?? 0,
      intraOpThreads: options.intraOpThreads ?? 1,
      allowSpinning: options.allowSpinning ?? false,
    };
    this.#workers = Array.from(
      { length: this.parallelism },
      (_, worker) =>
        new EngineWorker({
          url: options.workerUrl ?? defaultWorkerUrl(),
          setup: { folder, settings, maxBatch },
          runTimeoutMs: options.runTimeoutMs ?? 10_000,
          startTimeoutMs: options.startTimeoutMs ?? (onCpu ? 60_000 : 600_000),
          onChange: () => this.#dispatch(),
          onFault: (error, retryInMs) => options.onFault?.({ worker, error, retryInMs }),
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

/** The worker stands beside this file, as TypeScript in a checkout and as JavaScript in the package. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

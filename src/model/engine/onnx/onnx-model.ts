/** The `onnx` engine: a localization model run by onnxruntime in supervised worker threads. */

import { availableParallelism } from 'node:os';
import type { ModelFolder, Precision } from '../../load-manifest.ts';
import { type EngineFault, ThreadedModel } from '../threads/threaded-model.ts';
import type { Provider, SessionSettings } from './providers.ts';

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
  /** Default `float32`. */
  precision?: Precision;
  /** Whether idle threads spin. Default false. */
  allowSpinning?: boolean;
  /** A run that takes longer is given up and its worker replaced. Default 10 s; see `ThreadedModelOptions`. */
  runTimeoutMs?: number;
  /** Limit for loading and warming up. Default 1 minute on the CPU, 10 minutes elsewhere (TensorRT compiles). */
  startTimeoutMs?: number;
  /** A run failed, or a worker was lost and will be replaced; for logs and metrics. */
  onFault?: (fault: EngineFault) => void;
  /** Another entry file for the threads; tests break it on purpose. */
  workerUrl?: URL;
}

export class OnnxModel extends ThreadedModel {
  constructor(folder: ModelFolder, options: OnnxModelOptions = {}) {
    const provider = options.provider ?? 'cpu';
    const onCpu = provider === 'cpu';
    const settings: SessionSettings = {
      provider,
      deviceId: options.deviceId ?? 0,
      intraOpThreads: options.intraOpThreads ?? 1,
      allowSpinning: options.allowSpinning ?? false,
      precision: options.precision ?? 'float32',
    };
    super(folder, {
      workerUrl: options.workerUrl ?? defaultWorkerUrl(),
      settings,
      workers: options.workers ?? (onCpu ? Math.min(availableParallelism(), 4) : 1),
      maxBatch: options.maxBatch ?? 4,
      runTimeoutMs: options.runTimeoutMs ?? 10_000,
      startTimeoutMs: options.startTimeoutMs ?? (onCpu ? 60_000 : 600_000),
      onFault: options.onFault,
    });
  }
}

/** The worker stands beside this file, as TypeScript in a checkout and as JavaScript in the package. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

/**
 * The `tfjs` engine: the network in tfjs, in supervised worker threads. Several times slower than `onnx` on a CPU; it
 * is for machines with `@tensorflow/tfjs-node-gpu`, and the proof that the exported graph is the network.
 */

import type { ModelFolder } from '../../load-manifest.ts';
import { type EngineFault, ThreadedModel } from '../threads/threaded-model.ts';

export interface TfjsModelOptions {
  /** Worker threads, each with its own copy of the weights. Default 1. */
  workers?: number;
  /** Most frames in one run. Default 4. */
  maxBatch?: number;
  /** A run failed, or a worker was lost and will be replaced; for logs and metrics. */
  onFault?: (fault: EngineFault) => void;
  /** Another entry file for the threads; tests break it on purpose. */
  workerUrl?: URL;
}

/** A run takes about 50 ms on WebAssembly; plain JavaScript takes seconds. */
const RUN_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 300_000;

export class TfjsModel extends ThreadedModel {
  constructor(folder: ModelFolder, options: TfjsModelOptions = {}) {
    super(folder, {
      workerUrl: options.workerUrl ?? defaultWorkerUrl(),
      settings: null,
      workers: options.workers ?? 1,
      maxBatch: options.maxBatch ?? 4,
      runTimeoutMs: RUN_TIMEOUT_MS,
      startTimeoutMs: START_TIMEOUT_MS,
      onFault: options.onFault,
    });
  }
}

/** The worker stands beside this file, as TypeScript in a checkout and as JavaScript in the package. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

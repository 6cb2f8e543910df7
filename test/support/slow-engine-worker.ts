/** The real engine worker on a machine that takes {@link SLOW_RUN_MS} longer for each run. It sleeps, and burns nothing. */

import { parentPort } from 'node:worker_threads';
import type { WorkerRequest } from '../../src/model/engine/threads/messages.ts';
import { SLOW_RUN_MS } from './slow-engine.ts';

const never = new Int32Array(new SharedArrayBuffer(4));
parentPort?.on('message', (request: WorkerRequest) => {
  if (request.type === 'run') Atomics.wait(never, 0, 0, SLOW_RUN_MS);
});
await import('../../src/model/engine/onnx/worker.ts');

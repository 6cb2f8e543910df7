/** The real engine worker, which commits the faults that a batch carries; all else it leaves untouched. */

import { parentPort } from 'node:worker_threads';
import type { WorkerRequest } from '../../src/model/engine/onnx/messages.ts';
import { faultOf } from './engine-faults.ts';

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.type !== 'run') return;
  switch (faultOf(request.batch)) {
    case 'exit':
      process.exit(3);
      break;
    case 'throw':
      throw new Error('planted fault');
    case 'hang':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
    case 'reject':
      // The real worker sees the same object after this listener.
      request.batch.size = 0.5;
      break;
    case null:
  }
});
await import('../../src/model/engine/onnx/worker.ts');

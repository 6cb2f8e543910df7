/** For a worker thread under test: commits the fault that a batch carries, before the real worker sees it. */

import { parentPort } from 'node:worker_threads';
import type { WorkerRequest } from '../../src/model/engine/threads/messages.ts';
import { faultOf } from './engine-faults.ts';

export function commitFaults(): void {
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
}

/** See obedient-engine.ts. */

import { parentPort } from 'node:worker_threads';
import type { WorkerRequest } from '../../src/model/engine/threads/messages.ts';
import { commit, ENGINE_CHANNEL, type EngineFault, type EngineWord } from './obedient-engine.ts';

const channel = new BroadcastChannel(ENGINE_CHANNEL);
channel.unref();
let fault: EngineFault | null = null;
channel.onmessage = ({ data }) => {
  const word = data as EngineWord;
  if (typeof word === 'object') fault = word.fault;
};
parentPort?.on('message', (request: WorkerRequest) => {
  if (request.type === 'run') commit(fault);
});
await import('../../src/model/engine/onnx/worker.ts');

/** Entry of an engine worker thread: `InferenceSession.run` blocks its thread, so it has one of its own. */

import { parentPort, workerData } from 'node:worker_threads';
import type { ModelOutput } from '../../../pipeline/ports.ts';
import { toPlainError, type WorkerReply, type WorkerRequest, type WorkerSetup } from './messages.ts';
import { OnnxSession } from './onnx-session.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread only');

const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

const { folder, settings, maxBatch } = workerData as WorkerSetup;
let session: OnnxSession | null = null;
try {
  session = await OnnxSession.open(folder, settings);
  await session.warmUp(maxBatch);
  port.on('message', (request: WorkerRequest) => void handle(session!, request));
  reply({ type: 'ready' });
} catch (thrown) {
  reply({ type: 'failed', error: toPlainError(thrown, 'engine-unavailable') });
  await session?.release();
}

async function handle(open: OnnxSession, request: WorkerRequest): Promise<void> {
  switch (request.type) {
    case 'run':
      try {
        const output = await open.run(request.batch);
        reply({ type: 'done', output }, buffersOf(output));
      } catch (thrown) {
        reply({ type: 'failed', error: toPlainError(thrown, 'engine-failed') });
      }
      return;
    case 'close':
      port?.close();
      await open.release();
  }
}

function buffersOf(output: ModelOutput): ArrayBuffer[] {
  const { audioProbability, visualProbability, similarity, activation } = output;
  const arrays = [audioProbability, visualProbability, similarity];
  if (activation !== undefined) arrays.push(activation);
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** The life of an engine worker thread: a session is opened and warmed up, then answers one batch at a time. */

import { parentPort, workerData } from 'node:worker_threads';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import { columnCount } from '../../../pipeline/prep/log-mel-parameters.ts';
import { toPlainError, type WorkerReply, type WorkerRequest, type WorkerSetup } from './messages.ts';
import { guarded } from './native-guard.ts';

/** A model that is loaded in this thread. */
export interface EngineSession {
  /** Arrays of the answer are the caller's. */
  run(batch: ModelBatch): Promise<ModelOutput>;
  release(): Promise<void>;
}

/** For the entry of a worker thread. Runs every batch size once before `ready`, so that no live batch pays for it. */
export async function serveSession<Settings>(
  open: (setup: WorkerSetup<Settings>) => Promise<EngineSession>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('an engine worker runs as a worker thread only');
  const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const setup = workerData as WorkerSetup<Settings>;
  const handle = async (session: EngineSession, request: WorkerRequest): Promise<void> => {
    switch (request.type) {
      case 'run':
        try {
          const output = await guarded(setup.guard, () => session.run(request.batch));
          reply({ type: 'done', output }, buffersOf(output));
        } catch (thrown) {
          const error = toPlainError(thrown, 'engine-failed');
          reply({
            type: 'failed',
            error,
            isSound: await guarded(setup.guard, () => isSound(session, setup)),
          });
        }
        return;
      case 'close':
        port.close();
        await session.release();
    }
  };
  let session: EngineSession | null = null;
  try {
    const opened = await guarded(setup.guard, () => open(setup));
    session = opened;
    const slowestRunMs = await guarded(setup.guard, () => warmUp(opened, setup));
    port.on('message', (request: WorkerRequest) => void handle(opened, request));
    reply({ type: 'ready', slowestRunMs });
  } catch (thrown) {
    reply({ type: 'failed', error: toPlainError(thrown, 'engine-unavailable'), isSound: false });
    await session?.release();
  }
}

/**
 * Blank input of every size: settles first-run allocations, and the sizes that a file left open.
 * @returns how long the slowest took
 */
async function warmUp(session: EngineSession, setup: WorkerSetup): Promise<number> {
  let slowestMs = 0;
  for (let size = 1; size <= setup.maxBatch; size++) {
    const beganMs = performance.now();
    await session.run(blank(size, setup));
    slowestMs = Math.max(slowestMs, performance.now() - beganMs);
  }
  return slowestMs;
}

/** Whether the session still computes, after it has failed at something. */
async function isSound(session: EngineSession, setup: WorkerSetup): Promise<boolean> {
  try {
    await session.run(blank(1, setup));
    return true;
  } catch {
    return false;
  }
}

function blank(size: number, { folder }: WorkerSetup): ModelBatch {
  const { frame, logmel } = folder.manifest;
  const frames = new Uint8Array(size * frame.height * frame.width * 3);
  const silence = Math.log(logmel.logOffset);
  return { size, frames, logmel: new Float32Array(size * columnCount(logmel) * logmel.mels).fill(silence) };
}

function buffersOf(output: ModelOutput): ArrayBuffer[] {
  const { audioProbability, visualProbability, similarity, activation } = output;
  const arrays = [audioProbability, visualProbability, similarity];
  if (activation !== undefined) arrays.push(activation);
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** The thread that makes batches of scenes for a {@link SampleProducer}. */

import { parentPort, workerData } from 'node:worker_threads';
import { openScenes } from './open-scenes.ts';
import { batchBuffers, type ProducerAnswer, type ProducerRequest } from './producer-messages.ts';
import type { SceneSpec } from './spec.ts';

const port = parentPort;
if (port === null) throw new Error('sample-worker runs in a worker thread only.');

const source = await openScenes(workerData as SceneSpec);

port.on('message', ({ number, first, batch }: ProducerRequest) => {
  let answer: ProducerAnswer;
  try {
    const truths = [];
    for (let slot = 0; slot < batch.size; slot++) truths.push(source.write(first + slot, batch, slot));
    answer = { kind: 'batch', number, batch, truths };
  } catch (thrown) {
    answer = {
      kind: 'failed',
      number,
      reason: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    };
  }
  port.postMessage(answer, batchBuffers(batch));
});

/** The thread that makes batches of scenes for a {@link SampleProducer}. */

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openScenes } from './open-scenes.ts';
import {
  batchBuffers,
  type ProducerAnswer,
  type ProducerRequest,
  type ProducerSetup,
} from './producer-messages.ts';

/** Of 19, the least urgent: others come first, and what they leave is used. */
const BACKGROUND_NICE = 10;

const port = parentPort;
if (port === null) throw new Error('sample-worker runs in a worker thread only.');

const { spec, background } = workerData as ProducerSetup;
// Elsewhere this would slow the whole process down.
if (background && process.platform === 'linux') setPriority(BACKGROUND_NICE);
const source = await openScenes(spec);

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

/** See obedient-engine.ts. It computes nothing. */

import { setTimeout as sleep } from 'node:timers/promises';
import { serveSession } from '../../src/model/engine/threads/serve-session.ts';
import type { ModelBatch } from '../../src/pipeline/ports.ts';
import { commit, ENGINE_CHANNEL, type EngineFault, type EngineWord } from './obedient-engine.ts';

/** Long enough for pictures of several streams to meet in a batch. */
const RUN_MS = 60;
const WHITE = 240;

const channel = new BroadcastChannel(ENGINE_CHANNEL);
channel.unref();
let fault: EngineFault | null = null;
let mayLoad = false;
channel.onmessage = ({ data }) => {
  const word = data as EngineWord;
  if (word === 'load') mayLoad = true;
  else if (word !== 'may I load?') fault = word.fault;
};

await serveSession(async ({ folder }) => {
  while (!mayLoad) {
    channel.postMessage('may I load?' satisfies EngineWord);
    await sleep(20);
  }
  const { classes, grid } = folder.manifest;
  return {
    run: async (batch) => {
      commit(fault);
      if (hasWhite(batch)) throw new Error('too bright to compute');
      await sleep(RUN_MS);
      const cells = batch.size * classes.length * grid.rows * grid.cols;
      return {
        audioProbability: new Float32Array(batch.size * classes.length),
        visualProbability: new Float32Array(batch.size * classes.length),
        similarity: new Float32Array(cells),
      };
    },
    release: () => {
      channel.close();
      return Promise.resolve();
    },
  };
});

function hasWhite({ size, frames }: ModelBatch): boolean {
  const length = frames.length / size;
  return Array.from({ length: size }, (_, i) => frames.subarray(i * length, (i + 1) * length)).some(
    (frame) => frame.reduce((sum, value) => sum + value, 0) / length > WHITE,
  );
}

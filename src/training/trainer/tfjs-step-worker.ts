/** Entry of a training thread that runs the stage's program on a tfjs back end. */

import { parentPort, workerData } from 'node:worker_threads';
import { chooseBackend } from '../../model/engine/tfjs/backend.ts';
import type { StageProgram } from './stage-program.ts';
import { runStepLoop } from './step-loop.ts';
import type { StepSetup } from './step-messages.ts';
import { TfjsStepEngine } from './tfjs-step-engine.ts';

const port = parentPort;
if (port === null) throw new Error('tfjs-step-worker.ts runs as a worker thread only');

await runStepLoop(port, workerData as StepSetup<StageProgram>, async ({ engine, layout }) => {
  await chooseBackend(true);
  return new TfjsStepEngine(engine, layout);
});

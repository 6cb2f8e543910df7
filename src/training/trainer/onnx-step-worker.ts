/** Entry of a training thread that runs traced graphs. */

import { parentPort, workerData } from 'node:worker_threads';
import { OnnxStepEngine, type TracedStage } from './onnx-step-engine.ts';
import { runStepLoop } from './step-loop.ts';
import type { StepSetup } from './step-messages.ts';

const port = parentPort;
if (port === null) throw new Error('onnx-step-worker.ts runs as a worker thread only');

await runStepLoop(
  port,
  workerData as StepSetup<TracedStage>,
  ({ engine, layout }) => new OnnxStepEngine(engine, layout),
);

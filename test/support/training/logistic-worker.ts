/** A training thread with the logistic engine, for tests of the pool and of the loop. */

import { parentPort, workerData } from 'node:worker_threads';
import { runStepLoop } from '../../../src/training/trainer/step-loop.ts';
import type { StepSetup } from '../../../src/training/trainer/step-messages.ts';
import { LogisticEngine, type LogisticSetup } from './logistic-engine.ts';

const setup = workerData as StepSetup<LogisticSetup>;
await runStepLoop(parentPort!, setup, ({ engine }) => new LogisticEngine(engine));

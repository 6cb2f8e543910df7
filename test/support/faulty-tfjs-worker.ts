/** The tfjs engine's real worker, which commits the faults that a batch carries. */

import { commitFaults } from './faulty-worker.ts';

commitFaults();
await import('../../src/model/engine/tfjs/worker.ts');

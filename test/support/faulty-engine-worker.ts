/** The onnx engine's real worker, which commits the faults that a batch carries; all else it leaves untouched. */

import { commitFaults } from './faulty-worker.ts';

commitFaults();
await import('../../src/model/engine/onnx/worker.ts');

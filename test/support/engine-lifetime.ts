/**
 * Opens, breaks and closes the onnx engine in a process of its own, then prints what is still open.
 * Argument: the state in which it is closed. The process must end by itself.
 */

import { fileURLToPath } from 'node:url';
import { OnnxModel } from '../../src/model/engine/onnx/onnx-model.ts';
import { loadManifest } from '../../src/model/load-manifest.ts';
import { patternBatch } from './batches.ts';
import { FAULTY_WORKER_URL, withFault } from './engine-faults.ts';

const folder = await loadManifest(fileURLToPath(new URL('../../models/studio-10', import.meta.url)));
const state = process.argv[2];
const model = new OnnxModel(folder, {
  workers: 2,
  maxBatch: 1,
  workerUrl: FAULTY_WORKER_URL,
  ...(state === 'given up while it computes' ? { runTimeoutMs: 1 } : {}),
});
const batch = () => patternBatch(model.shape, 1);

const started = model.initialize();
started.catch(() => undefined);
if (state !== 'starting') await started;
switch (state) {
  case 'starting':
    break;
  case 'idle':
    await model.run(batch());
    break;
  case 'busy':
    model.run(batch()).catch(() => undefined);
    break;
  case 'given up while it computes':
    await model.run(batch()).catch(() => undefined);
    break;
  case 'hung':
    model.run(withFault(batch(), 'hang')).catch(() => undefined);
    break;
  case 'replacing':
    await model.run(withFault(batch(), 'exit')).catch(() => undefined);
    break;
  default:
    throw new Error(`unknown state ${String(state)}`);
}
await Promise.all([model.close(), model.close()]);
const open = process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort|Timeout/.test(kind));
process.stdout.write(JSON.stringify(open));

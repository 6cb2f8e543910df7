/** The engine that the configuration names. */

import { OnnxModel } from '../model/engine/onnx/onnx-model.ts';
import { TfjsModel } from '../model/engine/tfjs/tfjs-model.ts';
import type { EngineFault, ThreadedModel } from '../model/engine/threads/threaded-model.ts';
import type { ModelFolder } from '../model/load-manifest.ts';
import type { Config } from './config/schema.ts';

export function createModel(
  folder: ModelFolder,
  { name, workers, maxBatch, intraOpThreads, provider, deviceId, precision }: Config['engine'],
  { workerUrl, onFault }: { workerUrl: URL | undefined; onFault: (fault: EngineFault) => void },
): ThreadedModel {
  const common = {
    maxBatch,
    onFault,
    ...(workers === null ? {} : { workers }),
    ...(workerUrl === undefined ? {} : { workerUrl }),
  };
  return name === 'tfjs'
    ? new TfjsModel(folder, common)
    : new OnnxModel(folder, { ...common, intraOpThreads, provider, deviceId, precision });
}

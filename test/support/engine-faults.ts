/** Faults that tests plant into a batch for {@link file://./faulty-engine-worker.ts} to commit. */

import type { LocalizationModel, ModelBatch } from '../../src/pipeline/ports.ts';

/**
 * `exit`: the thread ends. `throw`: an uncaught error. `hang`: it never answers again.
 * `reject`: onnxruntime refuses the run.
 */
export type Fault = 'exit' | 'throw' | 'hang' | 'reject';

const MAGIC = 'FAULT:';
export const FAULTY_WORKER_URL = new URL('./faulty-engine-worker.ts', import.meta.url);

/** Marks a batch: the worker that gets it fails so. */
export function withFault(batch: ModelBatch, fault: Fault): ModelBatch {
  const frames = batch.frames.slice();
  frames.set(new TextEncoder().encode(`${MAGIC}${fault};`));
  return { ...batch, frames };
}

/** The fault planted into a batch, if any. */
export function faultOf({ frames }: ModelBatch): Fault | null {
  const text = new TextDecoder().decode(frames.subarray(0, 32));
  return text.startsWith(MAGIC) ? (text.slice(MAGIC.length, text.indexOf(';')) as Fault) : null;
}

/** A view of `model` whose first `times` runs carry a fault. */
export function failing(model: LocalizationModel, fault: Fault, times: number): LocalizationModel {
  let left = times;
  return {
    shape: model.shape,
    parallelism: model.parallelism,
    initialize: () => model.initialize(),
    run: (batch) => model.run(left-- > 0 ? withFault(batch, fault) : batch),
    close: () => model.close(),
  };
}

/** Everything a stage learns, in memory that all training threads and the main thread share. */

import { BARRIER_BYTES } from './barrier.ts';
import type { ParameterLayout, WeightArrays } from './parameters.ts';
import { viewsOf } from './parameters.ts';

type Shared = Float32Array<SharedArrayBuffer>;

/**
 * The main thread reads and writes only while no step is under way. Indices as in the layout.
 */
export interface SharedState {
  /** `[total]`: trained weights, running statistics, frozen weights. */
  weights: Shared;
  /** `[measured]`: bias-corrected moving average of trained weights and statistics; what is validated and exported. */
  average: Shared;
  /** `[trained]`: the optimiser's first moment or velocity. */
  first: Shared;
  /** `[trained]`: the optimiser's second moment. */
  second: Shared;
  /** One `[measured]` per thread: its gradients and batch statistics; the first one ends up with their mean. */
  slots: Shared[];
  /** `[threads]`: sums of squared gradients, one per thread's range; not finite where something is not. */
  squares: Float64Array<SharedArrayBuffer>;
  barrier: SharedArrayBuffer;
}

export function createState(layout: ParameterLayout, threads: number): SharedState {
  const array = (length: number): Shared => new Float32Array(new SharedArrayBuffer(length * 4));
  return {
    weights: array(layout.total),
    average: array(layout.measured),
    first: array(layout.trained),
    second: array(layout.trained),
    slots: Array.from({ length: threads }, () => array(layout.measured)),
    squares: new Float64Array(new SharedArrayBuffer(threads * 8)),
    barrier: new SharedArrayBuffer(BARRIER_BYTES),
  };
}

/** Puts named weights into the state, and the average on them. @throws Error when one is missing or of another size */
export function loadWeights(state: SharedState, layout: ParameterLayout, weights: WeightArrays): void {
  for (const [name, view] of viewsOf(state.weights, layout)) {
    const values = weights.get(name);
    if (values?.length !== view.length) {
      throw new Error(`weight ${name} needs ${view.length} values, has ${values?.length ?? 'none'}`);
    }
    view.set(values);
  }
  state.average.set(state.weights.subarray(0, layout.measured));
}

/** A copy of all weights by name, averaged where the average covers them. */
export function averagedWeights(
  state: SharedState,
  layout: ParameterLayout,
): Map<string, Float32Array<ArrayBuffer>> {
  const copy = new Float32Array(layout.total);
  copy.set(state.weights);
  copy.set(state.average);
  return viewsOf(copy, layout);
}

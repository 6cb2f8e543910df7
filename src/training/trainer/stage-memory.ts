/** What a stage has learned, to and from checkpoints: the present weights, and the best so far beside them. */

import { EarsightError } from '../../pipeline/errors.ts';
import type { CheckpointTensor, LoadedCheckpoint } from './checkpoint.ts';
import { type ParameterLayout, viewsOf, type WeightArrays } from './parameters.ts';
import { averagedWeights, loadWeights, type SharedState } from './shared-state.ts';

export class StageMemory {
  readonly layout: ParameterLayout;
  readonly #state: SharedState;
  #best: Map<string, Float32Array<ArrayBuffer>> | null = null;

  constructor(layout: ParameterLayout, state: SharedState) {
    this.layout = layout;
    this.#state = state;
  }

  begin(weights: WeightArrays): void {
    loadWeights(this.#state, this.layout, weights);
  }

  /** Averaged weights of the best validation; the present averages before the first one. */
  bestWeights(): WeightArrays {
    return this.#best ?? averagedWeights(this.#state, this.layout);
  }

  keepBest(): void {
    this.#best = averagedWeights(this.#state, this.layout);
  }

  /** Views, to be written out before the next step. */
  tensors(): Map<string, CheckpointTensor> {
    const shapes = new Map(this.layout.parameters.map(({ name, shape }) => [name, shape]));
    const tensors = new Map<string, CheckpointTensor>();
    const { weights, average, first, second } = this.#state;
    for (const [part, flat] of Object.entries({ weights, average, first, second })) {
      for (const [name, data] of viewsOf(flat, this.layout)) {
        tensors.set(`${part}/${name}`, { shape: shapes.get(name) ?? [], data });
      }
    }
    for (const [name, data] of this.#best ?? []) {
      tensors.set(`best/${name}`, { shape: shapes.get(name) ?? [], data });
    }
    return tensors;
  }

  /** @throws EarsightError `bad-checkpoint` when a tensor is not there or of another size */
  restore({ path, tensors }: LoadedCheckpoint): void {
    const { weights, average, first, second } = this.#state;
    for (const [part, flat] of Object.entries({ weights, average, first, second })) {
      for (const [name, view] of viewsOf(flat, this.layout)) {
        const data = tensors.get(`${part}/${name}`)?.data;
        if (data?.length !== view.length) throw unfit(path, `${part}/${name}`, view.length, data?.length);
        view.set(data);
      }
    }
    if (![...tensors.keys()].some((name) => name.startsWith('best/'))) return;
    this.#best = new Map();
    for (const { name, length } of this.layout.parameters) {
      const data = tensors.get(`best/${name}`)?.data;
      if (data?.length !== length) throw unfit(path, `best/${name}`, length, data?.length);
      this.#best.set(name, Float32Array.from(data));
    }
  }
}

function unfit(path: string, name: string, needed: number, found: number | undefined): EarsightError {
  return new EarsightError(
    'bad-checkpoint',
    `The checkpoint ${path} does not fit this network: ${name} has ${found ?? 'no'} values, not ${needed}. ` +
      'Resume with the recipe and classes it was made with, or start anew without --resume.',
  );
}

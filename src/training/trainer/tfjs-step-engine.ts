/** Runs a stage's program step by step on a tfjs back end: the oracle of the traced graphs, and the way to a GPU. */

import * as tf from '@tensorflow/tfjs-core';
import type { SampleBatch } from '../sample.ts';
import { type ParameterLayout, viewsOf, type WeightArrays } from './parameters.ts';
import { evaluationOutputOf, stepOutputOf } from './program-outputs.ts';
import {
  batchInputs,
  evaluationOutputs,
  type NamedTensors,
  type ProgramInputs,
  type StageProgram,
  stepOutputs,
  weightInputs,
} from './stage-program.ts';
import type { EvaluationOutput, StepEngine, StepOutput } from './step-engine.ts';

/** Its back end is the caller's choice, made before. */
export class TfjsStepEngine implements StepEngine {
  readonly #program: StageProgram;
  readonly #layout: ParameterLayout;

  constructor(program: StageProgram, layout: ParameterLayout) {
    this.#program = program;
    this.#layout = layout;
  }

  async initialise(): Promise<void> {
    await tf.ready();
  }

  async step(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<StepOutput> {
    const inputs = weightInputs(this.#program, 'step');
    return stepOutputOf(await this.#run(stepOutputs, inputs, batch, weights));
  }

  async evaluate(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<EvaluationOutput> {
    const inputs = weightInputs(this.#program, 'evaluation');
    return evaluationOutputOf(batch.size, await this.#run(evaluationOutputs, inputs, batch, weights));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #run(
    compute: (program: StageProgram, inputs: NamedTensors) => NamedTensors,
    weightsUsed: ProgramInputs,
    batch: SampleBatch,
    weights: Float32Array<ArrayBuffer>,
  ): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const program = this.#program;
    const views: WeightArrays = viewsOf(weights, this.#layout);
    const inputs = Object.fromEntries(
      Object.entries({ ...weightsUsed, ...batchInputs(program, batch.size) }).map(
        ([name, { shape, dtype }]) => {
          const values = views.get(name) ?? batch[name as Exclude<keyof SampleBatch, 'size'>];
          return [name, tf.tensor(values, [...shape], dtype === 'uint8' ? 'int32' : dtype)];
        },
      ),
    );
    const outputs = tf.tidy(() => compute(program, inputs));
    try {
      const arrays = new Map<string, Float32Array<ArrayBuffer>>();
      for (const [name, tensor] of Object.entries(outputs)) {
        arrays.set(name, Float32Array.from(await tensor.data()));
      }
      return arrays;
    } finally {
      tf.dispose([inputs, outputs]);
    }
  }
}

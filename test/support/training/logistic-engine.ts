/** A step engine small enough to check by hand: one logistic regression per class on the mean of each mel band. */

import { type SampleBatch, type SampleShape } from '../../../src/training/sample.ts';
import type { ParameterSpec } from '../../../src/training/trainer/parameters.ts';
import type { EvaluationOutput, StepEngine, StepOutput } from '../../../src/training/trainer/step-engine.ts';

export const LOGISTIC_SHAPE: SampleShape = {
  classes: ['low', 'high'],
  frame: { width: 4, height: 4 },
  logmel: { columns: 3, mels: 5 },
  grid: { rows: 2, cols: 2 },
};

export const LOGISTIC_SPECS: readonly ParameterSpec[] = [
  { name: 'audio/filter', shape: [5, 2], kind: 'weight' },
  { name: 'audio/bias', shape: [2], kind: 'weight' },
  { name: 'audio/mean', shape: [5], kind: 'statistic' },
  { name: 'visual/frozen', shape: [3], kind: 'weight' },
];

/** `poison`: a log-mel value from here on makes the loss not a number. `fail` and `exit`: the thread throws or ends. */
export interface LogisticSetup {
  poisonAbove?: number;
  failAbove?: number;
  exitAbove?: number;
}

export class LogisticEngine implements StepEngine {
  readonly #setup: LogisticSetup;

  constructor(setup: LogisticSetup) {
    this.#setup = setup;
  }

  initialise(): Promise<void> {
    return Promise.resolve();
  }

  step(batch: SampleBatch, weights: Float32Array): Promise<StepOutput> {
    const highest = Math.max(...batch.logmel);
    if (highest > (this.#setup.exitAbove ?? Infinity)) process.exit(7);
    if (highest > (this.#setup.failAbove ?? Infinity)) throw new Error('the engine fell over');
    const filter = new Float32Array(10);
    const bias = new Float32Array(2);
    const mean = new Float32Array(5);
    let loss = 0;
    this.#each(batch, weights, (bands, probabilities, example) => {
      for (let c = 0; c < 2; c++) {
        const target = batch.heard[example * 2 + c]!;
        const p = probabilities[c]!;
        loss -= target * Math.log(p + 1e-12) + (1 - target) * Math.log(1 - p + 1e-12);
        const slope = (p - target) / batch.size;
        bias[c]! += slope;
        for (let m = 0; m < 5; m++) filter[m * 2 + c]! += slope * bands[m]!;
      }
      for (let m = 0; m < 5; m++) mean[m]! += bands[m]! / batch.size;
    });
    loss /= batch.size;
    if (highest > (this.#setup.poisonAbove ?? Infinity)) loss = Number.NaN;
    return Promise.resolve({
      loss,
      terms: { heard: loss },
      gradients: new Map([
        ['audio/filter', filter],
        ['audio/bias', bias],
      ]),
      statistics: new Map([['audio/mean', mean]]),
    });
  }

  evaluate(batch: SampleBatch, weights: Float32Array): Promise<EvaluationOutput> {
    const audioProbability = new Float32Array(batch.size * 2);
    let loss = 0;
    this.#each(batch, weights, (_bands, probabilities, example) => {
      audioProbability.set(probabilities, example * 2);
      for (let c = 0; c < 2; c++) {
        loss -= Math.log(Math.abs(1 - batch.heard[example * 2 + c]! - probabilities[c]!) + 1e-12);
      }
    });
    return Promise.resolve({
      size: batch.size,
      terms: { heard: loss / batch.size },
      audioProbability,
      visualProbability: new Float32Array(0),
      cam: new Float32Array(0),
      similarity: new Float32Array(0),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #each(
    batch: SampleBatch,
    weights: Float32Array,
    visit: (bands: Float32Array, probabilities: Float32Array, example: number) => void,
  ): void {
    const { columns, mels } = LOGISTIC_SHAPE.logmel;
    for (let example = 0; example < batch.size; example++) {
      const bands = new Float32Array(mels);
      for (let t = 0; t < columns; t++) {
        for (let m = 0; m < mels; m++)
          bands[m]! += batch.logmel[(example * columns + t) * mels + m]! / columns;
      }
      const probabilities = new Float32Array(2);
      for (let c = 0; c < 2; c++) {
        let logit = weights[10 + c]!;
        for (let m = 0; m < mels; m++) logit += weights[m * 2 + c]! * bands[m]!;
        probabilities[c] = 1 / (1 + Math.exp(-logit));
      }
      visit(bands, probabilities, example);
    }
  }
}

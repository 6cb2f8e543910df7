/** A scripted localization model for pipeline tests: delay, failures and outputs are the test's to choose. */

import { EarsightError } from '../../src/pipeline/errors.ts';
import type { LocalizationModel, ModelBatch, ModelOutput, ModelShape } from '../../src/pipeline/ports.ts';

export const TINY_SHAPE: ModelShape = {
  classes: ['dog', 'piano'],
  frame: { width: 8, height: 6 },
  logmel: { columns: 3, mels: 4 },
  grid: { rows: 2, cols: 3 },
  maxBatch: 4,
};

/** What the network answers for one frame; missing arrays are zeros. */
export interface FakeAnswer {
  audioProbability?: readonly number[];
  visualProbability?: readonly number[];
  similarity?: readonly number[];
}

/** One frame of a batch, as the model received it. */
export interface FakeInput {
  frame: Uint8Array;
  logmel: Float32Array;
}

export interface FakeModelOptions {
  shape?: ModelShape;
  parallelism?: number;
  /** Time that a run takes. Default 0: it resolves in the next turn of the event loop. */
  delayMs?: number;
  /** Answers one frame. Default: all probabilities the frame's first byte / 255, similarity zero. */
  answer?: (input: FakeInput) => FakeAnswer;
}

/** Counts what it was asked; `failNext` makes coming runs reject; `hold`/`release` stop and resume answers. */
export class FakeModel implements LocalizationModel {
  readonly shape: ModelShape;
  readonly parallelism: number;
  delayMs: number;
  /** Sizes of all batches taken, in order. */
  readonly batches: number[] = [];
  inFlight = 0;
  mostInFlight = 0;
  initialized = false;
  closed = false;
  readonly #answer: (input: FakeInput) => FakeAnswer;
  readonly #failures: EarsightError[] = [];
  readonly #closing = new AbortController();
  #held: { promise: Promise<undefined>; resolve: () => void } | null = null;

  constructor(options: FakeModelOptions = {}) {
    this.shape = options.shape ?? TINY_SHAPE;
    this.parallelism = options.parallelism ?? 1;
    this.delayMs = options.delayMs ?? 0;
    this.#answer = options.answer ?? defaultAnswer(this.shape);
  }

  /** The next `times` runs reject with `error`, by default the one of a worker being replaced. */
  failNext(
    times = 1,
    error = new EarsightError('engine-failed', 'scripted failure', { retryable: true }),
  ): void {
    for (let i = 0; i < times; i++) this.#failures.push(error);
  }

  /** No run resolves until {@link release}. */
  hold(): void {
    if (this.#held !== null) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#held = { promise, resolve: () => resolve(undefined) };
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  initialize(): Promise<void> {
    if (this.closed) return Promise.reject(new EarsightError('closed', 'The fake model is closed.'));
    this.initialized = true;
    return Promise.resolve();
  }

  async run(batch: ModelBatch): Promise<ModelOutput> {
    if (this.closed) throw new EarsightError('closed', 'The fake model is closed.');
    this.#check(batch);
    this.batches.push(batch.size);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await this.#unlessClosed(this.#held?.promise ?? Promise.resolve(undefined));
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const timer = setTimeout(resolve, this.delayMs, undefined);
      await this.#unlessClosed(promise).finally(() => clearTimeout(timer));
      const failure = this.#failures.shift();
      if (failure !== undefined) throw failure;
      return this.#output(batch);
    } finally {
      this.inFlight--;
    }
  }

  close(): Promise<void> {
    this.closed = true;
    this.#closing.abort();
    return Promise.resolve();
  }

  #unlessClosed(promise: Promise<undefined>): Promise<undefined> {
    const { signal } = this.#closing;
    const { promise: closed, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(new EarsightError('closed', 'The fake model is closed.'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    return Promise.race([promise, closed]).finally(() => signal.removeEventListener('abort', onAbort));
  }

  #check({ size, frames, logmel }: ModelBatch): void {
    const { frame, maxBatch } = this.shape;
    const fits =
      size >= 1 &&
      size <= maxBatch &&
      frames.length === size * frame.width * frame.height * 3 &&
      logmel.length === size * this.shape.logmel.columns * this.shape.logmel.mels;
    if (!fits) throw new EarsightError('engine-failed', `A batch of ${size} does not fit the fake model.`);
  }

  #output({ size, frames, logmel }: ModelBatch): ModelOutput {
    const { classes, grid } = this.shape;
    const cells = classes.length * grid.rows * grid.cols;
    const output: ModelOutput = {
      audioProbability: new Float32Array(size * classes.length),
      visualProbability: new Float32Array(size * classes.length),
      similarity: new Float32Array(size * cells),
    };
    const frameLength = frames.length / size;
    const logmelLength = logmel.length / size;
    for (let i = 0; i < size; i++) {
      const answer = this.#answer({
        frame: frames.subarray(i * frameLength, (i + 1) * frameLength),
        logmel: logmel.subarray(i * logmelLength, (i + 1) * logmelLength),
      });
      output.audioProbability.set(answer.audioProbability ?? [], i * classes.length);
      output.visualProbability.set(answer.visualProbability ?? [], i * classes.length);
      output.similarity.set(answer.similarity ?? [], i * cells);
    }
    return output;
  }
}

function defaultAnswer({ classes }: ModelShape): (input: FakeInput) => FakeAnswer {
  return ({ frame }) => {
    const probabilities = classes.map(() => frame[0]! / 255);
    return { audioProbability: probabilities, visualProbability: probabilities };
  };
}

/** Runs a stage's traced graphs in onnxruntime, on one core: every training thread has one of these. */

import type * as Ort from 'onnxruntime-node';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { SampleBatch } from '../sample.ts';
import { type ParameterLayout, viewsOf } from './parameters.ts';
import { evaluationOutputOf, stepOutputOf } from './program-outputs.ts';
import { batchInputs, type ProgramInputs, type StageProgram, weightInputs } from './stage-program.ts';
import type { EvaluationOutput, StepEngine, StepOutput } from './step-engine.ts';

/** A program and its graphs, traced. */
export interface TracedStage {
  program: StageProgram;
  /** ONNX bytes: batch and weights in, loss, terms, gradients and statistics out. */
  step: Uint8Array;
  /** ONNX bytes: batch, weights and running statistics in, {@link EvaluationOutput} out. */
  evaluation: Uint8Array;
}

interface Graph {
  session: Ort.InferenceSession;
  weights: ProgramInputs;
}

export class OnnxStepEngine implements StepEngine {
  readonly #traced: TracedStage;
  readonly #layout: ParameterLayout;
  #opened: { ort: typeof Ort; step: Graph; evaluation: Graph } | null = null;

  constructor(traced: TracedStage, layout: ParameterLayout) {
    this.#traced = traced;
    this.#layout = layout;
  }

  async initialise(): Promise<void> {
    const { program, step, evaluation } = this.#traced;
    try {
      const ort = await import('onnxruntime-node');
      // The runtime prints to stderr what it throws as well.
      ort.env.logLevel = 'fatal';
      const open = async (bytes: Uint8Array, use: 'step' | 'evaluation'): Promise<Graph> => ({
        session: await ort.InferenceSession.create(bytes, SESSION_OPTIONS),
        weights: weightInputs(program, use),
      });
      this.#opened = {
        ort,
        step: await open(step, 'step'),
        evaluation: await open(evaluation, 'evaluation'),
      };
    } catch (cause) {
      throw new EarsightError(
        'engine-unavailable',
        `onnxruntime cannot load the training graph: ${messageOf(cause)}. Reinstall onnxruntime-node, or train with --engine tfjs.`,
        { cause },
      );
    }
  }

  async step(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<StepOutput> {
    return stepOutputOf(await this.#run('step', batch, weights));
  }

  async evaluate(batch: SampleBatch, weights: Float32Array<ArrayBuffer>): Promise<EvaluationOutput> {
    return evaluationOutputOf(batch.size, await this.#run('evaluation', batch, weights));
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.step.session.release();
    await opened?.evaluation.session.release();
  }

  async #run(
    use: 'step' | 'evaluation',
    batch: SampleBatch,
    weights: Float32Array<ArrayBuffer>,
  ): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    if (this.#opened === null) throw new Error('a step of an engine that is not open');
    const { ort, [use]: graph } = this.#opened;
    const feeds: Record<string, Ort.Tensor> = {};
    const views = viewsOf(weights, this.#layout);
    for (const [name, { shape }] of Object.entries(graph.weights)) {
      feeds[name] = new ort.Tensor('float32', views.get(name)!, shape);
    }
    for (const [name, { shape, dtype }] of Object.entries(batchInputs(this.#traced.program, batch.size))) {
      const values = batch[name as Exclude<keyof SampleBatch, 'size'>];
      feeds[name] = new ort.Tensor(dtype, values as Float32Array & Uint8Array, shape);
    }
    const outputs = await graph.session.run(feeds);
    return new Map(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array<ArrayBuffer>]),
    );
  }
}

/** One core a thread, and no spinning: the cores belong to the other threads, those that compose scenes among them. */
const SESSION_OPTIONS: Ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  enableCpuMemArena: true,
  enableMemPattern: true,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

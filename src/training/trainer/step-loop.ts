/** The life of a training thread: computes its share of each batch, then its range of the update. */

import type { MessagePort } from 'node:worker_threads';
import { toPlainError } from '../../model/engine/threads/messages.ts';
import type { SampleBatch } from '../sample.ts';
import { Barrier, BrokenBarrier } from './barrier.ts';
import { averageGain, averageRange, clipScale, followRange, updateRange } from './optimizer.ts';
import { partOf, spansOf, viewsOf, type WeightArrays } from './parameters.ts';
import type { StepEngine } from './step-engine.ts';
import {
  buffersOf,
  type Evaluated,
  type Stepped,
  type StepReply,
  type StepRequest,
  type StepSetup,
  type StepTimes,
  type StepUpdate,
} from './step-messages.ts';

/**
 * Answers requests in their order until `close`. The threads meet three times a step: when all gradients lie in their
 * slots, when all ranges are averaged (the norm is then known), and when all ranges are updated.
 */
export async function runStepLoop<EngineSetup>(
  port: MessagePort,
  setup: StepSetup<EngineSetup>,
  createEngine: (setup: StepSetup<EngineSetup>) => StepEngine | Promise<StepEngine>,
): Promise<void> {
  const reply = (message: StepReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const barrier = new Barrier(setup.state.barrier, setup.threads);
  const fail = (thrown: unknown, code: 'engine-unavailable' | 'engine-failed'): void => {
    barrier.break();
    reply(
      thrown instanceof BrokenBarrier
        ? { type: 'released' }
        : { type: 'failed', error: toPlainError(thrown, code) },
    );
  };
  let engine: StepEngine;
  try {
    engine = await createEngine(setup);
    await engine.initialise();
  } catch (thrown) {
    fail(thrown, 'engine-unavailable');
    port.close();
    return;
  }
  const thread = new StepThread(setup, barrier, engine);
  const handle = async (request: StepRequest): Promise<void> => {
    switch (request.type) {
      case 'step': {
        const result = await thread.step(request.batch, request.update);
        reply({ type: 'stepped', result }, buffersOf(result.batch));
        return;
      }
      case 'evaluate': {
        const result = await thread.evaluate(request.batch, request.averaged);
        const { audioProbability, visualProbability, cam, similarity } = result.output;
        const outputs = [audioProbability, visualProbability, cam, similarity].map(({ buffer }) => buffer);
        reply({ type: 'evaluated', result }, [...buffersOf(result.batch), ...outputs]);
        return;
      }
      case 'close':
        port.close();
        await engine.close();
    }
  };
  // One after the other: a step takes more than one turn of the event loop.
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: StepRequest) => {
    last = last.then(() => handle(request)).catch((thrown: unknown) => fail(thrown, 'engine-failed'));
  });
  reply({ type: 'ready' });
}

class StepThread<EngineSetup> {
  readonly #setup: StepSetup<EngineSetup>;
  readonly #barrier: Barrier;
  readonly #engine: StepEngine;
  /** onnxruntime takes no shared memory, so each thread computes on a copy. */
  readonly #local: Float32Array<ArrayBuffer>;
  readonly #slotViews: WeightArrays;

  constructor(setup: StepSetup<EngineSetup>, barrier: Barrier, engine: StepEngine) {
    this.#setup = setup;
    this.#barrier = barrier;
    this.#engine = engine;
    this.#local = new Float32Array(setup.layout.total);
    this.#slotViews = viewsOf(setup.state.slots[setup.index]!, setup.layout);
  }

  async step(batch: SampleBatch, update: StepUpdate): Promise<Stepped> {
    const times: StepTimes = { copyMs: 0, computeMs: 0, waitMs: 0, updateMs: 0 };
    let at = performance.now();
    const lap = (part: keyof StepTimes): void => {
      const now = performance.now();
      times[part] += now - at;
      at = now;
    };
    const { state, layout, index, threads } = this.#setup;
    this.#local.set(state.weights);
    lap('copyMs');
    const { loss, terms, gradients, statistics } = await this.#engine.step(batch, this.#local);
    lap('computeMs');
    this.#deposit(gradients, statistics);
    lap('copyMs');
    this.#barrier.wait();
    lap('waitMs');
    const trained = partOf(layout.trained, index, threads);
    const squares = averageRange(state.slots, trained.from, trained.to);
    state.squares[index] = Number.isFinite(loss) ? squares : Number.NaN;
    lap('updateMs');
    this.#barrier.wait();
    lap('waitMs');
    const gradientNorm = Math.sqrt(state.squares.reduce((sum, part) => sum + part, 0));
    if (Number.isFinite(gradientNorm)) this.#update(update, gradientNorm);
    lap('updateMs');
    this.#barrier.wait();
    lap('waitMs');
    return { loss, terms, gradientNorm, times, batch };
  }

  async evaluate(batch: SampleBatch, averaged: boolean): Promise<Evaluated> {
    this.#local.set(this.#setup.state.weights);
    if (averaged) this.#local.set(this.#setup.state.average);
    return { output: await this.#engine.evaluate(batch, this.#local), batch };
  }

  #deposit(gradients: WeightArrays, statistics: WeightArrays): void {
    for (const [name, slot] of this.#slotViews) {
      const values = gradients.get(name) ?? statistics.get(name);
      if (values === undefined) throw new Error(`the engine gave neither gradient nor statistic of ${name}`);
      slot.set(values);
    }
  }

  #update(update: StepUpdate, gradientNorm: number): void {
    const { state, layout, index, threads } = this.#setup;
    const { weights, first, second, average, slots } = state;
    const { rule, rate, step } = update;
    const trained = partOf(layout.trained, index, threads);
    const spans = spansOf(layout, trained.from, trained.to);
    const gradientScale = clipScale(gradientNorm, update.clipNorm);
    updateRange({ weights, gradients: slots[0]!, first, second }, spans, {
      rule,
      rate,
      step,
      gradientScale,
    });
    const measured = partOf(layout.measured - layout.trained, index, threads);
    const from = layout.trained + measured.from;
    const to = layout.trained + measured.to;
    averageRange(slots, from, to);
    followRange(weights, slots[0]!, 1 - update.statisticMomentum, from, to);
    const gain = averageGain(update.averageDecay, step);
    followRange(average, weights, gain, trained.from, trained.to);
    followRange(average, weights, gain, from, to);
  }
}

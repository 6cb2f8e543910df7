import { afterEach, describe, expect, it } from 'vitest';
import {
  LOGISTIC_SHAPE,
  LOGISTIC_SPECS,
  LogisticEngine,
  type LogisticSetup,
} from '../../../test/support/training/logistic-engine.ts';
import { LogisticSource } from '../../../test/support/training/logistic-source.ts';
import { createBatch, type SampleBatch } from '../sample.ts';
import { layoutOf } from './parameters.ts';
import { createState, loadWeights, type SharedState } from './shared-state.ts';
import type { StepUpdate } from './step-messages.ts';
import { StepPool } from './step-pool.ts';

const entry = new URL('../../../test/support/training/logistic-worker.ts', import.meta.url);
const layout = layoutOf(LOGISTIC_SPECS, [{ prefix: 'audio/', rateFactor: 1 }]);
const source = new LogisticSource();

const open: StepPool[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

function freshState(threads: number): SharedState {
  const state = createState(layout, threads);
  const weights = LOGISTIC_SPECS.map(({ name, shape }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return [name, new Float32Array(length).map((_, i) => 0.1 * Math.sin(i + name.length))] as const;
  });
  loadWeights(state, layout, new Map(weights));
  return state;
}

async function openPool(state: SharedState, threads: number, engine: LogisticSetup = {}): Promise<StepPool> {
  const pool = await StepPool.open({ layout, state, threads, entry, engine });
  open.push(pool);
  return pool;
}

function batchFrom(first: number, size: number): SampleBatch {
  const batch = createBatch(LOGISTIC_SHAPE, size);
  for (let slot = 0; slot < size; slot++) source.write(first + slot, batch, slot);
  return batch;
}

const update = (step: number): StepUpdate => ({
  rule: { kind: 'sgd', momentum: 0, decay: 0 },
  rate: 0.5,
  step,
  clipNorm: Infinity,
  averageDecay: 0.5,
  statisticMomentum: 0.9,
});

/** Steps of `size` examples per thread. */
async function train(pool: StepPool, steps: number, size: number, ahead = 2): Promise<number[]> {
  const results: Promise<{ loss: number }[]>[] = [];
  for (let step = 1; step <= steps; step++) {
    const first = (step - 1) * size * pool.threads;
    const batches = Array.from({ length: pool.threads }, (_, i) => batchFrom(first + i * size, size));
    results.push(pool.step(batches, update(step)));
    await results.at(-ahead);
  }
  return (await Promise.all(results)).map((parts) =>
    parts.reduce((sum, { loss }) => sum + loss / parts.length, 0),
  );
}

describe('StepPool', () => {
  it('takes the step that the mean gradient of the whole batch asks for', async () => {
    const state = freshState(2);
    const before = state.weights.slice();
    const pool = await openPool(state, 2);
    const [result] = await pool.step([batchFrom(0, 4), batchFrom(4, 4)], update(1));
    const expected = await new LogisticEngine({}).step(batchFrom(0, 8), before);
    let squares = 0;
    for (const { name, offset, length } of layout.parameters) {
      const gradient = expected.gradients.get(name);
      const statistic = expected.statistics.get(name);
      for (let i = 0; i < length; i++) {
        const was = before[offset + i]!;
        squares += (gradient?.[i] ?? 0) ** 2;
        const now = gradient ? was - 0.5 * gradient[i]! : statistic ? was + 0.1 * (statistic[i]! - was) : was;
        expect(state.weights[offset + i], name).toBeCloseTo(now, 6);
        if (gradient || statistic) expect(state.average[offset + i]).toBeCloseTo(now, 6);
      }
    }
    expect(result?.gradientNorm).toBeCloseTo(Math.sqrt(squares), 6);
  });

  it('learns, and gives the batches back', async () => {
    const pool = await openPool(freshState(2), 2);
    const losses = await train(pool, 80, 8);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const [stepped] = await pool.step([batchFrom(0, 2), batchFrom(2, 2)], update(81));
    expect(stepped?.batch.logmel).toEqual(batchFrom(0, 2).logmel);
    const { output, batch } = await pool.evaluate(batchFrom(0, 6), true);
    expect(batch.size).toBe(6);
    expect([...output.audioProbability].map(Math.round)).toEqual([...batch.heard]);
  });

  it('ends with equal bits for equal seeds and threads, however many steps are asked for ahead', async () => {
    const runs: Float32Array[] = [];
    for (const ahead of [1, 2, 5]) {
      const state = freshState(3);
      await train(await openPool(state, 3), 20, 4, ahead);
      runs.push(state.weights.slice());
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it('updates nothing when a loss is not a number', async () => {
    const state = freshState(2);
    const pool = await openPool(state, 2, { poisonAbove: 5 });
    await train(pool, 3, 4);
    const before = { weights: state.weights.slice(), average: state.average.slice() };
    const poisoned = batchFrom(4, 4);
    poisoned.logmel[3] = 6;
    const results = await pool.step([batchFrom(0, 4), poisoned], update(4));
    expect(results.map(({ loss }) => Number.isNaN(loss))).toEqual([false, true]);
    expect(results.map(({ gradientNorm }) => gradientNorm)).toEqual([Number.NaN, Number.NaN]);
    expect({ weights: state.weights.slice(), average: state.average.slice() }).toEqual(before);
  });

  it.each([
    ['throws', { failAbove: 5 }, /fell over/],
    ['ends', { exitAbove: 5 }, /ended with code 7/],
  ])('rejects what waits when a thread %s, and the first cause is told', async (_, setup, message) => {
    const pool = await openPool(freshState(3), 3, setup);
    const bad = batchFrom(4, 4);
    bad.logmel[0] = 6;
    const failing = pool.step([batchFrom(0, 4), bad, batchFrom(8, 4)], update(1));
    await expect(failing).rejects.toThrow(message);
    await expect(pool.evaluate(batchFrom(0, 1), false)).rejects.toThrow(message);
  });

  it('closes in the middle of a step, twice, and refuses what comes later', async () => {
    const pool = await openPool(freshState(2), 2);
    const under = pool.step([batchFrom(0, 4), batchFrom(4, 4)], update(1)).catch((error: unknown) => error);
    await Promise.all([pool.close(), pool.close()]);
    await under;
    await expect(pool.evaluate(batchFrom(0, 1), false)).rejects.toMatchObject({ code: 'closed' });
  });
});

/** What every localization model must do; run against each implementer. */

import { afterEach, describe, expect, test } from 'vitest';
import type { LocalizationModel, ModelBatch, ModelOutput, ModelShape } from '../../src/pipeline/ports.ts';
import { patternBatch } from '../support/batches.ts';

/** How the suite gets models; each is closed by the suite. */
export interface LocalizationModelHarness {
  create(): LocalizationModel;
  /** A model whose runs do not end before it is closed. */
  createSlow(): LocalizationModel;
  /** A model of which the next run fails as by a crash, and that recovers by itself. */
  createFailingOnce(): LocalizationModel;
}

export function describeLocalizationModel(name: string, harness: LocalizationModelHarness): void {
  describe(`${name} keeps the LocalizationModel contract`, () => {
    const opened: LocalizationModel[] = [];
    const open = async (model: LocalizationModel): Promise<LocalizationModel> => {
      opened.push(model);
      await model.initialize();
      return model;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((model) => model.close()));
    });

    test('tells its shape and parallelism before it is initialized', () => {
      const model = harness.create();
      opened.push(model);
      expect(model.parallelism).toBeGreaterThanOrEqual(1);
      expect(model.shape.maxBatch).toBeGreaterThanOrEqual(1);
      expect(model.shape.classes.length).toBeGreaterThanOrEqual(1);
    });

    test('answers every batch size with arrays of the declared lengths and ranges', async () => {
      const model = await open(harness.create());
      for (let size = 1; size <= model.shape.maxBatch; size++) {
        expectOutput(await model.run(patternBatch(model.shape, size)), model.shape, size);
      }
    });

    test('a frame gets the same answer at every place of a batch', async () => {
      const model = await open(harness.create());
      const size = Math.min(3, model.shape.maxBatch);
      const together = await model.run(patternBatch(model.shape, size));
      for (let place = 0; place < size; place++) {
        const alone = await model.run(patternBatch(model.shape, 1, place));
        for (const field of ['audioProbability', 'visualProbability', 'similarity'] as const) {
          const length = alone[field].length;
          const part = together[field].subarray(place * length, (place + 1) * length);
          const error = Math.max(...part.map((value, i) => Math.abs(value - alone[field][i]!)));
          expect(error, `${field} of frame ${place}`).toBeLessThan(1e-4);
        }
      }
    });

    test('takes as many runs at a time as it says', async () => {
      const model = await open(harness.create());
      const batches = Array.from({ length: model.parallelism }, () => patternBatch(model.shape, 1));
      const outputs = await Promise.all(batches.map((batch) => model.run(batch)));
      for (const output of outputs) expectOutput(output, model.shape, 1);
    });

    test('takes arrays that are views of a larger buffer', async () => {
      const model = await open(harness.create());
      const batch = patternBatch(model.shape, 1);
      const frames = new Uint8Array(batch.frames.length + 8).subarray(4, 4 + batch.frames.length);
      frames.set(batch.frames);
      const expected = await model.run(batch);
      const output = await model.run({ ...patternBatch(model.shape, 1), frames });
      expect(output.similarity).toEqual(expected.similarity);
    });

    test.each(['no frame', 'too many frames', 'too few bytes'])('refuses a batch with %s', async (what) => {
      const model = await open(harness.create());
      const batch = {
        'no frame': () => patternBatch(model.shape, 0),
        'too many frames': () => patternBatch(model.shape, model.shape.maxBatch + 1),
        'too few bytes': () => ({ ...patternBatch(model.shape, 1), frames: new Uint8Array(5) }),
      }[what]!();
      await expect(model.run(batch)).rejects.toMatchObject({ code: 'engine-failed', retryable: false });
      expectOutput(await model.run(patternBatch(model.shape, 1)), model.shape, 1);
    });

    test('a failed run is retryable, and the model recovers by itself', async () => {
      const model = await open(harness.createFailingOnce());
      await expect(model.run(patternBatch(model.shape, 1))).rejects.toMatchObject({
        code: 'engine-failed',
        retryable: true,
      });
      const output = await untilRun(model, () => patternBatch(model.shape, 1));
      expectOutput(output, model.shape, 1);
    });

    test('close rejects what is pending and what comes later with `closed`, and may be called again', async () => {
      const model = await open(harness.createSlow());
      const pending = Array.from({ length: model.parallelism }, () =>
        model.run(patternBatch(model.shape, 1)),
      );
      const outcomes = Promise.allSettled(pending);
      await model.close();
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
      }
      await expect(model.run(patternBatch(model.shape, 1))).rejects.toMatchObject({ code: 'closed' });
      await model.close();
    });

    test('can be closed without ever being initialized', async () => {
      const model = harness.create();
      await model.close();
      await expect(model.run(patternBatch(model.shape, 1))).rejects.toMatchObject({ code: 'closed' });
    });
  });
}

function expectOutput(output: ModelOutput, shape: ModelShape, size: number): void {
  const classes = shape.classes.length;
  expect(output.audioProbability).toHaveLength(size * classes);
  expect(output.visualProbability).toHaveLength(size * classes);
  expect(output.similarity).toHaveLength(size * classes * shape.grid.rows * shape.grid.cols);
  for (const p of [...output.audioProbability, ...output.visualProbability]) {
    expect(p).toBeGreaterThanOrEqual(0);
    expect(p).toBeLessThanOrEqual(1);
  }
  for (const k of output.similarity) expect(Math.abs(k)).toBeLessThanOrEqual(1 + 1e-5);
}

/** Repeats a run while it fails retryably, as the pipeline does with ever newer frames. */
export async function untilRun(model: LocalizationModel, batch: () => ModelBatch): Promise<ModelOutput> {
  for (;;) {
    try {
      return await model.run(batch());
    } catch (error) {
      if (!(error instanceof Error && 'retryable' in error && error.retryable === true)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

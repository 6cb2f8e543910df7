/** An exported model folder, loaded and run by the server's own engine. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OnnxModel } from '../../src/model/engine/onnx/onnx-model.ts';
import { loadManifest } from '../../src/model/load-manifest.ts';
import { evaluationOutputs } from '../../src/model/network/forward.ts';
import { classColour } from '../../src/training/export/class-colours.ts';
import { finishRun } from '../../src/training/export/finish-run.ts';
import { writeModel } from '../../src/training/trainer/model-folder.ts';
import { patternBatch } from '../support/batches.ts';
import { exportedNetwork, exportTiny, tinyClasses } from '../support/network/export-tiny.ts';
import { tensorsOf, unevenWeights } from '../support/network/tiny.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the engine says what the network says, for batches of one and of three', async () => {
  await exportTiny(folder, 6);
  const model = new OnnxModel(await loadManifest(folder), { workers: 1, maxBatch: 3 });
  try {
    await model.initialize();
    await tf.setBackend('cpu');
    for (const size of [1, 3]) {
      const batch = patternBatch(model.shape, size);
      const expected = tf.tidy(() => {
        const input = {
          frames: tf.tensor4d(batch.frames, [size, 48, 64, 3], 'int32'),
          logmel: tf.tensor3d(batch.logmel, [size, 51, 64]),
        };
        const outputs = evaluationOutputs(
          exportedNetwork,
          tensorsOf(unevenWeights(exportedNetwork, 6)),
          input,
          { kind: 'evaluation' },
        );
        return [outputs.audio_probability, outputs.visual_probability, outputs.similarity].map((tensor) =>
          tensor.dataSync(),
        );
      });
      const output = await model.run(batch);
      const got = [output.audioProbability, output.visualProbability, output.similarity];
      for (const [i, numbers] of expected.entries()) {
        expect(got[i]).toHaveLength(numbers.length);
        for (const [place, number] of numbers.entries()) expect(got[i]![place]).toBeCloseTo(number, 4);
      }
    }
  } finally {
    await model.close();
  }
});

test('a second export replaces the first whole', async () => {
  const before = await exportTiny(folder, 6);
  const after = await exportTiny(folder, 7);
  expect(after.files.onnx.sha256).not.toBe(before.files.onnx.sha256);
  expect((await readdir(folder)).toSorted()).toEqual(
    ['manifest.json', after.files.onnx.name, after.files.weights!.name].toSorted(),
  );
  await expect(loadManifest(folder)).resolves.toMatchObject({ manifest: { name: 'tiny' } });
});

test('what a run left is calibrated on validation scenes and served', async () => {
  const run = await mkdtemp(join(tmpdir(), 'earsight-run-'));
  try {
    const arrays = new Map([...unevenWeights(exportedNetwork, 8)].map(([name, { data }]) => [name, data]));
    const frame = { width: 64, height: 64 };
    await writeModel(
      run,
      { format: 1, description: 'A run.', classes: tinyClasses, network: exportedNetwork, frame },
      arrays,
    );
    const { manifest } = await finishRun({
      run,
      out: run,
      name: 'tiny',
      version: '2.0.0',
      side: 80,
      data: { path: null, scenes: null, dataset: null, seed: 3 },
      samples: 40,
      training: { how: 'not at all', data: 'none' },
      metrics: {},
      say: () => undefined,
      signal: new AbortController().signal,
    });
    expect(manifest.calibration.source).toContain('validation split');
    expect(manifest.calibration.classes.map(({ name }) => name)).toEqual(tinyClasses);
    await expect(loadManifest(run)).resolves.toMatchObject({
      manifest: { version: '2.0.0', frame: { width: 80, height: 80 }, grid: { rows: 5, cols: 5 } },
    });
  } finally {
    await rm(run, { recursive: true });
  }
});

test('every class has a colour of its own', () => {
  const colours = Array.from({ length: 60 }, (_, index) => classColour(index));
  expect(new Set(colours).size).toBe(60);
  for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
});

/** The tfjs engine: the same contract as onnx, and the same numbers. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OnnxModel } from '../../src/model/engine/onnx/onnx-model.ts';
import { TfjsModel } from '../../src/model/engine/tfjs/tfjs-model.ts';
import { loadManifest, type ModelFolder } from '../../src/model/load-manifest.ts';
import { describeLocalizationModel } from '../contract/localization-model.ts';
import { patternBatch } from '../support/batches.ts';
import { failing } from '../support/engine-faults.ts';
import { exportTiny } from '../support/network/export-tiny.ts';

const FAULTY_WORKER_URL = new URL('../support/faulty-tfjs-worker.ts', import.meta.url);
let directory: string;
let folder: ModelFolder;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'earsight-tfjs-'));
  await exportTiny(directory, 6);
  folder = await loadManifest(directory);
});
afterAll(() => rm(directory, { recursive: true }));

describeLocalizationModel('TfjsModel', {
  create: () => new TfjsModel(folder, { maxBatch: 3 }),
  createSlow: () =>
    failing(
      new TfjsModel(folder, { maxBatch: 3, workerUrl: FAULTY_WORKER_URL }),
      'hang',
      Number.POSITIVE_INFINITY,
    ),
  createFailingOnce: () =>
    failing(new TfjsModel(folder, { maxBatch: 3, workerUrl: FAULTY_WORKER_URL }), 'exit', 1),
});

test('says what onnxruntime says of the exported graph, to 1e-4', async () => {
  const engines = [new TfjsModel(folder), new OnnxModel(folder, { workers: 1 })];
  try {
    const [tfjs, onnx] = await Promise.all(
      engines.map(async (engine) => {
        await engine.initialize();
        return engine.run(patternBatch(engine.shape, 4));
      }),
    );
    for (const field of ['audioProbability', 'visualProbability', 'similarity', 'activation'] as const) {
      const expected = onnx![field]!;
      expect(tfjs![field]).toHaveLength(expected.length);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - tfjs![field]![i]!)));
      expect(worst, field).toBeLessThan(1e-4);
    }
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
});

test('a model that is a graph alone is refused with the mend', async () => {
  const { onnx } = folder.manifest.files;
  const engine = new TfjsModel({
    directory,
    manifest: { ...folder.manifest, network: undefined, files: { onnx } },
  });
  await expect(engine.initialize()).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: expect.stringContaining('engine.name') as string,
  });
  await engine.close();
});

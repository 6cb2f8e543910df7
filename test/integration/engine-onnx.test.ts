/** The onnx engine with the model of this repository, in real worker threads. */

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OnnxModel, type OnnxModelOptions } from '../../src/model/engine/onnx/onnx-model.ts';
import type { EngineFault } from '../../src/model/engine/threads/threaded-model.ts';
import { loadManifest, type ModelFolder } from '../../src/model/load-manifest.ts';
import type { ModelManifest } from '../../src/model/manifest.ts';
import { HeatStage } from '../../src/pipeline/heatmap/heat-stage.ts';
import type { LocalizationModel } from '../../src/pipeline/ports.ts';
import { describeLocalizationModel, untilRun } from '../contract/localization-model.ts';
import { patternBatch } from '../support/batches.ts';
import { FAULTY_WORKER_URL, type Fault, failing, withFault } from '../support/engine-faults.ts';

const MODEL = fileURLToPath(new URL('../../models/studio-10', import.meta.url));
let folder: ModelFolder;
beforeAll(async () => {
  folder = await loadManifest(MODEL);
});

const opened: LocalizationModel[] = [];
const make = (options: OnnxModelOptions = {}): OnnxModel => {
  const model = new OnnxModel(folder, {
    workers: 1,
    maxBatch: 3,
    workerUrl: FAULTY_WORKER_URL,
    ...options,
  });
  opened.push(model);
  return model;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
});

const LIFETIME = fileURLToPath(new URL('../support/engine-lifetime.ts', import.meta.url));

describeLocalizationModel('OnnxModel', {
  create: () => new OnnxModel(folder, { workers: 2, maxBatch: 3 }),
  createSlow: () => failing(make({ workers: 2 }), 'hang', Number.POSITIVE_INFINITY),
  createFailingOnce: () => failing(make(), 'exit', 1),
});

describe('a worker that fails', () => {
  test.each<Fault>(['exit', 'throw'])('by %s fails its batch only, and is replaced', async (fault) => {
    const faults: EngineFault[] = [];
    const model = make({ workers: 2, onFault: (event) => faults.push(event) });
    await model.initialize();
    const [bad, good] = await Promise.allSettled([
      model.run(withFault(patternBatch(model.shape, 1), fault)),
      model.run(patternBatch(model.shape, 2)),
    ]);
    expect(bad).toMatchObject({ reason: { code: 'engine-failed', retryable: true } });
    expect(good.status).toBe('fulfilled');
    expect(faults).toHaveLength(1);
    expect(faults[0]!.retryInMs).toBeGreaterThan(0);
    expect(model.liveWorkers).toBe(1);
    await expect.poll(() => model.liveWorkers, { timeout: 20_000 }).toBe(2);
    const both = [patternBatch(model.shape, 1), patternBatch(model.shape, 1)].map((b) => model.run(b));
    expect(await Promise.all(both)).toHaveLength(2);
  });

  test('at its input alone goes on, and says so', async () => {
    const faults: EngineFault[] = [];
    const model = make({ onFault: (event) => faults.push(event) });
    await model.initialize();
    await expect(model.run(withFault(patternBatch(model.shape, 1), 'reject'))).rejects.toMatchObject({
      code: 'engine-failed',
      message: expect.stringContaining('its worker goes on'),
    });
    expect(faults).toMatchObject([{ retryInMs: null }]);
    expect(model.liveWorkers).toBe(1);
    await model.run(patternBatch(model.shape, 1));
  });

  test('by hanging is given up after the run timeout and replaced', async () => {
    const model = make({ runTimeoutMs: 300 });
    await model.initialize();
    await expect(model.run(withFault(patternBatch(model.shape, 1), 'hang'))).rejects.toMatchObject({
      code: 'engine-failed',
      retryable: true,
      message: expect.stringContaining('300 ms'),
    });
    await untilRun(model, () => patternBatch(model.shape, 1));
  });

  test('makes the batch that waits for it fail at once, not wait for the replacement', async () => {
    const model = make({ workers: 1 });
    await model.initialize();
    await expect(model.run(withFault(patternBatch(model.shape, 1), 'exit'))).rejects.toMatchObject({
      retryable: true,
    });
    await expect(model.run(patternBatch(model.shape, 1))).rejects.toMatchObject({
      code: 'engine-failed',
      retryable: true,
      message: expect.stringContaining('No inference worker is up'),
    });
  });

  test('again and again is retried ever more slowly, and a success starts over', async () => {
    const pauses: (number | null)[] = [];
    const model = make({ onFault: ({ retryInMs }) => pauses.push(retryInMs) });
    await model.initialize();
    for (let i = 0; i < 3; i++) await untilFault(model, pauses, i + 1);
    await untilRun(model, () => patternBatch(model.shape, 1));
    await untilFault(model, pauses, 4);
    expect(pauses).toEqual([100, 200, 400, 100]);
  });

  async function untilFault(model: OnnxModel, pauses: unknown[], count: number): Promise<void> {
    while (pauses.length < count) {
      await model.run(withFault(patternBatch(model.shape, 1), 'exit')).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});

describe('lifetime', () => {
  test.each(['starting', 'idle', 'busy', 'given up while it computes', 'hung', 'replacing'])(
    'closed while %s, no thread, port or timer is left and the process ends',
    async (state) => {
      const { stdout } = await promisify(execFile)(process.execPath, [LIFETIME, state], { timeout: 20_000 });
      expect(JSON.parse(stdout)).toEqual([]);
    },
  );

  test('close while starting ends the start with `closed`', async () => {
    const model = make({ workers: 2 });
    const started = model.initialize();
    await Promise.all([model.close(), expect(started).rejects.toMatchObject({ code: 'closed' })]);
  });

  test('more than `parallelism` batches at a time are refused', async () => {
    const model = make({ workers: 1 });
    await model.initialize();
    const first = model.run(patternBatch(model.shape, 1));
    await expect(model.run(patternBatch(model.shape, 1))).rejects.toMatchObject({ code: 'engine-failed' });
    await first;
  });
});

describe('refuses at start', () => {
  const change = (edit: (manifest: ModelManifest) => void): ModelFolder => {
    const manifest = structuredClone(folder.manifest);
    edit(manifest);
    return { ...folder, manifest };
  };
  const startOf = async (changed: ModelFolder, options: OnnxModelOptions = {}): Promise<void> => {
    const model = new OnnxModel(changed, { workers: 1, maxBatch: 1, ...options });
    opened.push(model);
    await model.initialize();
  };

  const mismatches: [string, (manifest: ModelManifest) => void, string][] = [
    [
      'an input by another name',
      (m) => (m.tensors.frames.name = 'pictures'),
      'tensors.frames.name is pictures',
    ],
    ['an output by another name', (m) => (m.tensors.similarity.name = 'k'), 'tensors.similarity.name is k'],
    ['another type', (m) => (m.tensors.logmel.type = 'uint8'), 'tensors.logmel.type is uint8'],
    [
      'another input shape',
      (m) => (m.tensors.frames.shape = ['batch', 208, 208, 3]),
      'tensors.frames.shape is [batch, 208, 208, 3], but input frames is [batch, ',
    ],
    [
      'another output shape',
      (m) => (m.tensors.audioProbability.shape = ['batch', 9]),
      'tensors.audioProbability.shape is [batch, 9]',
    ],
    [
      'another map size',
      (m) => (m.tensors.similarity.shape = ['batch', 10, 13, 13]),
      'tensors.similarity.shape is [batch, 10, 13, 13], but output similarity is [batch, 10, ',
    ],
  ];
  test.each(mismatches)('%s', async (_, edit, message) => {
    await expect(startOf(change(edit))).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining(message),
    });
  });

  test('a provider that does not load, naming the mend', async () => {
    await expect(startOf(folder, { provider: 'cuda', deviceId: 97 })).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringMatching(/provider cuda \(device 97\).*NVIDIA driver/s),
    });
  });

  test('a file that is no network', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'earsight-model-'));
    try {
      await cp(MODEL, directory, { recursive: true });
      const junk = new TextEncoder().encode('not a network');
      await writeFile(join(directory, 'model.onnx'), junk);
      const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', junk)).toString('hex');
      const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
      manifest.files.onnx = { name: 'model.onnx', bytes: junk.length, sha256 };
      await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
      await expect(startOf(await loadManifest(directory))).rejects.toMatchObject({
        code: 'model-mismatch',
        message: expect.stringContaining('files.onnx cannot be loaded'),
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('a start that takes too long', async () => {
    await expect(startOf(folder, { startTimeoutMs: 1 })).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringContaining('1 ms'),
    });
  });
});

describe('the model of this repository', () => {
  test('hears nothing in silence, and heat says nothing', async () => {
    const model = make();
    await model.initialize();
    const { shape } = model;
    for (const level of [Math.log(folder.manifest.logmel.logOffset), -14]) {
      const logmel = new Float32Array(shape.logmel.columns * shape.logmel.mels).fill(level);
      const { frames } = patternBatch(shape, 1);
      const output = await model.run({ size: 1, frames, logmel });
      const stage = new HeatStage(folder.manifest.calibration, shape.grid, {
        smoothingMs: 100,
        normalise: 'calibrated',
      });
      for (const { active, heat, heard } of stage.process(output, 0, 0)) {
        expect(heard).toBeLessThan(0.1);
        expect({ active, heat }).toEqual({ active: false, heat: null });
      }
    }
  });
});

import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { heatGrid } from '../pipeline/heatmap/class-map.ts';
import { columnCount, QIAN_LOG_MEL } from '../pipeline/prep/log-mel-parameters.ts';
import { loadManifest, onnxPath } from './load-manifest.ts';
import type { ModelManifest } from './manifest.ts';

const MODEL = fileURLToPath(new URL('../../models/studio-10', import.meta.url));
const ONNX = (await loadManifest(MODEL)).manifest.files.onnx.name;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'earsight-manifest-'));
  await cp(MODEL, directory, { recursive: true });
});
afterEach(() => rm(directory, { recursive: true }));

const edit = async (change: (manifest: ModelManifest) => void): Promise<void> => {
  const path = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
};
const refusal = async (): Promise<unknown> => loadManifest(directory).catch((error: unknown) => error);

test('the model of this repository is whole, and hears by the front end of Qian et al.', async () => {
  const folder = await loadManifest(MODEL);
  expect(folder.manifest.logmel).toEqual(QIAN_LOG_MEL);
  expect(columnCount(folder.manifest.logmel)).toBe(51);
  expect(folder.manifest.classes).toHaveLength(10);
  expect(onnxPath(folder)).toBe(join(MODEL, ONNX));
  expect(onnxPath(folder, 'int8')).toMatch(/int8-[0-9a-f]{8}\.onnx$/);
});

test('a manifest from before heat was finer has it on the cells of the network, of one width', async () => {
  await edit((manifest) => {
    delete (manifest.calibration.cells as { upsample?: number }).upsample;
    for (const one of manifest.calibration.classes) delete one.width;
  });
  const { calibration, grid } = (await loadManifest(directory)).manifest;
  expect(heatGrid(grid, calibration)).toEqual(grid);
  expect(calibration.classes[0]!.width).toBeUndefined();
  const whole = (await loadManifest(MODEL)).manifest;
  expect(heatGrid(grid, whole.calibration)).toEqual({ rows: 2 * grid.rows, cols: 2 * grid.cols });
});

describe('a manifest that cannot be served', () => {
  test('is refused with every problem by path', async () => {
    await edit((whole) => {
      const manifest = whole as unknown as Record<string, unknown>;
      Object.assign(manifest['frame'] as object, { layout: 'NCHW' });
      Object.assign(manifest['logmel'] as object, { hopSamples: 0 });
      Object.assign((manifest['classes'] as object[])[3]!, { colour: 'red' });
      manifest['surprise'] = 1;
      delete manifest['grid'];
    });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'bad-manifest', retryable: false });
    for (const path of ['frame.layout', 'logmel.hopSamples', 'classes[3].colour', 'surprise', 'grid']) {
      expect(String(error)).toContain(path);
    }
  });

  const contradictions: [string, (manifest: ModelManifest) => void, string][] = [
    [
      'a window that is no multiple of the hop',
      (m) => (m.logmel.windowSamples = 22_051),
      'logmel.windowSamples',
    ],
    ['heat without cells', (m) => (m.calibration.cells!.upsample = 0), 'calibration.cells.upsample'],
    ['heat finer than is of use', (m) => (m.calibration.cells!.upsample = 5), 'calibration.cells.upsample'],
    ['objects without extent', (m) => (m.calibration.classes[0]!.width = 0), 'calibration.classes[0].width'],
    ['a band above half the rate', (m) => (m.logmel.maxHz = 12_000), 'logmel.maxHz'],
    ['two classes of one name', (m) => (m.classes[1]!.name = 'accordion'), 'classes[1].name'],
    ['two classes of one colour', (m) => (m.classes[1]!.colour = m.classes[0]!.colour), 'classes[1].colour'],
    [
      'heat of class activations that the network does not give',
      (m) => delete m.tensors.activation,
      'tensors.activation',
    ],
    ['a class without calibration', (m) => m.calibration.classes.pop(), 'calibration.classes'],
    [
      'a calibration of another class',
      (m) => (m.calibration.classes[2]!.name = 'organ'),
      'calibration.classes[2].name: is organ, but class 2 is piano',
    ],
    [
      'a gate that closes above where it opens',
      (m) => (m.calibration.classes[0]!.heard.off = 0.9),
      'heard.off',
    ],
    [
      'an empty similarity range',
      (m) => (m.calibration.similarity.low = 0.95),
      'calibration.similarity.high',
    ],
    ['weights without the network that they are of', (m) => delete m.network, 'network'],
    ['a tensor shape that contradicts the frame', (m) => (m.frame.width = 208), 'tensors.frames.shape'],
    ['a tensor of another type', (m) => (m.tensors.similarity.type = 'uint8'), 'tensors.similarity.type'],
    ['a file outside the folder', (m) => (m.files.onnx.name = '../model.onnx'), 'files.onnx.name'],
  ];
  test.each(contradictions)('has %s', async (_, change, problem) => {
    await edit(change);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'bad-manifest' });
    expect(String(error)).toContain(problem);
  });

  test('is no JSON', async () => {
    await writeFile(join(directory, 'manifest.json'), '{ "format": 1,');
    expect(await refusal()).toMatchObject({
      code: 'bad-manifest',
      message: expect.stringContaining('is not JSON'),
    });
  });
});

describe('a folder that is not whole', () => {
  test('has no manifest', async () => {
    await rm(join(directory, 'manifest.json'));
    expect(await refusal()).toMatchObject({ code: 'model-missing' });
  });

  test('has no network', async () => {
    await rm(join(directory, ONNX));
    expect(await refusal()).toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('files.onnx'),
    });
  });

  test('has half a network', async () => {
    await truncate(join(directory, ONNX), 1000);
    expect(await refusal()).toMatchObject({
      code: 'model-mismatch',
      details: { field: 'files.onnx.bytes' },
    });
  });

  test('has another network of the same length', async () => {
    const path = join(directory, ONNX);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    expect(await refusal()).toMatchObject({
      code: 'model-mismatch',
      details: { field: 'files.onnx.sha256' },
    });
  });
});

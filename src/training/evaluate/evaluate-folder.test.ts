/** From a training run's folder to files: traced, calibrated, evaluated. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadManifest } from '../../model/load-manifest.ts';
import { calibrationSchema } from '../../model/manifest.ts';
import { defaultNetwork, gridOf } from '../../model/network/options.ts';
import { initialWeights } from '../../model/network/weights.ts';
import { finishRun } from '../export/finish-run.ts';
import { createBatch } from '../sample.ts';
import { NETWORK_FILE, writeModel } from '../trainer/model-folder.ts';
import { readAttribution } from './attribution.ts';
import { evaluate, PAGE_FILE, RESULT_FILE } from './evaluate.ts';
import { LaterScorer } from './later/later-scorer.ts';
import { laterProtocol } from './later/protocol.ts';
import type { LaterResult } from './later/results.ts';
import { METHODS } from './methods.ts';
import { CALIBRATION_FILE, openModel } from './open-model.ts';
import { writeCard } from './write-card.ts';

const classes = ['dog', 'guitar', 'clock', 'speech'];
const frame = { width: 48, height: 48 };
const network = {
  ...defaultNetwork(classes.length),
  depth: 10 as const,
  width: 4,
  projection: { form: 'simplified' as const, hidden: 16, size: 8 },
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-evaluate-'));
  const weights = new Map([...initialWeights(network, 1)].map(([name, { data }]) => [name, data]));
  await writeModel(folder, { format: 1, description: 'untrained', classes, network, frame }, weights);
});
afterAll(() => rm(folder, { recursive: true }));

const data = {
  path: null,
  scenes: null,
  dataset: null,
  split: 'test' as const,
  style: 'drawn' as const,
  samples: 12,
  seed: 5,
};
const quiet = { say: () => undefined, signal: new AbortController().signal };

describe('attribution', () => {
  it('is grouped by source and licence, of the files that were used', async () => {
    const path = join(folder, 'ATTRIBUTION.csv');
    const rows = [
      'file,source_repo,commit,original_path,licence',
      'audio/dog/1.ogg,ESC-10,c,a,CC BY 3.0; freesound author ann',
      'audio/dog/2.ogg,ESC-10,c,b,"CC BY 3.0; freesound author ann"',
      'audio/dog/3.ogg,ESC-10,c,b,CC BY 3.0 (freesound bob 12) per README',
      'photos/dog/1.jpg,Caltech,c,b,CC BY 4.0',
      'photos/kazoo/1.jpg,Caltech,c,b,CC BY 4.0',
    ];
    await writeFile(path, rows.join('\n'));
    expect(readAttribution(path, (file) => !file.includes('kazoo'))).toEqual([
      {
        source: 'ESC-10',
        licence: 'CC BY 3.0',
        files: 3,
        folders: ['audio/dog'],
        credits: ['freesound author ann', 'freesound bob 12'],
      },
      { source: 'Caltech', licence: 'CC BY 4.0', files: 1, folders: ['photos/dog'], credits: [] },
    ]);
    expect(readAttribution(join(folder, 'none.csv'), () => true)).toEqual([]);
    await writeFile(path, 'file\nx');
    expect(() => readAttribution(path, () => true)).toThrow(/source_repo/);
  });
});

describe('a run that is finished', () => {
  it('is traced with every map, the same for any batch size', async () => {
    const { model, calibration } = await openModel(folder);
    expect(calibration).toBeNull();
    expect(model.shape.grid).toEqual(gridOf(frame));
    const two = createBatch(model.shape, 2);
    for (let i = 0; i < two.frames.length; i++) two.frames[i] = (i * 37) % 251;
    for (let i = 0; i < two.logmel.length; i++) two.logmel[i] = -7 + 4 * Math.sin(i);
    const one = createBatch(model.shape, 1);
    one.frames.set(two.frames.subarray(two.frames.length / 2));
    one.logmel.set(two.logmel.subarray(two.logmel.length / 2));
    const both = await model.run(two);
    const second = await model.run(one);
    await model.close();
    for (const name of ['audioProbability', 'similarity', 'activation', 'matchMap'] as const) {
      const [whole, half] = [both[name]!, second[name]!];
      expect(whole.length).toBe(2 * half.length);
      half.forEach((value, i) => expect(Math.abs(value - whole[half.length + i]!)).toBeLessThan(1e-5));
    }
    expect(both.activation!.length).toBe(2 * 4 * 9);
    expect(both.matchMap!.length).toBe(2 * 9);
  });

  it('is calibrated, evaluated and written up', async () => {
    const out = join(folder, 'out');
    const { result, calibrated, robustness } = await evaluate({
      folder,
      firstStage: folder,
      precision: 'float32',
      data,
      methods: METHODS,
      calibrationSamples: 16,
      robustnessSamples: 4,
      later: false,
      out,
      ...quiet,
    });
    expect(result.samples).toBe(12);
    expect(robustness).toHaveLength(11);
    // The same weights on both sides, so the same maps.
    expect(result.levels[0]!.rows['multi-task']).toEqual(result.levels[0]!.rows['cam']);
    expect((await readdir(out)).toSorted()).toEqual([CALIBRATION_FILE, PAGE_FILE, RESULT_FILE].toSorted());
    const written = JSON.parse(await readFile(join(out, RESULT_FILE), 'utf8'));
    expect(written.result.perClass).toEqual(result.perClass);
    const calibration = calibrationSchema.parse(
      JSON.parse(await readFile(join(out, CALIBRATION_FILE), 'utf8')),
    );
    expect(calibration).toEqual(calibrated!.calibration);
    expect(calibration.source).toContain('validation');
    // Laid beside the weights it is what the next evaluation goes by.
    await writeFile(join(folder, CALIBRATION_FILE), JSON.stringify(calibration));
    const { model, calibration: found } = await openModel(folder);
    await model.close();
    expect(found).toEqual(calibration);
  });

  it('is exported, evaluated as it is served, and has its card', { timeout: 60_000 }, async () => {
    const model = join(folder, 'kitchen-3');
    const finishing = {
      run: folder,
      out: model,
      name: 'kitchen-3',
      side: null,
      version: '0.1.0',
      data,
      samples: 16,
      training: { how: 'Not at all.', data: 'Nothing was learnt from.' },
      metrics: {},
      ...quiet,
    };
    const { manifest, calibrated } = await finishRun(finishing);
    expect(manifest.calibration.cells).toEqual(calibrated.map.cells);
    expect(manifest.calibration.classes.map(({ width }) => width)).toEqual(calibrated.map.widths);
    const options = {
      methods: METHODS,
      firstStage: null,
      precision: 'float32',
      calibrationSamples: 0,
      robustnessSamples: 0,
      later: false,
    } as const;
    const evaluated = await evaluate({ folder: model, out: null, data, ...options, ...quiet });
    expect(evaluated.result.levels[0]!.rows['avc']).not.toBeNull();
    const path = await writeCard({ folder: model, evaluated, data, notes: 'It is a test.' });
    const card = await readFile(path, 'utf8');
    for (const heading of [
      '# kitchen-3 0.1.0',
      '## Results',
      '## Calibration',
      '## Limits',
      '## Reproduce',
    ]) {
      expect(card.split('\n')).toContain(heading);
    }
    expect(card).toMatch(/\| centred Gaussian \|/);
    expect(card).toMatch(/\| logistic of K, CAM and seen \|/);
    expect(card).toContain('It is a test.');
    expect(card).not.toMatch(/AVSBench|--later/);
    const later: LaterResult = {
      ...new LaterScorer({
        shape: { classes, frame, logmel: { columns: 1, mels: 1 }, grid: gridOf(frame) },
        rows: evaluated.result.rows,
        calibration: manifest.calibration,
        protocol: laterProtocol(null),
        seed: 1,
      }).result(),
      avsbench: { n: 3, empty: 1, masked: 0, rows: { centre: { miou: 0.25, f: null } } },
    };
    await writeCard({ folder: model, evaluated: { ...evaluated, later }, data, notes: '' });
    const further = await readFile(path, 'utf8');
    expect(further).toMatch(/^### AVSBench: .*\n[^]*\| centred Gaussian \| 25\.0 \| – \|/m);
    expect(further).toMatch(/^- DSOL .*: no table/m);
    expect(further).toContain('--seed 5 --later --out');
    const clips = join(folder, 'clips');
    await mkdir(clips, { recursive: true });
    const published = { kind: 'avsbench-s4', annotations: join(folder, 'lists') };
    const chosen = { ...data, path: clips, scenes: null, dataset: published, split: 'test' } as const;
    await writeCard({ folder: model, evaluated, data: chosen, notes: '' });
    expect(await readFile(path, 'utf8')).toMatch(
      /evaluate models\/kitchen-3 --data DATA-FOLDER --dataset avsbench-s4 --annotations lists --split test /,
    );
    expect(card).not.toMatch(/NaN|undefined|\[object/);
    const { manifest: written } = await loadManifest(model);
    expect(written.metrics['evaluation']).toMatchObject({ samples: 12, seed: 5 });
    expect(written.calibration).toEqual(manifest.calibration);
    // As it is served it can be calibrated anew, on other scenes: the same network, and what is said of its training.
    const training = { how: 'unknown', data: 'unknown' };
    const other = { ...finishing, run: model, data: { ...data, seed: 6 }, version: '0.2.0', training };
    const { manifest: again } = await finishRun(other);
    expect(again).toMatchObject({ version: '0.2.0', training: manifest.training, classes: manifest.classes });
    expect(again.files.onnx).toEqual(manifest.files.onnx);
    expect(again.files.weights).toEqual(manifest.files.weights);
    expect(again.calibration).not.toEqual(manifest.calibration);
  });

  it('and one that is not is refused by name', async () => {
    const empty = join(folder, 'empty');
    await expect(openModel(empty)).rejects.toMatchObject({ code: 'model-missing' });
    await writeFile(join(folder, CALIBRATION_FILE), '{"classes": 3}');
    await expect(openModel(folder)).rejects.toMatchObject({
      code: 'bad-manifest',
      message: expect.stringContaining(CALIBRATION_FILE),
    });
    await writeFile(join(folder, NETWORK_FILE), '{');
    await expect(openModel(folder)).rejects.toMatchObject({ code: 'bad-weights' });
  });

  it('knows no class that the cast does not have', async () => {
    const weights = new Map([...initialWeights(network, 1)].map(([name, one]) => [name, one.data]));
    const other = join(folder, 'other');
    const names = ['dog', 'guitar', 'clock', 'kazoo'];
    await writeModel(other, { format: 1, description: 'untrained', classes: names, network, frame }, weights);
    const options = {
      firstStage: null,
      precision: 'float32',
      data,
      methods: METHODS,
      calibrationSamples: 0,
      robustnessSamples: 0,
      later: false,
    } as const;
    await expect(evaluate({ folder: other, out: null, ...options, ...quiet })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining('kazoo'),
    });
  });
});

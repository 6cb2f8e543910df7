/** `earsight evaluate` on drawn scenes, with an untrained network: what is printed and what is written. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { write, writePhoto, writeTone } from '../../../test/support/datasets/media.ts';
import { defaultNetwork } from '../../model/network/options.ts';
import { initialWeights } from '../../model/network/weights.ts';
import { writeModel } from '../../training/trainer/model-folder.ts';
import { type EvaluateFlags, evaluate } from './evaluate.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earsight-evaluate-command-'));
  const classes = ['dog', 'guitar', 'clock', 'speech'];
  const network = {
    ...defaultNetwork(classes.length),
    depth: 10 as const,
    width: 4,
    projection: { form: 'simplified' as const, hidden: 16, size: 8 },
  };
  const weights = new Map([...initialWeights(network, 1)].map(([name, { data }]) => [name, data]));
  const frame = { width: 48, height: 48 };
  await writeModel(folder, { format: 1, description: 'untrained', classes, network, frame }, weights);
});
afterAll(() => rm(folder, { recursive: true }));

async function said(flags: Partial<EvaluateFlags>): Promise<string> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const usual = { method: 'all', precision: 'float32', samples: '8', seed: '5' };
  try {
    expect(await evaluate(folder, { ...usual, ...flags })).toBe(0);
    return out.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

const TITLES = [
  'DSOL: ',
  'SLAVC, with negatives: ',
  'AVGN, source by source: ',
  'SSLalignment, all that sounds: ',
  'SSLalignment, every source: ',
  'vssl_eval at max: ',
  'vssl_eval at max10: ',
  'vssl_eval at q3: ',
  'AVSBench: ',
];

describe('earsight evaluate --later', () => {
  it('prints and writes a table for each protocol, for every method', async () => {
    const out = join(folder, 'out');
    const text = await said({ later: true, firstStage: folder, out });
    const written = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'));
    const page = await readFile(join(out, 'evaluation.html'), 'utf8');
    for (const title of TITLES) {
      const part = text
        .slice(text.indexOf(`\n${title}`) + 1)
        .split('\n\n')
        .slice(0, 2)
        .join('\n');
      for (const label of ['random map', 'all ones', 'AVC', 'multi-task', 'CAM', 'ours', 'paper']) {
        expect(part).toMatch(new RegExp(`^${label}`, 'm'));
      }
      expect(page).toContain(`<h2>${title}`);
    }
    expect(text).not.toMatch(/NaN|undefined/);
    // Rows that look at nothing come out as they must, whatever was drawn.
    const { dsol, avgn, whole, vssl, slavc } = written.later;
    expect(dsol.rows['all-ones'].nsa).toBe(0);
    expect(dsol.rows['centre'].nsa).toBeCloseTo(0.3685, 4);
    expect(avgn.rows['all-ones'].cap.avgn).toBe(1);
    expect(whole.rows['all-ones'].sources.median.success).toBe(0);
    expect(slavc.rows['all-ones'].ap).toBe(0);
    expect(
      vssl.statistics.map((one: { rows: Record<string, { fLoc: number }> }) => one.rows['centre']!.fLoc),
    ).toEqual([0, 0, 0]);
    expect([slavc.visible, slavc.negatives, vssl.positives]).toEqual([6, 2, 6]);
    // The same weights on both sides.
    expect(avgn.rows['multi-task']).toEqual(avgn.rows['cam']);
  });

  it('prints facts for programs, and without the flag what it always did', async () => {
    const facts = JSON.parse(await said({ json: true, later: true, method: 'all-ones,ours' }));
    expect(Object.keys(facts.later.dsol.rows)).toEqual(['all-ones', 'ours', 'ours-gated']);
    const plain = await said({ json: true, method: 'all-ones,ours' });
    expect(Object.keys(JSON.parse(plain))).toEqual(['result', 'robustness', 'calibrated']);
    expect(JSON.parse(plain).result).toEqual(facts.result);
    expect(await said({ method: 'ours' })).not.toMatch(/SLAVC|DSOL/);
  });

  it('does not judge scenes by what it calibrates on', async () => {
    await expect(said({ calibrate: '8', split: 'validation' })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/the same examples. Say --split test/),
    });
  });
});

describe('earsight evaluate --data manifest.jsonl', () => {
  const manifest = (): string => join(folder, 'manifest.jsonl');

  /** One photo and tone for each split; null: none said. */
  async function lay(...splits: (string | null)[]): Promise<void> {
    await writePhoto(join(folder, 'dog.png'), 16, 16, () => [200, 120, 40]);
    writeTone(join(folder, 'dog.wav'), { seconds: 2, hz: 600 });
    const lines = splits.map((split, index) => ({
      id: `dog-${index}`,
      picture: 'dog.png',
      sound: 'dog.wav',
      heard: ['dog'],
      boxes: [{ class: 'dog', box: [0, 0, 0.5, 1] }],
      ...(split === null ? {} : { split }),
    }));
    await writeFile(manifest(), lines.map((line) => JSON.stringify(line)).join('\n'));
  }

  it('takes the lines of the split, and media beside the file', async () => {
    await lay('test', null, 'val', 'val');
    const samples = async (split: string): Promise<number> =>
      JSON.parse(await said({ data: manifest(), json: true, method: 'ours', split })).result.samples;
    expect([await samples('test'), await samples('validation')]).toEqual([1, 2]);
  });

  it('says why no line is of the split, and the mend', async () => {
    await lay(null, null);
    await expect(said({ data: manifest() })).rejects.toMatchObject({
      code: 'bad-dataset',
      message: `${manifest()}: no line is of the split "test": it has 2 without "split", which belong to no split. Write "split": "test" into the lines that are meant.`,
    });
    await lay('train', 'val', 'val', null);
    await expect(said({ data: manifest() })).rejects.toThrow(
      /it has 1 of "train", 2 of "val", 1 without "split", .*that it has \(--split train, --split validation\)\.$/,
    );
  });

  it('calibrates on the validation lines and judges others, whatever a list says', async () => {
    await lay('val', 'val', 'val', 'test', 'test');
    const subset = join(folder, 'one.txt');
    write(subset, 'dog-4\n');
    const { result, calibrated } = JSON.parse(
      await said({ data: manifest(), json: true, method: 'ours', calibrate: '100', subset }),
    );
    expect([result.samples, calibrated.examples]).toEqual([1, 3]);
    expect(calibrated.calibration.source).toBe('3 examples of jsonl (manifest.jsonl), validation split.');
    await expect(said({ data: manifest(), calibrate: '8', split: 'validation' })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/the same examples. Say --split test/),
    });
  });

  it('is not calibrated on lines that do not say where', async () => {
    await lay('val', 'test');
    const text = await readFile(manifest(), 'utf8');
    await writeFile(manifest(), text.replaceAll(/,"boxes":[^\n]*?\]\}\]/g, ''));
    await expect(said({ data: manifest(), calibrate: '8' })).rejects.toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(
        /^None of the 1 examples to calibrate on says where .* Give boxes or masks/,
      ),
    });
  });

  it('says what a list asked for that leaves nothing', async () => {
    await lay('test', 'test', 'val');
    const subset = join(folder, 'strangers.txt');
    write(subset, 'cat-1\ncat-2\ncat-3\ncat-4\ncat-5\n');
    await expect(said({ data: manifest(), subset })).rejects.toMatchObject({
      code: 'bad-dataset',
      message: `The subset ${subset}, which lists "cat-1", "cat-2", "cat-3" and 2 more, leaves none of the 2 moments of the split "test" of jsonl in ${manifest()}, such as "dog-0", "dog-1". Write the entries as the set names them, or ask for the split that they are of; docs/datasets.md says how lists are read.`,
    });
  });
});

describe('earsight evaluate --dataset', () => {
  it('takes the split of a published set that has it, and calibrates on validation', async () => {
    const data = join(folder, 'AVSBench');
    const videos = [
      ['v1', 'train'],
      ['v2', 'val'],
      ['v3', 'test'],
      ['v4', 'test'],
    ] as const;
    write(
      join(data, 's4_meta_data.csv'),
      `name,category,split\n${videos.map(([name, split]) => `${name},dog,${split}`).join('\n')}\n`,
    );
    for (const [name, split] of videos) {
      const path = (part: string): string => join(data, `s4_data/${part}/${split}/dog/${name}`);
      for (let frame = 1; frame <= 5; frame++) {
        for (const part of ['visual_frames', 'gt_masks']) {
          await writePhoto(join(path(part), `${name}_${frame}.png`), 8, 8, (x) =>
            x < 4 ? [255, 255, 255] : [0, 0, 0],
          );
        }
      }
      writeTone(`${path('audio_wav')}.wav`, { seconds: 5, hz: 500 });
    }
    const set = { data, dataset: 'avsbench-s4', json: true, method: 'ours', samples: '100' } as const;
    const samples = async (flags: Partial<EvaluateFlags>): Promise<number> =>
      JSON.parse(await said({ ...set, ...flags })).result.samples;
    expect([
      await samples({}),
      await samples({ split: 'train' }),
      await samples({ split: 'validation' }),
      await samples({ split: 'test' }),
    ]).toEqual([16, 1, 5, 10]);

    // The masks say where: there are no boxes.
    const { result, calibrated } = JSON.parse(await said({ ...set, split: 'test', calibrate: '100' }));
    expect([result.samples, calibrated.examples]).toEqual([10, 5]);
    expect(result.data).toBe('avsbench-s4 (AVSBench), test split');
    await expect(said({ ...set, calibrate: '100' })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/the whole of avsbench-s4 is judged, .* Say --split test\.$/),
    });
  });

  it('refuses what a set has no part for', async () => {
    await expect(said({ data: folder, dataset: 'vggss', calibrate: '8' })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(
        /vggss has no validation part .*avsbench-s4, avss, jsonl have.*Leave out/,
      ),
    });
    write(join(folder, 'vggss.json'), '[]');
    await expect(said({ data: folder, dataset: 'vggss', split: 'train' })).rejects.toThrow(
      /vggss has no use for "split"/,
    );
    await expect(said({ data: folder, dataset: 'vggss' })).rejects.toThrow(
      /The annotations of vggss .* hold no moment/,
    );
    const data = join(folder, 'validation-only');
    write(join(data, 's4_meta_data.csv'), 'name,category,split\nv1,dog,val\n');
    await expect(said({ data, dataset: 'avsbench-s4', split: 'test' })).rejects.toThrow(
      /is of the split "test": it has 5 of "val"\. Ask for .* \(--split validation\), or for none\.$/,
    );
  });
});

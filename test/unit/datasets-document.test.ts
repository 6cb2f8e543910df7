/** docs/datasets.md and the readers say the same: kinds, options, and every field and example of the manifest. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DATASET_KINDS, type DatasetChoice } from '../../src/training/datasets/dataset-choice.ts';
import { manifestHeader, manifestLine } from '../../src/training/datasets/manifest-line.ts';
import { readDataset } from '../../src/training/datasets/read-dataset.ts';

const text = readFileSync(new URL('../../docs/datasets.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'earsight-datasets-document-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Cells of the rows of the first table under a heading; its header and rule left out. */
function tableUnder(heading: string): string[][] {
  const start = text.search(new RegExp(`^#+ ${heading}$`, 'm'));
  expect(start, heading).toBeGreaterThanOrEqual(0);
  const [table = ''] = /(?:^\|.*\|\n)+/m.exec(text.slice(start)) ?? [];
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const plain = (cell = ''): string => cell.replaceAll('`', '');

const example = /^```jsonl\n([^]*?)\n```$/m.exec(text)?.[1] ?? '';
const [header = '', ...lines] = example.split('\n');
const values = lines.map((line): unknown => JSON.parse(line));

describe('the kinds', () => {
  const table = tableUnder('Kinds');

  it('are all there are, in order', () => {
    expect(table.map(([kind]) => plain(kind))).toEqual([...DATASET_KINDS]);
  });

  it('take the options that the table says, and no other', () => {
    const given = {
      subset: 'x',
      split: 'test',
      boxes: 'none',
      pairing: 'side-by-side',
      momentsPerClip: 2,
    } as const;
    for (const [cell, , options] of table) {
      const kind = plain(cell) as DatasetChoice['kind'];
      const taken = Object.entries(given).filter(([field, value]) => {
        try {
          readDataset({ kind, folder, [field]: value });
        } catch (thrown) {
          return !String(thrown).includes(`no use for "${field}"`);
        }
        return true;
      });
      expect(taken.map(([field]) => field).toSorted(), kind).toEqual(
        plain(options).split(' ').filter(Boolean).toSorted(),
      );
    }
  });
});

describe('the manifest', () => {
  it('of the example is read, line by line', () => {
    writeFileSync(join(folder, 'manifest.jsonl'), example);
    const { classes, moments, remarks } = readDataset({ kind: 'jsonl', folder });
    expect([classes, remarks]).toEqual([['kettle', 'dog', 'rain'], []]);
    const [kitchen, yard, silent, both] = moments;
    expect(moments).toHaveLength(4);
    expect(kitchen).toMatchObject({ seen: ['kettle'], located: true, split: 'test', note: 'kitchen-1' });
    expect(yard).toMatchObject({
      pictures: [{ candidates: ['clips/yard.mp4'], at: { seconds: 12.5 } }],
      sounds: [{ candidates: ['clips/yard.mp4'], at: { seconds: 12.5 } }],
      located: false,
    });
    expect(silent).toMatchObject({
      heard: [],
      regions: [],
      located: true,
      sounds: [{ at: { fraction: 0.5 } }],
    });
    expect(both).toMatchObject({
      pictures: [{ at: { frame: 40 } }, { at: { frame: 40 } }],
      sounds: [{ at: { fraction: 0.5 } }, { at: { fraction: 0.5 } }],
      heard: ['dog', 'rain'],
      offScreen: ['rain'],
      group: 'yard',
    });
    expect(both!.regions.map(({ mask }) => mask?.panel)).toEqual([undefined, 0, 1]);
  });

  const boxes = manifestLine.shape.boxes.unwrap().element;
  const masks = manifestLine.shape.masks.unwrap().element;
  const rowsOf = (field: 'boxes' | 'masks'): unknown[] =>
    values.flatMap((value) => (value as Partial<Record<typeof field, unknown[]>>)[field] ?? []);
  const parts: [string, z.ZodObject, Record<string, unknown>, unknown[]][] = [
    ['First line', manifestHeader, { earsight: 1 }, [JSON.parse(header)]],
    ['Fields of a line', manifestLine, { id: 'a', picture: 'a.jpg' }, values],
    ['Boxes', boxes, { box: [0, 0, 1, 1] }, rowsOf('boxes')],
    ['Masks', masks, { file: 'a.png' }, rowsOf('masks')],
  ];

  it.each(parts)('%s: every field, its default, and an example of it', (heading, schema, least, examples) => {
    const table = tableUnder(heading);
    const names = table.map(([name]) => plain(name));
    expect(names).toEqual(Object.keys(schema.shape));
    const shown = new Set(examples.flatMap((one) => Object.keys(one as object)));
    expect(names.filter((name) => !shown.has(name))).toEqual([]);
    const needed = table.filter((cells) => cells[2] === 'needed').map(([name]) => plain(name));
    expect(needed.toSorted()).toEqual(Object.keys(least).toSorted());
    for (const name of needed) {
      expect(schema.safeParse({ ...least, [name]: undefined }).success, name).toBe(false);
    }
    const parsed = schema.parse(least);
    for (const [cell, , given = ''] of table) {
      const name = plain(cell);
      if (needed.includes(name)) continue;
      // What is a value stands as code; words are for what the reader works out.
      const value: unknown = /^`(\[\]|null|true|false)`$/.test(given) ? JSON.parse(plain(given)) : undefined;
      expect(parsed[name], name).toEqual(value);
    }
  });
});

/** What the annotation parsers make of files as published, and what they say of broken ones. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { npyOf, write } from '../../../../test/support/datasets/media.ts';
import { AnnotationFolder, namedFile } from './annotation-folder.ts';
import { readRows, readTable } from './csv.ts';
import { readJson } from './json.ts';
import { readNpy } from './numpy.ts';
import { numbersOf, readPickle } from './pickle.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-annotations-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): ReturnType<typeof namedFile> {
  const path = join(folder, name);
  write(path, content);
  return namedFile(path);
}

describe('separated rows', () => {
  it("reads AudioSet's segments: comments, blanks before quotes, commas within them", () => {
    const segments = file(
      'segments.csv',
      '# Segments csv created Sun Mar  5 10:54:25 2017\n# num_ytids=1\n# YTID, start_seconds, end_seconds, positive_labels\n' +
        '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"\n',
    );
    expect(readRows(segments, { cells: 4, comment: '#' })).toEqual([
      { line: 4, cells: ['--PJHxphWEs', '30.000', '40.000', '/m/09x0r,/t/dd00088'] },
    ]);
  });

  it('names file and line of a row that is too short, and of quotes that do not end', () => {
    const short = file('short.csv', 'a,1\nb\n');
    expect(() => readRows(short, { cells: 2 })).toThrow(/short\.csv:2: the row has 1 cells and needs 2/);
    const open = file('open.csv', 'a,1\nb,"2\n');
    expect(() => readRows(open, { cells: 2 })).toThrow(/open\.csv:\d+: .*[Qq]uote/);
  });

  it('finds columns by their names, and says which is missing', () => {
    const table = file('table.csv', 'name,start,category,split\nx,0,dog,train\n');
    expect(readTable(table, ['name', 'split'])).toEqual([{ line: 2, cell: { name: 'x', split: 'train' } }]);
    expect(() => readTable(table, ['uid'])).toThrow(/table\.csv:1: the header has no column "uid"/);
  });
});

describe('JSON', () => {
  it('names the entry that is not of the form, and says where the syntax breaks', () => {
    const form = z.array(z.object({ file: z.string() }));
    expect(() => readJson(file('form.json', '[{"file":"a"},{"file":1}]'), form)).toThrow(
      /form\.json, entry 1\.file: /,
    );
    expect(() => readJson(file('cut.json', '[{"file":"a"},'), form)).toThrow(/cut\.json: .*JSON.*Fetch/);
  });
});

describe('numpy', () => {
  it('reads .npy', () => {
    const { shape, values } = readNpy(file('boxes.npy', npyOf([2, 3], [1, 2, 3, 4, 5, 6.5])));
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, 6.5]);
  });

  it('refuses what is cut off or no .npy', () => {
    const whole = npyOf([4], [1, 2, 3, 4]);
    expect(() => readNpy(file('cut.npy', whole.subarray(0, whole.length - 8)))).toThrow(
      /cut\.npy: .*cut off/,
    );
    expect(() => readNpy(file('text.npy', 'hello, this is text'))).toThrow(/no \.npy file/);
  });
});

// Written by numpy 2.4 with pickle.dumps(value, protocol).
const PICKLES = {
  /** `{'clip0001aaa': float64[15], 'clip0002bbb': list}`, protocol 2. */
  tags2:
    'gAJ9cQAoWAsAAABjbGlwMDAwMWFhYXEBY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnECY251bXB5Cm5kYXJyYXkKcQNLAIVxBGNfY29kZWNzCmVuY29kZQpxBVgBAAAAYnEGWAYAAABsYXRpbjFxB4ZxCFJxCYdxClJxCyhLAUsPhXEMY251bXB5CmR0eXBlCnENWAIAAABmOHEOiYiHcQ9ScRAoSwNYAQAAADxxEU5OTkr/////Sv////9LAHRxEmKJaAVYeQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMOwPwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABxE2gHhnEUUnEVdHEWYlgLAAAAY2xpcDAwMDJiYmJxF11xGChHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHAAAAAAAAAABHP/AAAAAAAABldS4=',
  /** A boolean mask of 6 x 8, protocol 4. */
  mask4:
    'gASVuwAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAxfcmVjb25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRDAWKUh5RSlChLAUsGSwiGlGgDjAVkdHlwZZSTlIwCYjGUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LAHSUYolDMAAAAAAAAAAAAAABAQEAAAAAAAEBAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJR0lGIu',
  /** The same as bytes, protocol 5. */
  mask5:
    'gAWVpgAAAAAAAACME251bXB5Ll9jb3JlLm51bWVyaWOUjAtfZnJvbWJ1ZmZlcpSTlCiWMAAAAAAAAAAAAAAAAAAAAAAAAQEBAAAAAAABAQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACUjAVudW1weZSMBWR0eXBllJOUjAJ1MZSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0sAdJRiSwZLCIaUjAFDlHSUUpQu',
  /** Big-endian int16 0..5 of 2 x 3 in Fortran order, protocol 3. */
  fortran:
    'gANjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApxAGNudW1weQpuZGFycmF5CnEBSwCFcQJDAWJxA4dxBFJxBShLAUsCSwOGcQZjbnVtcHkKZHR5cGUKcQdYAgAAAGkycQiJiIdxCVJxCihLA1gBAAAAPnELTk5OSv////9K/////0sAdHEMYohDDAAAAAMAAQAEAAIABXENdHEOYi4=',
  /** `[float32(0.25), int64(7)]`, protocol 4. */
  scalars:
    'gASVnwAAAAAAAABdlCiMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmY0lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJDBAAAgD6UhpRSlGgDaAaMAmk4lImIh5RSlChLA2gKTk5OSv////9K/////0sAdJRiQwgHAAAAAAAAAJSGlFKUZS4=',
  /** `collections.OrderedDict(a=1)`. */
  stranger: 'gAJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQApUnEBWAEAAABhcQJLAXMu',
} as const;

function pickle(name: keyof typeof PICKLES): unknown {
  return readPickle(file(`${name}.pkl`, Buffer.from(PICKLES[name], 'base64')));
}

describe('pickles', () => {
  it('reads dictionaries of arrays and of lists', () => {
    const tags = pickle('tags2') as Map<string, unknown>;
    expect([...tags.keys()]).toEqual(['clip0001aaa', 'clip0002bbb']);
    expect(numbersOf(tags.get('clip0001aaa'))).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(numbersOf(tags.get('clip0002bbb'))?.indexOf(1)).toBe(14);
  });

  it.each(['mask4', 'mask5'] as const)('reads the array of %s', (name) => {
    const { shape, values } = pickle(name) as { shape: number[]; values: Float64Array };
    expect(shape).toEqual([6, 8]);
    const inside = [...values.entries()].filter(([, value]) => value !== 0).map(([index]) => index);
    expect(inside).toEqual([10, 11, 12, 18, 19, 20]);
  });

  it('turns Fortran order into row-major, and honours the byte order', () => {
    const { shape, values } = pickle('fortran') as { shape: number[]; values: Float64Array };
    expect([shape, [...values]]).toEqual([
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ]);
  });

  it('reads scalars', () => expect(pickle('scalars')).toEqual([0.25, 7]));

  it('builds nothing but numpy arrays', () => {
    expect(() => pickle('stranger')).toThrow(/stranger\.pkl: it holds a collections\.OrderedDict/);
  });

  it('says that a pickle is cut off', () => {
    const bytes = Buffer.from(PICKLES.mask4, 'base64').subarray(0, 80);
    expect(() => readPickle(file('cut.pkl', bytes))).toThrow(/cut\.pkl: .*(end of file|more bytes)/);
  });
});

describe('the folder of the annotations', () => {
  it('says which names were looked for', () => {
    expect(() => new AnnotationFolder({ folder }).need('vggss.json', 'other.json')).toThrow(
      /holds no vggss\.json and no other\.json/,
    );
  });

  it('looks three folders deep where annotations have a place of their own', () => {
    write(join(folder, 'deep/a/b/c/found.json'), '[]');
    const found = new AnnotationFolder({ folder: '/nowhere', annotations: join(folder, 'deep') }).find(
      'found.json',
    );
    expect(found?.path).toBe(join(folder, 'deep/a/b/c/found.json'));
  });

  it('refuses a folder that is not there', () => {
    expect(() => new AnnotationFolder({ folder: join(folder, 'gone') })).toThrow(/gone cannot be read/);
  });
});

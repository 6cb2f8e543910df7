/** Boxes and outlines that come with a folder of photos: `boxes.csv` and `polygons.csv`. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { ShareBox } from './cut-out.ts';

/** One thing in one photo. */
export interface Annotation {
  /** The folder name that stands for what it is. */
  category: string;
  box: ShareBox;
  /** x, y, x, y, ... in shares of the photo; null where only the box is known. */
  outline: number[] | null;
}

/**
 * By the photo's path below the photos' folder, with `/`. An outline stands in for the box of the same thing.
 *
 * @throws EarsightError `bad-dataset` naming file, line and mend
 */
export function readAnnotations(folders: readonly string[]): Map<string, Annotation[]> {
  const found = new Map<string, Annotation[]>();
  const add = (photo: string, annotation: Annotation): void => {
    const list = found.get(photo);
    if (list === undefined) found.set(photo, [annotation]);
    else list.push(annotation);
  };
  for (const folder of folders) {
    for (const [line, row] of rows(join(folder, 'polygons.csv'))) {
      const [photo, category, points] = row;
      const outline = (points ?? '')
        .trim()
        .split(/[\s,]+/)
        .map(Number);
      if (!photo || !category || outline.length < 6 || outline.length % 2 !== 0 || !outline.every(isShare)) {
        throw bad(line, 'file, class and at least three points "x y x y ..." in shares of the photo, 0..1');
      }
      const xs = outline.filter((_, i) => i % 2 === 0);
      const ys = outline.filter((_, i) => i % 2 === 1);
      const box = { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
      add(photo, { category, box, outline });
    }
  }
  for (const folder of folders) {
    for (const [line, row] of rows(join(folder, 'boxes.csv'))) {
      const [photo, category, ...rest] = row;
      const [x0 = NaN, y0 = NaN, x1 = NaN, y1 = NaN] = rest.slice(0, 4).map((cell) => Number(cell));
      if (!photo || !category || ![x0, y0, x1, y1].every(isShare) || x1 <= x0 || y1 <= y0) {
        throw bad(line, 'file, class, x0, y0, x1, y1 with corners in shares of the photo, 0..1');
      }
      const outlined = found
        .get(photo)
        ?.some((other) => other.category === category && other.outline !== null);
      if (outlined !== true) add(photo, { category, box: { x0, y0, x1, y1 }, outline: null });
    }
  }
  return found;
}

const isShare = (value: number): boolean => value >= 0 && value <= 1;

/** Each row after the header with where it stands; none when there is no such file. */
function* rows(file: string): Generator<[string, string[]]> {
  if (!existsSync(file)) return;
  let table: string[][];
  try {
    table = parse(readFileSync(file, 'utf8'), {
      relax_column_count: true,
      skip_empty_lines: true,
      bom: true,
    });
  } catch (thrown) {
    throw new EarsightError('bad-dataset', `${file} cannot be read as CSV: ${messageOf(thrown)}`);
  }
  for (let i = 1; i < table.length; i++) yield [`${file}, row ${i + 1}`, table[i]!];
}

function bad(line: string, rule: string): EarsightError {
  return new EarsightError('bad-dataset', `${line}: it must have ${rule}. Correct the row, or delete it.`);
}

/** AVSBench: single-source (S4), multi-source (MS3) and semantic (AVSS) videos, a mask for each second. */

import { z } from 'zod';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { readRows, readTable } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readJson } from '../annotations/json.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import type { Moment, Position, Reading, Split } from '../moment.ts';
import { finish, momentOf, sortedNames } from './layout.ts';

const SPLITS: readonly string[] = ['train', 'val', 'test'] satisfies Split[];

/** The published frame is the last of sixteen that are taken in its second. */
function endOfSecond(second: number): Position {
  return { seconds: second + 15 / 16 };
}

/** S4: `s4_meta_data.csv`; a mask on the first frame of training videos, on all five of the others. */
export function readS4(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split', 'subset']);
  const file = new AnnotationFolder(choice).need('s4_meta_data.csv');
  const listed =
    choice.subset === undefined
      ? null
      : readFrameList(new AnnotationFolder({ folder: choice.subset }).need('.csv', '.txt'));
  const idColumn = firstColumn(file);
  const rows = readTable(file, [idColumn, 'category', 'split']).map(({ line, cell }) => ({
    id: cell[idColumn] ?? '',
    category: cell['category'] ?? '',
    split: splitOf(file, line, cell['split'] ?? ''),
  }));
  const moments = rows
    .filter(({ split }) => choice.split === undefined || split === choice.split)
    .flatMap(({ id, category, split }) =>
      framesOf(split === 'train' ? 1 : 5, id, listed).map((number): Moment => {
        const inner = `${split}/${category}/${id}`;
        return momentOf({
          id: `${id}_${number}`,
          pictures: [
            {
              candidates: under('s4', `visual_frames/${inner}/${id}_${number}.png`),
              at: endOfSecond(number - 1),
            },
          ],
          sounds: [{ candidates: under('s4', `audio_wav/${inner}.wav`), at: endOfSecond(number - 1) }],
          heard: [category],
          seen: [category],
          regions: [
            {
              name: category,
              sounding: true,
              mask: { candidates: under('s4', `gt_masks/${inner}/${id}_${number}.png`) },
            },
          ],
          located: true,
          split,
          note: `AVSBench S4: ${id} frame ${number}, ${category}`,
          group: id,
        });
      }),
    );
  return finish({ classes: sortedNames(rows.map(({ category }) => category)), moments, remarks: [] });
}

/** MS3: `ms3_meta_data.csv`; no classes, unless the subset is one of ACL's lists, which name one for each frame. */
export function readMs3(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split', 'subset']);
  const file = new AnnotationFolder(choice).need('ms3_meta_data.csv');
  const listed =
    choice.subset === undefined
      ? null
      : readFrameList(new AnnotationFolder({ folder: choice.subset }).need('.csv', '.txt'));
  const idColumn = firstColumn(file);
  const moments = readTable(file, [idColumn, 'split'])
    .map(({ line, cell }) => ({ id: cell[idColumn] ?? '', split: splitOf(file, line, cell['split'] ?? '') }))
    .filter(({ split }) => choice.split === undefined || split === choice.split)
    .flatMap(({ id, split }) =>
      framesOf(5, id, listed).map((number): Moment => {
        const name = listed?.get(`${id}_${number}`) ?? null;
        return momentOf({
          id: `${id}_${number}`,
          pictures: [
            {
              candidates: under('ms3', `visual_frames/${id}/${id}.mp4_${number}.png`),
              at: endOfSecond(number - 1),
            },
          ],
          sounds: [{ candidates: under('ms3', `audio_wav/${split}/${id}.wav`), at: endOfSecond(number - 1) }],
          heard: name === null ? [] : [name],
          seen: name === null ? [] : [name],
          regions: [
            {
              name,
              sounding: true,
              mask: { candidates: under('ms3', `gt_masks/${split}/${id}/${id}_${number}.png`) },
            },
          ],
          located: true,
          split,
          note: `AVSBench MS3: ${id} frame ${number}`,
          group: id,
        });
      }),
    );
  const classes = sortedNames([...(listed?.values() ?? [])].filter((name) => name !== null));
  return finish({ classes, moments, remarks: [] });
}

/** How many frames of a video have a mask, by AVSS' three kinds. */
const AVSS_FRAMES: Readonly<Record<string, (split: Split) => number>> = {
  v1s: (split) => (split === 'train' ? 1 : 5),
  v1m: () => 5,
  v2: () => 10,
};

/** AVSS: `metadata.csv` and `label2idx.json`; coloured masks, one colour a class, all of which sound. */
export function readAvss(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split']);
  const files = new AnnotationFolder(choice);
  const file = files.need('metadata.csv');
  const labels = readJson(files.need('label2idx.json'), z.record(z.string(), z.int().min(0).max(255)));
  const classes = Object.entries(labels).filter(([, index]) => index > 0);
  const colours = classes.map(([name, index]) => ({ name, rgb: avssColour(index) }));
  const moments = readTable(file, ['uid', 'label', 'split'])
    .map(({ line, cell }) => {
      const frames = AVSS_FRAMES[cell.label];
      if (frames === undefined) {
        throw annotationFault(
          file.path,
          { line },
          `the label is "${cell.label}"`,
          'It must be v1s, v1m or v2',
        );
      }
      const split = splitOf(file, line, cell.split);
      return { uid: cell.uid, kind: cell.label, split, frames: frames(split) };
    })
    .filter(({ split }) => choice.split === undefined || split === choice.split)
    .flatMap(({ uid, kind, split, frames }) =>
      Array.from({ length: frames }, (_, second) =>
        momentOf({
          id: `${uid}/${second}`,
          pictures: [{ candidates: [`${kind}/${uid}/frames/${second}.jpg`], at: endOfSecond(second) }],
          sounds: [{ candidates: [`${kind}/${uid}/audio.wav`], at: endOfSecond(second) }],
          regions: [
            {
              name: null,
              sounding: true,
              mask: { candidates: [`${kind}/${uid}/labels_rgb/${second}.png`], colours },
            },
          ],
          located: true,
          split,
          note: `AVSS: ${uid} second ${second}`,
          group: uid,
        }),
      ),
    );
  return finish({ classes: classes.map(([name]) => name), moments, remarks: [] });
}

/** The colour that AVSS gives to a class's number: its bits in threes, dealt to red, green and blue from the highest. */
export function avssColour(index: number): readonly [number, number, number] {
  const rgb: [number, number, number] = [0, 0, 0];
  for (let rest = index, bit = 7; rest > 0; rest >>= 3, bit--) {
    for (const channel of [0, 1, 2] as const) rgb[channel] |= ((rest >> channel) & 1) << bit;
  }
  return rgb;
}

function under(part: 's4' | 'ms3', path: string): string[] {
  const published = part === 's4' ? 'Single-source/s4_data' : 'Multi-sources/ms3_data';
  return [path, `${part}_data/${path}`, `${published}/${path}`];
}

function firstColumn(file: AnnotationFile): string {
  return readRows(file, { cells: 1 })[0]?.cells[0] ?? '';
}

function splitOf(file: AnnotationFile, line: number, split: string): Split {
  if (SPLITS.includes(split)) return split as Split;
  throw annotationFault(file.path, { line }, `the split is "${split}"`, `It must be ${SPLITS.join(', ')}`);
}

/** Frames by number, from 1: all, or those that a list names. */
function framesOf(count: number, id: string, listed: ReadonlyMap<string, unknown> | null): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return listed === null ? numbers : numbers.filter((number) => listed.has(`${id}_${number}`));
}

/** Rows of `<video>_<frame>` and, in ACL's lists, a class. */
function readFrameList(file: AnnotationFile): Map<string, string | null> {
  return new Map(readRows(file, { cells: 1 }).map(({ cells: [frame = '', name = null] }) => [frame, name]));
}

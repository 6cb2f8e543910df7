/** AVE: clips of 10 s of 28 classes, each with the seconds in which its event is both seen and heard. */

import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { type CsvRow, numberIn, readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import type { Moment, Reading, Split } from '../moment.ts';
import { clipsOf, finish, momentOf, sortedNames } from './layout.ts';
import { readSubset } from './subset.ts';

const CLIP_SECONDS = 10;
const SPLIT_FILES = {
  train: ['trainSet.txt', 'train_order.txt'],
  val: ['valSet.txt', 'val_order.txt'],
  test: ['testSet.txt', 'test_order.txt'],
} as const satisfies Record<Split, readonly string[]>;

interface Event {
  category: string;
  clip: string;
  start: number;
  end: number;
}

/** `Annotations.txt`; one moment for each second of an event. */
export function readAve(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split', 'subset']);
  const files = new AnnotationFolder(choice);
  const all = readEvents(files.need('Annotations.txt'));
  let events = all;
  if (choice.split !== undefined) events = ofSplit(files.need(...SPLIT_FILES[choice.split]), all);
  if (choice.subset !== undefined) {
    const ids = new Set(readSubset(choice.subset).ids ?? []);
    events = events.filter(({ clip }) => ids.has(clip));
  }
  const moments = events.flatMap((event) => momentsOf(event, choice.split ?? null));
  return finish({ classes: sortedNames(all.map(({ category }) => category)), moments, remarks: [] });
}

/** Rows of Category&VideoID&Quality&Start&End, with or without that header. */
export function readEvents(file: AnnotationFile): Event[] {
  const rows = readRows(file, { cells: 5, delimiter: '&', quote: false });
  return (rows[0]?.cells[1] === 'VideoID' ? rows.slice(1) : rows).map((row) => eventOf(file, row));
}

function eventOf(file: AnnotationFile, row: CsvRow): Event {
  const [category = '', clip = ''] = row.cells;
  const [start, end] = [numberIn(file, row, 3, 'the start'), numberIn(file, row, 4, 'the end')];
  if (start >= 0 && end > start && end <= CLIP_SECONDS) return { category, clip, start, end };
  throw annotationFault(
    file.path,
    { line: row.line },
    `the event lasts from ${start} to ${end}, which is no part of a clip of ${CLIP_SECONDS} s`,
    'Correct or remove the row',
  );
}

/** A split is a list of the same rows, or of row numbers from 0 (what the published `*_order.h5` hold), one a line. */
function ofSplit(file: AnnotationFile, all: readonly Event[]): Event[] {
  if (!file.name.endsWith('_order.txt')) return readEvents(file);
  return readRows(file, { cells: 1 }).map((row) => {
    const event = all[numberIn(file, row, 0, 'the row number')];
    if (event !== undefined) return event;
    throw annotationFault(
      file.path,
      { line: row.line },
      `Annotations.txt has only ${all.length} rows`,
      'Use the two files of one release',
    );
  });
}

function momentsOf({ category, clip, start, end }: Event, split: Split | null): Moment[] {
  const candidates = [`AVE/${clip}.mp4`, ...clipsOf(clip)];
  return Array.from({ length: Math.ceil(end - start) }, (_, index) => {
    const second = start + index;
    const media = { candidates, at: { seconds: second + 0.5 } };
    return momentOf({
      id: `${clip}/${second}`,
      pictures: [media],
      sounds: [media],
      heard: [category],
      seen: [category],
      split,
      note: `AVE: ${clip} second ${second}, ${category}`,
      group: clip,
    });
  });
}

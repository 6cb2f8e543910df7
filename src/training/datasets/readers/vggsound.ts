/** VGGSound: clips of 10 s with one label each; VGG-SS: boxes on the middle frame of some of them. */

import { z } from 'zod';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { numberIn, readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readJson } from '../annotations/json.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { MIDDLE, type Reading, type Split } from '../moment.ts';
import { type Corners, clipped, hasArea, isInside } from './boxes.ts';
import { finish, momentOf, pictureOf, sortedNames, soundOf, spread } from './layout.ts';
import { chosen, negativeMoments, readSubset } from './subset.ts';

interface Labelled {
  id: string;
  label: string;
  split: Split | null;
}

/** `vggsound.csv`, or the repository's `train.csv` and `test.csv`. */
export function readVggSound(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split', 'subset', 'momentsPerClip']);
  const files = new AnnotationFolder(choice);
  const whole = files.find('vggsound.csv');
  const all = whole === null ? splitFiles(files, choice.split) : readVggSoundRows(whole);
  const wanted = choice.split === undefined ? all : all.filter(({ split }) => split === choice.split);
  const remarks: string[] = [];
  const byId = new Map(wanted.map((entry) => [entry.id, entry]));
  const ids = choice.subset === undefined ? null : readSubset(choice.subset).ids;
  const positions = choice.momentsPerClip === undefined ? [MIDDLE] : spread(choice.momentsPerClip);
  const moments = chosen(byId, ids, remarks).flatMap(({ id, label, split }) =>
    positions.map((at, index) =>
      momentOf({
        id: positions.length === 1 ? id : `${id}/${index}`,
        pictures: [pictureOf(id, at)],
        sounds: [soundOf(id, at)],
        heard: [label],
        seen: [label],
        split,
        note: `VGGSound: ${id}, ${label}`,
        group: id,
      }),
    ),
  );
  return finish({ classes: sortedNames(all.map(({ label }) => label)), moments, remarks });
}

function splitFiles(files: AnnotationFolder, split: Split | undefined): Labelled[] {
  const wanted = split === undefined ? (['train', 'test'] as const) : [split];
  const found = wanted.map((name) => files.find(`${name}.csv`)).filter((file) => file !== null);
  if (found.length === 0) return readVggSoundRows(files.need('vggsound.csv', 'train.csv', 'test.csv'));
  return found.flatMap(readVggSoundRows);
}

/** Rows of id, start, label, split, or of `<id>_<start>.mp4`, label. Labels with a comma are quoted. */
export function readVggSoundRows(file: AnnotationFile): Labelled[] {
  const named = file.name === 'train.csv' ? 'train' : file.name === 'test.csv' ? 'test' : null;
  return readRows(file, { cells: 2 }).map((row): Labelled => {
    if (row.cells.length < 4) {
      const [clip = '', label = ''] = row.cells;
      return { id: clip.replace(/\.mp4$/, ''), label, split: named };
    }
    const [video = '', , label = '', split = ''] = row.cells;
    if (split !== 'train' && split !== 'test') {
      throw annotationFault(
        file.path,
        { line: row.line },
        `the split is "${split}"`,
        'It must be train or test',
      );
    }
    const start = String(numberIn(file, row, 1, 'the start')).padStart(6, '0');
    return { id: `${video}_${start}`, label, split };
  });
}

const boxForm = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const vggssForm = z.array(z.object({ file: z.string(), class: z.string(), bbox: z.array(boxForm).min(1) }));

export interface VggSsEntry {
  id: string;
  label: string;
  /** Cut at the picture's edges. */
  boxes: Corners[];
}

/**
 * The corrupt coordinates of the published file are cut at the picture's edge, which leaves boxes without area; they
 * stay, so that an entry with nothing else counts as one that nothing can hit.
 */
export function readVggSs(file: AnnotationFile, remarks: string[]): VggSsEntry[] {
  return readJson(file, vggssForm).map(({ file: id, class: label, bbox }) => {
    const boxes = bbox.map(clipped);
    if (!bbox.every(isInside)) remarks.push(`${id} has a corrupt coordinate: cut at the picture's edge`);
    if (!boxes.some(hasArea)) remarks.push(`${id} has no box with an area: it stays, and nothing can hit it`);
    return { id, label, boxes };
  });
}

/** The subset may be one of SLAVC's lists: heard, unheard, or the extended one with negatives. */
export function readVggSsDataset(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['subset']);
  const remarks: string[] = [];
  const all = readVggSs(new AnnotationFolder(choice).need('vggss.json'), remarks);
  const subset = choice.subset === undefined ? null : readSubset(choice.subset);
  const byId = new Map(all.map((entry) => [entry.id, entry]));
  const moments = chosen(byId, subset?.ids ?? null, remarks).map(({ id, label, boxes }) =>
    momentOf({
      id,
      pictures: [pictureOf(id, MIDDLE)],
      sounds: [soundOf(id, MIDDLE)],
      heard: [label],
      seen: [label],
      regions: boxes.map((box) => ({ name: label, sounding: true, box })),
      located: true,
      split: 'test',
      note: `VGG-SS: ${id}, ${label}`,
    }),
  );
  moments.push(...negativeMoments('VGG-SS', subset?.negatives ?? []));
  return finish({ classes: sortedNames(all.map(({ label }) => label)), moments, remarks });
}

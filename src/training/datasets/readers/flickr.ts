/** SoundNet-Flickr: photos with a sound of 5 s, boxes of several annotators, no classes. */

import { SaxesParser } from 'saxes';
import { z } from 'zod';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readJson } from '../annotations/json.ts';
import type { NumberArray } from '../annotations/numpy.ts';
import { isNumberArray, numbersOf, readPickle } from '../annotations/pickle.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { MIDDLE, type Moment, type Reading } from '../moment.ts';
import { type Corners, fromPixels, hasArea } from './boxes.ts';
import { finish, momentOf, nameOf, pictureOf, soundOf, stemOf } from './layout.ts';
import { chosen, negativeMoments, readSubset, subsetOf } from './subset.ts';

/** Boxes are in pixels of pictures of this side. */
const SIDE = 256;

interface Annotated {
  id: string;
  /** The published relative path, where the file has one. */
  photo: string | null;
  recording: string | null;
  boxes: Corners[];
}

/** Boxes from `Annotations/*.xml`, `gtdata.pkl` or the same as JSON; the test list from `flickr_test.csv` or `gtest.txt`. */
export function readFlickr(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['subset']);
  const files = new AnnotationFolder(choice);
  const annotated = new Map(readBoxes(files).map((entry) => [entry.id, entry]));
  const remarks: string[] = [];
  const list = files.find('flickr_test.csv', 'gtest.txt');
  const given = choice.subset === undefined ? null : readSubset(choice.subset);
  const usual = list === null ? null : subsetOf(list);
  const entries = chosen(annotated, given?.ids ?? usual?.ids ?? null, remarks);
  const moments = [
    ...entries.map(momentOfPhoto),
    ...negativeMoments('Flickr', given?.negatives ?? usual?.negatives ?? []),
  ];
  return finish({ classes: [], moments, remarks });
}

function momentOfPhoto({ id, photo, recording, boxes }: Annotated): Moment {
  const [picture, sound] = [pictureOf(id, MIDDLE), soundOf(id, MIDDLE)];
  return momentOf({
    id,
    pictures: [{ ...picture, candidates: [...pathsOf(photo), ...picture.candidates] }],
    sounds: [{ ...sound, candidates: [...pathsOf(recording), ...sound.candidates] }],
    regions: boxes.map((box) => ({ name: null, sounding: true, box })),
    located: true,
    note: `Flickr: ${id}`,
  });
}

function pathsOf(published: string | null): string[] {
  return published === null ? [] : [published.replace(/^\.\//, ''), nameOf(published)];
}

function readBoxes(files: AnnotationFolder): Annotated[] {
  const json = files.find('gtdata.json', 'flickr_boxes_2786.json');
  if (json !== null) return fromJson(json);
  const pickle = files.find('gtdata.pkl');
  if (pickle !== null) return fromPickle(pickle);
  const documents = files.all('.xml');
  if (documents.length > 0) return documents.map(fromXml);
  files.need('Annotations/*.xml', 'gtdata.pkl', 'gtdata.json');
  return [];
}

const coordinate = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
const boxes = z.array(z.tuple([coordinate, coordinate, coordinate, coordinate]));
const item = z.object({ visual: z.string(), audio: z.string().optional(), anno: boxes });
const itemList = z.union([z.array(item), z.record(z.string(), z.union([item, boxes]))]);

/** The items of `gtdata.pkl` as a list or by number, or boxes by the photo's name. */
function fromJson(file: AnnotationFile): Annotated[] {
  return Object.entries(readJson(file, itemList)).map(([key, value]): Annotated => {
    const where = { entry: `entry ${key}` };
    if (Array.isArray(value)) {
      return { id: stemOf(key), photo: null, recording: null, boxes: checked(file, where, value) };
    }
    return {
      id: stemOf(value.visual),
      photo: value.visual,
      recording: value.audio ?? null,
      boxes: checked(file, where, value.anno),
    };
  });
}

function fromPickle(file: AnnotationFile): Annotated[] {
  const items = readPickle(file);
  if (!(items instanceof Map)) throw noItems(file, null);
  return [...(items as Map<unknown, unknown>)].map(([key, value]): Annotated => {
    const where = { entry: `entry ${String(key)}` };
    if (!(value instanceof Map)) throw noItems(file, where);
    const fields = value as Map<unknown, unknown>;
    const [photo, recording, rows] = [fields.get('visual'), fields.get('audio'), fields.get('anno')];
    const numbers = isNumberArray(rows)
      ? rowsOf(rows)
      : Array.isArray(rows)
        ? rows.map((row) => numbersOf(row) ?? [])
        : null;
    if (typeof photo !== 'string' || numbers === null) throw noItems(file, where);
    return {
      id: stemOf(photo),
      photo,
      recording: typeof recording === 'string' ? recording : null,
      boxes: checked(file, where, numbers),
    };
  });
}

function rowsOf({ shape, values }: NumberArray): number[][] {
  const width = shape[1] ?? 0;
  return Array.from({ length: shape[0] ?? 0 }, (_, row) => [
    ...values.subarray(row * width, (row + 1) * width),
  ]);
}

function noItems(file: AnnotationFile, where: { entry: string } | null): Error {
  return annotationFault(
    file.path,
    where,
    'it is not of the form {number: {visual, audio, anno}}',
    'Fetch the published gtdata.pkl again',
  );
}

/** One photo's file. Each `bbox` has a child to pass over, then xmin, ymin, xmax, ymax. */
function fromXml(file: AnnotationFile): Annotated {
  const rows: number[][] = [];
  const parser = new SaxesParser();
  const open: string[] = [];
  let children: string[] = [];
  parser.on('opentag', ({ name }) => {
    open.push(name);
    if (name === 'bbox') children = [];
    else if (open.at(-2) === 'bbox') children.push('');
  });
  parser.on('text', (text) => {
    if (open.at(-2) === 'bbox') children.push(`${children.pop() ?? ''}${text}`);
  });
  parser.on('closetag', ({ name }) => {
    open.pop();
    if (name === 'bbox') rows.push(children.slice(1).map(Number));
  });
  parser.on('error', (error) => {
    throw annotationFault(file.path, { line: parser.line }, error.message, 'Fetch the file again');
  });
  parser.write(file.text()).close();
  return { id: stemOf(file.name), photo: null, recording: null, boxes: checked(file, null, rows) };
}

function checked(file: AnnotationFile, where: { entry: string } | null, rows: number[][]): Corners[] {
  return rows.map((row, index) => {
    const box = fromPixels(row, SIDE);
    // A box may reach to pixel 256, which the authors' 1-based corners make of the last one.
    const isGood = row.length === 4 && row.every((value) => value >= 0 && value <= SIDE + 1) && hasArea(box);
    if (isGood) return box;
    throw annotationFault(
      file.path,
      where,
      `box ${index + 1} (${row.join(', ')}) is no xmin, ymin, xmax, ymax within ${SIDE} pixels`,
      'Correct or remove it',
    );
  });
}

/** Reads a JSONL manifest. */

import type { z } from 'zod';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { annotationFault } from '../annotations/fault.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { manifestHeader, manifestLine, momentOfLine } from '../manifest-line.ts';
import type { Moment, Reading, Split } from '../moment.ts';
import { countSplits, flagsFor, inWords } from '../split-counts.ts';
import { sortedNames } from './layout.ts';
import { chosen, readSubset } from './subset.ts';

/**
 * `manifest.jsonl`, or the file that `annotations` names.
 * @throws EarsightError `bad-dataset` naming file and line, or the splits that it has where it has none of the one
 * that is asked for.
 */
export function readJsonl(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['split', 'subset']);
  const file = new AnnotationFolder(choice).need('manifest.jsonl');
  let classes: readonly string[] | undefined;
  const moments = new Map<string, Moment>();
  for (const [index, text] of file.text().split('\n').entries()) {
    if (text.trim() === '') continue;
    const line = index + 1;
    const value = parsed(file, line, text);
    if (
      moments.size === 0 &&
      classes === undefined &&
      typeof value === 'object' &&
      value !== null &&
      'earsight' in value
    ) {
      classes = checked(file, line, manifestHeader, value).classes;
      continue;
    }
    const moment = momentOfLine(checked(file, line, manifestLine, value));
    if (moments.has(moment.id)) {
      throw annotationFault(
        file.path,
        { line },
        `the id "${moment.id}" was there before`,
        'Ids are unique: change one',
      );
    }
    const stranger =
      classes === undefined ? undefined : namesIn(moment).find((name) => !classes?.includes(name));
    if (stranger !== undefined) {
      throw annotationFault(
        file.path,
        { line },
        `"${stranger}" is none of the classes of the first line`,
        'Add it there, or correct the name',
      );
    }
    moments.set(moment.id, moment);
  }
  const remarks: string[] = [];
  const ids = choice.subset === undefined ? null : readSubset(choice.subset).ids;
  const listed = chosen(moments, ids, remarks);
  const wanted = listed.filter(({ split }) => choice.split === undefined || split === choice.split);
  if (choice.split !== undefined && wanted.length === 0 && listed.length > 0) {
    throw noneOfSplit(file, choice.split, listed);
  }
  return {
    classes: classes ?? sortedNames([...moments.values()].flatMap(namesIn)),
    moments: wanted,
    remarks,
  };
}

function noneOfSplit(file: AnnotationFile, wanted: Split, listed: readonly Moment[]): EarsightError {
  const splits = countSplits(listed);
  const { counts, without } = splits;
  const none = without > 0 ? [`${without} without "split", which belong to no split`] : [];
  const have = [...inWords(splits), ...none];
  const instead = counts.size === 0 ? '' : `, or ask for a split that it has (${flagsFor(splits)})`;
  return new EarsightError(
    'bad-dataset',
    `${file.path}: no line is of the split "${wanted}": it has ${have.join(', ')}. Write "split": "${wanted}" into the lines that are meant${instead}.`,
    { details: { file: file.path, split: wanted, without, splits: Object.fromEntries(counts) } },
  );
}

function parsed(file: AnnotationFile, line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw annotationFault(file.path, { line }, messageOf(cause), 'Each line is one JSON object; correct it');
  }
}

function checked<T>(file: AnnotationFile, line: number, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const text = result.error.issues
    .map(({ path, message }) => `${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`)
    .join('; ');
  throw annotationFault(file.path, { line }, text, 'docs/datasets.md lists the fields');
}

function namesIn({ heard, seen, offScreen, regions }: Moment): string[] {
  const placed = regions.flatMap(({ name, mask }) => [
    name,
    ...(mask?.colours ?? []).map((colour) => colour.name),
  ]);
  return [...heard, ...seen, ...offScreen, ...placed.filter((name) => name !== null)];
}

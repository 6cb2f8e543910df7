/** Lists of entries: one id a line, as the authors publish their test sets, and SLAVC's lists of negatives. */

import { type AnnotationFile, namedFile } from '../annotations/annotation-folder.ts';
import { readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { MIDDLE, type Moment } from '../moment.ts';
import { momentOf, pictureOf, soundOf } from './layout.ts';

export interface Subset {
  /** In the list's order; null where the list only adds negatives. */
  ids: string[] | null;
  /** Pictures with a sound that has nothing to do with them. */
  negatives: { picture: string; sound: string }[];
}

const NEGATIVE = 'non-sounding';

/** @throws EarsightError `bad-dataset` naming file and line. */
export function readSubset(path: string): Subset {
  return subsetOf(namedFile(path));
}

/** First cells without their ending; or, under the header `video,audio,label`, SLAVC's extended lists. */
export function subsetOf(file: AnnotationFile): Subset {
  const rows = readRows(file, { cells: 1, quote: false });
  if (rows[0]?.cells.join(',') !== 'video,audio,label') {
    return {
      ids: rows.map(({ cells }) => (cells[0] ?? '').replace(/\.(png|jpg|mp4|wav)$/, '')),
      negatives: [],
    };
  }
  const negatives = rows.slice(1).map(({ line, cells: [picture, sound, label] }) => {
    if (picture === undefined || sound === undefined || label !== NEGATIVE) {
      throw annotationFault(
        file.path,
        { line },
        `the label is "${label ?? ''}" and not "${NEGATIVE}"`,
        'Only lists of negatives have this header; correct the row',
      );
    }
    return { picture, sound };
  });
  return { ids: null, negatives };
}

/** Nothing in the picture sounds, so nothing may be shown. */
export function negativeMoments(dataset: string, negatives: Subset['negatives']): Moment[] {
  return negatives.map(({ picture, sound }) =>
    momentOf({
      id: `${picture}~${sound}`,
      pictures: [pictureOf(picture, MIDDLE)],
      sounds: [soundOf(sound, MIDDLE)],
      located: true,
      note: `${dataset}: negative, ${picture} with the sound of ${sound}`,
    }),
  );
}

/** The entries of `byId` that `ids` names, in that order; those that are not there are told in `remarks`. */
export function chosen<T>(byId: ReadonlyMap<string, T>, ids: string[] | null, remarks: string[]): T[] {
  if (ids === null) return [...byId.values()];
  const found: T[] = [];
  for (const id of ids) {
    const entry = byId.get(id);
    if (entry === undefined) remarks.push(`${id} is in the list and has no annotation: left out`);
    else found.push(entry);
  }
  return found;
}

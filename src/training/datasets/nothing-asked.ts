/** The error where split and subset leave no moment: what was asked for, what the set has, and the mend. */

import { EarsightError } from '../../pipeline/errors.ts';
import type { DatasetChoice } from './dataset-choice.ts';
import type { Moment } from './moment.ts';
import { readDataset } from './read-dataset.ts';
import { readSubset } from './readers/subset.ts';
import { countSplits, flagsFor, inWords } from './split-counts.ts';

/** How many names of each side are shown. */
const SHOWN = 3;

/** @param choice read without a fault, and nothing came of it */
export function nothingAsked(choice: DatasetChoice): EarsightError {
  const { kind, folder, annotations, split, subset } = choice;
  const unlisted = { ...choice, subset: undefined };
  const where = annotations ?? folder;
  const details = { kind, folder, split: split ?? null, subset: subset ?? null };
  const ofSplit = subset === undefined ? [] : momentsOf(unlisted);
  if (subset !== undefined && ofSplit.length > 0) {
    const listed = entriesOf(subset);
    const asked = listed.length === 0 ? 'which lists no entry' : `which lists ${shown(listed)}`;
    const part = split === undefined ? '' : ` of the split "${split}"`;
    return new EarsightError(
      'bad-dataset',
      `The subset ${subset}, ${asked}, leaves none of the ${ofSplit.length} moments${part} of ${kind} in ${where}, such as ${shown(namesOf(kind, ofSplit))}. Write the entries as the set names them${split === undefined ? '' : ', or ask for the split that they are of'}; docs/datasets.md says how lists are read.`,
      { details },
    );
  }
  const all = split === undefined ? [] : momentsOf({ ...unlisted, split: undefined });
  if (split !== undefined && all.length > 0) {
    const splits = countSplits(all);
    const has = [...inWords(splits), ...(splits.without > 0 ? [`${splits.without} of no split`] : [])];
    const mend =
      splits.counts.size === 0
        ? 'Leave the split out'
        : `Ask for a split that it has (${flagsFor(splits)}), or for none`;
    return new EarsightError(
      'bad-dataset',
      `No moment of ${kind} in ${where} is of the split "${split}": it has ${has.join(', ')}. ${mend}.`,
      { details },
    );
  }
  return new EarsightError(
    'bad-dataset',
    `The annotations of ${kind} in ${where} hold no moment. Put the published files there whole; docs/datasets.md says which.`,
    { details },
  );
}

/** None where the set cannot be read in this way, which is no fault of what was asked for. */
function momentsOf(choice: DatasetChoice): readonly Moment[] {
  try {
    return readDataset(choice).moments;
  } catch {
    return [];
  }
}

function entriesOf(subset: string): string[] {
  try {
    const { ids, negatives } = readSubset(subset);
    return ids ?? negatives.map(({ picture }) => picture);
  } catch {
    return [];
  }
}

/** What lists call them: in most sets a clip, whose moments have a number after it. */
function namesOf(kind: string, moments: readonly Moment[]): string[] {
  return [...new Set(moments.map(({ id }) => (kind === 'jsonl' ? id : id.replace(/\/[^/]*$/, ''))))];
}

function shown(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names
    .slice(0, SHOWN)
    .map((name) => `"${name}"`)
    .join(', ')}${more}`;
}

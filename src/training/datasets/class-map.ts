/** From a data set's class names to a model's: by name, and by a map that a person writes. */

import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { annotationFault } from './annotations/fault.ts';

/** Data set's name to the model's; null: none of the model's classes, so its examples are left out. */
export type ClassNames = Readonly<Record<string, string | null>>;

/**
 * What becomes of examples with a class that is none of the model's. `refuse`: nothing is opened (a list that does
 * not fit is most often a mistake); `leave-out`: the example is left out and counted; `unnamed`: it is kept, its
 * boxes get the class index -1 and its sounds set no class: for protocols that ask only where.
 */
export type OtherClasses = 'refuse' | 'leave-out' | 'unnamed';

/** Names are compared without case, and with `_`, commas and brackets as blanks: AVGN writes VGGSound's names so. */
export function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[_,()]/g, ' ')
    .split(/\s+/)
    .filter(Boolean)
    .join(' ');
}

/**
 * Index in the model's classes for each of the data set's names; null where there is none.
 *
 * @param model - The model's classes, in the order of its outputs.
 * @throws EarsightError `bad-dataset` when the map names what is not there, when names find no class and `others` is
 * `refuse`, or when none at all does and it is `leave-out`.
 */
export function mapClasses(
  dataset: readonly string[],
  model: readonly string[],
  map: ClassNames,
  others: OtherClasses,
): Map<string, number | null> {
  const indexOf = new Map(model.map((name, index) => [plainName(name), index]));
  const known = new Set(dataset.map(plainName));
  const mapped = new Map<string, number | null>();
  for (const [from, to] of Object.entries(map)) {
    if (!known.has(plainName(from))) {
      throw new EarsightError(
        'bad-dataset',
        `The class map names "${from}", which is no class of the data set. It has: ${listed(dataset)}.`,
      );
    }
    const index = to === null ? null : indexOf.get(plainName(to));
    if (index === undefined) {
      throw new EarsightError(
        'bad-dataset',
        `The class map gives "${from}" to "${to ?? ''}", which is no class of the model. It has: ${listed(model)}.`,
      );
    }
    mapped.set(plainName(from), index);
  }
  const result = new Map<string, number | null>();
  const strangers: string[] = [];
  for (const name of dataset) {
    const given = mapped.get(plainName(name));
    const index = given === undefined ? (indexOf.get(plainName(name)) ?? null) : given;
    if (given === undefined && index === null) strangers.push(name);
    result.set(name, index);
  }
  if (strangers.length > 0 && others === 'refuse') {
    throw new EarsightError('bad-dataset', mismatch(dataset, model, strangers), { details: { strangers } });
  }
  if (others === 'leave-out' && dataset.length > 0 && [...result.values()].every((index) => index === null)) {
    throw new EarsightError(
      'bad-dataset',
      `No class of the data set is one of the model's. Data set: ${listed(dataset)}; model: ${listed(model)}. Write a class map.`,
    );
  }
  return result;
}

function mismatch(
  dataset: readonly string[],
  model: readonly string[],
  strangers: readonly string[],
): string {
  return (
    `${strangers.length} of the data set's ${dataset.length} classes are none of the model's: ${listed(strangers)}. ` +
    `The model has: ${listed(model)}. Give a class map (a YAML file of lines "data set's name: model's name", with ` +
    `null for none), or say otherClasses: leave-out (or unnamed, to ask only where).`
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

/** Reads a class map. @throws EarsightError `bad-dataset` naming file and line. */
export function readClassMap(path: string): ClassNames {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw annotationFault(path, null, messageOf(cause), 'Correct the path of the class map');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw annotationFault(
      path,
      { line: problem.linePos?.[0].line ?? 1 },
      problem.message.split('\n')[0] ?? 'no YAML',
      'Correct the YAML',
    );
  }
  const value: unknown = document.toJS();
  const form = 'Write lines of the form "data set\'s name: model\'s name"';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw annotationFault(path, { line: 1 }, 'it is no list of names', form);
  }
  for (const [from, to] of Object.entries(value)) {
    if (to !== null && typeof to !== 'string') {
      throw annotationFault(
        path,
        { entry: `"${from}"` },
        'what it is given to is no name and not null',
        form,
      );
    }
  }
  return value as ClassNames;
}

/** Which folders of photos and sounds make which class: a small YAML file, or the folders' own names. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { foldersIn } from './folders.ts';

const name = z.string().min(1).max(80);

const classSchema = z.strictObject({
  name,
  /** Folders of photos; the class's own name unless told. */
  photos: z.array(name).optional(),
  /** Folders of sounds; the class's own name unless told. */
  sounds: z.array(name).optional(),
});

const listSchema = z.strictObject({
  /** Where things lie below the data's root. */
  folders: z
    .strictObject({
      photos: name.default('photos'),
      sounds: name.default('sounds'),
      silent: name.default('silent'),
      backgrounds: name.default('backgrounds'),
    })
    .prefault({}),
  /** In the order of the network's outputs. */
  classes: z.array(classSchema).min(1).max(200),
  /** Folders of photos that show things without a sound of their own; beside all of `folders.silent`. */
  silent: z.array(name).default([]),
  /** Folders of sounds that are never in the picture. */
  offScreen: z.array(name).default([]),
});

/** One class and the folders it is made of. */
export interface ClassEntry {
  name: string;
  photos: string[];
  sounds: string[];
}

/** The parsed class list. */
export interface ClassList {
  folders: { photos: string; sounds: string; silent: string; backgrounds: string };
  classes: ClassEntry[];
  silent: string[];
  offScreen: string[];
}

/** @throws EarsightError `bad-config` naming the file, the place and the mend */
export function readClassList(file: string): ClassList {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new EarsightError('bad-config', `${file} cannot be read as YAML: ${messageOf(thrown)}`);
  }
  const result = listSchema.safeParse(value ?? {});
  if (!result.success) throw new EarsightError('bad-config', `${file}: ${z.prettifyError(result.error)}`);
  const { classes, ...rest } = result.data;
  const entries = classes.map((entry) => ({
    name: entry.name,
    photos: entry.photos ?? [entry.name],
    sounds: entry.sounds ?? [entry.name],
  }));
  refuseTwice(
    file,
    'class',
    entries.map((entry) => entry.name),
  );
  refuseTwice(file, 'folder of photos', [...entries.flatMap((entry) => entry.photos), ...rest.silent]);
  refuseTwice(file, 'folder of sounds', [...entries.flatMap((entry) => entry.sounds), ...rest.offScreen]);
  return { ...rest, classes: entries };
}

function refuseTwice(file: string, what: string, names: readonly string[]): void {
  const twice = names.find((entry, i) => names.indexOf(entry) !== i);
  if (twice === undefined) return;
  throw new EarsightError('bad-config', `${file}: the ${what} "${twice}" is named twice; leave one of them.`);
}

/**
 * The list that the folders' names make: a name with photos and sounds is a class, one with photos alone is silent,
 * one with sounds alone is off screen.
 *
 * @throws EarsightError `bad-dataset` when no name has both
 */
export function classListOf(root: string): ClassList {
  const folders = { photos: 'photos', sounds: 'sounds', silent: 'silent', backgrounds: 'backgrounds' };
  const photos = foldersIn(join(root, folders.photos));
  const sounds = foldersIn(join(root, folders.sounds));
  const classes = photos.filter((entry) => sounds.includes(entry));
  if (classes.length === 0) {
    throw new EarsightError(
      'bad-dataset',
      `${root} holds no class: make folders photos/NAME and sounds/NAME with the same name, one for each class.`,
    );
  }
  return {
    folders,
    classes: classes.map((entry) => ({ name: entry, photos: [entry], sounds: [entry] })),
    silent: photos.filter((entry) => !classes.includes(entry)),
    offScreen: sounds.filter((entry) => !classes.includes(entry)),
  };
}

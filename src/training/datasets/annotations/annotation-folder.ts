/** Finds annotation files by their published names, wherever below the given folder they lie. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';
import { annotationFault } from './fault.ts';

/** Folders inside the media's folder where annotations are looked for too. */
const USUAL_FOLDERS = ['.', 'metadata', 'annotations', 'Annotations', 'data', 'box'];
/** How deep a folder that was named for its annotations is looked through. */
const MAX_DEPTH = 3;

/** An annotation file that was found and read. */
export interface AnnotationFile {
  path: string;
  name: string;
  text: () => string;
  bytes: () => Uint8Array<ArrayBuffer>;
}

/**
 * The annotation files of one data set. With a path of their own (`annotations`) they are looked for there, up to
 * three folders deep; without, in the media's folder and those of its folders that the publishers put them in.
 */
export class AnnotationFolder {
  readonly #root: string;
  readonly #single: string | null;
  readonly #folders: string[];

  /** @throws EarsightError `bad-dataset` when the folder or file does not exist. */
  constructor(options: { folder: string; annotations?: string | undefined }) {
    const root = options.annotations ?? options.folder;
    this.#root = root;
    let isFolder: boolean;
    try {
      isFolder = statSync(root).isDirectory();
    } catch (cause) {
      throw new EarsightError(
        'bad-dataset',
        `${root} cannot be read: ${messageOf(cause)}. Name the folder of the data set (docs/datasets.md says what lies in it).`,
        { cause },
      );
    }
    this.#single = isFolder ? null : root;
    if (!isFolder) this.#folders = [];
    else if (options.annotations !== undefined) this.#folders = [...foldersBelow(root, MAX_DEPTH)];
    else this.#folders = USUAL_FOLDERS.map((name) => join(root, name));
  }

  /** The first of `names` that is there, or null. A single file that was named counts whatever its name. */
  find(...names: string[]): AnnotationFile | null {
    if (this.#single !== null) {
      const single = this.#single;
      // A file of one kind does not stand in for one of another kind.
      return names.some((name) => extension(name) === extension(single)) ? fileAt(single) : null;
    }
    for (const name of names) {
      for (const folder of this.#folders) {
        const path = join(folder, name);
        if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return fileAt(path);
      }
    }
    return null;
  }

  /** @throws EarsightError `bad-dataset` naming what was looked for and where. */
  need(...names: string[]): AnnotationFile {
    const found = this.find(...names);
    if (found !== null) return found;
    throw new EarsightError(
      'bad-dataset',
      `${this.#root} holds no ${names.join(' and no ')}. Put the published file there, or name its place with annotations (docs/datasets.md).`,
      { details: { folder: this.#root, names } },
    );
  }

  /** All files whose name ends in `suffix`, of the first folder that has any; sorted. */
  all(suffix: string): AnnotationFile[] {
    if (this.#single !== null) return this.#single.endsWith(suffix) ? [fileAt(this.#single)] : [];
    for (const folder of this.#folders) {
      const names = entriesOf(folder).filter((name) => name.endsWith(suffix));
      if (names.length > 0) return names.sort().map((name) => fileAt(join(folder, name)));
    }
    return [];
  }
}

/** A file that a choice names itself. @throws EarsightError `bad-dataset` when it is not there. */
export function namedFile(path: string): AnnotationFile {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return fileAt(path);
  throw new EarsightError('bad-dataset', `${path} is not there or is no file. Correct the path.`);
}

function fileAt(path: string): AnnotationFile {
  const bytes = (): Uint8Array<ArrayBuffer> => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (cause) {
      throw annotationFault(path, null, messageOf(cause), 'Make it readable');
    }
  };
  return { path, name: basename(path), bytes, text: () => new TextDecoder().decode(bytes()) };
}

function* foldersBelow(folder: string, depth: number): Generator<string> {
  yield folder;
  if (depth === 0) return;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      yield* foldersBelow(path, depth - 1);
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

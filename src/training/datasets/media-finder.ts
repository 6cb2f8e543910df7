/** Which of the paths that a photo or recording may have is there, asking the disk once per folder. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A media file that is there. */
export interface MediaFile {
  path: string;
  bytes: number;
  /** Time of the last change, milliseconds since 1970. */
  changedMs: number;
}

/** Listings are kept for the finder's life: what is added to the folder later is not seen. */
export class MediaFinder {
  readonly #root: string;
  readonly #listings = new Map<string, ReadonlySet<string>>();
  readonly #files = new Map<string, MediaFile | null>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The first of `candidates` (relative, `/` between) that is a file, or null. */
  find(candidates: readonly string[]): MediaFile | null {
    for (const candidate of candidates) {
      const cut = candidate.lastIndexOf('/');
      const folder = candidate.slice(0, Math.max(0, cut));
      if (!this.#listing(folder).has(candidate.slice(cut + 1))) continue;
      const file = this.#file(candidate);
      if (file !== null) return file;
    }
    return null;
  }

  #listing(folder: string): ReadonlySet<string> {
    let names = this.#listings.get(folder);
    if (names === undefined) {
      names = new Set(namesIn(join(this.#root, folder)));
      this.#listings.set(folder, names);
    }
    return names;
  }

  #file(candidate: string): MediaFile | null {
    let file = this.#files.get(candidate);
    if (file === undefined) {
      const path = join(this.#root, candidate);
      const found = statSync(path, { throwIfNoEntry: false });
      file = found?.isFile() === true ? { path, bytes: found.size, changedMs: found.mtimeMs } : null;
      this.#files.set(candidate, file);
    }
    return file;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

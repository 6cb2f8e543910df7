/** The folder of decoded moments: one file each, written whole or not at all. */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';
import { type Entry, encodeEntry } from './entry.ts';

const ENTRY = '.moment';
const FAILURE = '.failed';

/** Several processes may fill one cache at once: the same entry is then made twice, and either is whole. */
export class ClipCache {
  readonly #folder: string;
  readonly #names = new Set<string>();
  #written = 0;

  /** Makes the folder where need be. @throws EarsightError `bad-dataset` when it cannot be written. */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
      for (const shard of readdirSync(folder, { withFileTypes: true })) {
        if (!shard.isDirectory()) continue;
        for (const name of readdirSync(join(folder, shard.name))) this.#names.add(name);
      }
    } catch (cause) {
      throw this.#unwritable(cause);
    }
  }

  has(key: string): boolean {
    return this.#names.has(key + ENTRY);
  }

  /** Where the entry of `key` is, or will be. */
  pathOf(key: string): string {
    return join(this.#folder, key.slice(0, 2), key + ENTRY);
  }

  /** Why the media of `key` could not be decoded when that was tried, or null. */
  failureOf(key: string): string | null {
    if (!this.#names.has(key + FAILURE)) return null;
    try {
      return readFileSync(join(this.#folder, key.slice(0, 2), key + FAILURE), 'utf8');
    } catch {
      return null;
    }
  }

  /** @throws EarsightError `bad-dataset` when the disk is full or the folder cannot be written. */
  write(key: string, entry: Entry): void {
    this.#write(key, ENTRY, encodeEntry(entry));
  }

  /** Remembers that these very files cannot be decoded, so that it is not tried at every opening. */
  writeFailure(key: string, reason: string): void {
    this.#write(key, FAILURE, reason);
  }

  #write(key: string, ending: string, content: Uint8Array | string): void {
    const folder = join(this.#folder, key.slice(0, 2));
    const unfinished = join(folder, `${key}.${process.pid}-${this.#written++}.tmp`);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(unfinished, content);
      renameSync(unfinished, join(folder, key + ending));
      this.#names.add(key + ending);
    } catch (cause) {
      rmSync(unfinished, { force: true });
      throw this.#unwritable(cause);
    }
  }

  #unwritable(cause: unknown): EarsightError {
    return new EarsightError(
      'bad-dataset',
      `The cache ${this.#folder} cannot be written: ${messageOf(cause)}. Make room or name another place with cacheFolder; what is in it stays good.`,
      { cause, details: { folder: this.#folder } },
    );
  }
}

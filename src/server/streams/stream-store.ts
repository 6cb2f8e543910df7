/** Keeps the streams that the API added: one JSON file, written whole and put in its place in one step. */

import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../pipeline/errors.ts';
import { problemsOf } from '../config/problems.ts';
import { revealed } from '../config/revealed.ts';
import { type StreamSpec, streamSpecSchema } from '../config/stream-spec.ts';

const FILE = 'streams.json';
const VERSION = 1;
/** A disk that was full may have room again. */
const RETRY_MS = 30_000;

const fileSchema = z.strictObject({ version: z.literal(VERSION), streams: z.array(z.unknown()) });

export interface StreamStoreOptions {
  /** One sentence about what could not be read or written. */
  onFault: (sentence: string) => void;
  /** Pause before a failed write is tried again, in milliseconds. */
  retryMs?: number;
}

/**
 * The file holds credentials in clear, as cameras want them, and is readable by its owner alone. What it holds that
 * this version cannot use is written back as it was.
 */
export class StreamStore {
  /** As they were when the store was opened. */
  readonly specs: readonly StreamSpec[];
  readonly #file: string;
  readonly #options: StreamStoreOptions;
  readonly #unusable: readonly unknown[];
  readonly #stop = new AbortController();
  #kept: readonly StreamSpec[];
  /** What is on the disk; null when nothing is. */
  #written: string | null;
  /** Which file it was that we read or wrote last; another one is another server's. */
  #mark: string | null;
  #writing: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #hasFailed = false;

  private constructor(
    file: string,
    options: StreamStoreOptions,
    found: { specs: StreamSpec[]; unusable: unknown[]; text: string | null; mark: string | null },
  ) {
    this.#file = file;
    this.#options = options;
    this.specs = found.specs;
    this.#kept = found.specs;
    this.#unusable = found.unusable;
    this.#written = found.text;
    this.#mark = found.mark;
  }

  /**
   * Makes the folder when it is absent. A file that cannot be understood is put aside, never overwritten.
   * @throws Error of the file system when the folder cannot be made, read or written
   */
  static async open(folder: string, options: StreamStoreOptions): Promise<StreamStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, FILE);
    const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw thrown;
    });
    const entries = text === null ? [] : entriesOf(text);
    if (entries === null) {
      const aside = `${file}.unreadable-${Date.now()}`;
      await rename(file, aside);
      options.onFault(
        `${file} is no list of streams of this version and was put aside as ${aside}. Streams that the API added are missing; mend it and put it back, or add them again.`,
      );
    }
    const specs: StreamSpec[] = [];
    const unusable: unknown[] = [];
    for (const [index, entry] of (entries ?? []).entries()) {
      const parsed = streamSpecSchema.safeParse(entry);
      if (parsed.success) specs.push(parsed.data);
      else {
        unusable.push(entry);
        const why = problemsOf(streamSpecSchema, parsed.error, entry).map(({ message }) => message);
        options.onFault(`${file}: stream ${index} cannot be used and is left as it is. ${why.join(' ')}`);
      }
    }
    const isThere = text !== null && entries !== null;
    const mark = isThere ? await markOf(file) : null;
    return new StreamStore(file, options, { specs, unusable, text: isThere ? text : null, mark });
  }

  /** False while what the API added last would not survive a restart. */
  get isSound(): boolean {
    return !this.#hasFailed;
  }

  /** Replaces what is kept; changes that come while the file is written are written together. */
  keep(specs: readonly StreamSpec[]): void {
    this.#kept = specs;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when what was given to {@link keep} is on the disk, or has failed to get there. */
  settled(): Promise<void> {
    return this.#writing;
  }

  /** Idempotent; writes what is waiting, and tries no more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    this.#isWaiting = false;
    const streams = [...this.#kept.map(revealed), ...this.#unusable];
    const text = `${JSON.stringify({ version: VERSION, streams }, null, 2)}\n`;
    if (text === this.#written || (this.#written === null && streams.length === 0)) return;
    try {
      if ((await markOf(this.#file)) !== this.#mark) {
        throw new Error('somebody else wrote it. Give every server a folder of its own (data.folder)');
      }
      await writeWhole(this.#file, text);
      this.#written = text;
      this.#mark = await markOf(this.#file);
      this.#hasFailed = false;
    } catch (thrown) {
      if (!this.#hasFailed) {
        this.#options.onFault(
          `${this.#file} cannot be written: ${messageOf(thrown)}. Streams added or changed by the API will not survive a restart until it can.`,
        );
      }
      this.#hasFailed = true;
      this.#retry();
    }
  }

  #retry(): void {
    const { retryMs = RETRY_MS } = this.#options;
    after(retryMs, undefined, { signal: this.#stop.signal }).then(
      () => this.keep(this.#kept),
      () => undefined,
    );
  }
}

/** The list in the file; null when it is no such file. */
function entriesOf(text: string): unknown[] | null {
  try {
    return fileSchema.parse(JSON.parse(text)).streams;
  } catch {
    return null;
  }
}

async function markOf(file: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

/** After a crash at any moment there is the old file or the new one, whole. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(join(file, '..'), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

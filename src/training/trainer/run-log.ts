/** The JSONL log of a run: appended to while it goes, cut back to the checkpoint when it is taken up again. */

import { type FileHandle, open, readFile } from 'node:fs/promises';
import { writeAtomically } from './atomic-file.ts';
import { lineOf, type RunRecord, recordOf } from './run-records.ts';

export class RunLog {
  /** All records so far, those of earlier parts of the run too. */
  readonly records: RunRecord[];
  readonly #file: FileHandle;
  /** Appends follow one another, so that no two lines mix. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, records: RunRecord[]) {
    this.#file = file;
    this.records = records;
  }

  /** @param keep which records of an earlier part still hold; null begins anew */
  static async open(path: string, keep: ((record: RunRecord) => boolean) | null): Promise<RunLog> {
    const records = keep === null ? [] : (await readRecords(path)).filter(keep);
    await writeAtomically(path, records.map((record) => `${lineOf(record)}\n`).join(''));
    return new RunLog(await open(path, 'a'), records);
  }

  append(record: RunRecord): void {
    this.records.push(record);
    this.#last = this.#last.then(() => this.#file.appendFile(`${lineOf(record)}\n`));
  }

  /** Waits for what was appended. @throws the file system's error, a full disk for example */
  async flush(): Promise<void> {
    await this.#last;
  }

  async close(): Promise<void> {
    try {
      await this.#last;
    } finally {
      await this.#file.close();
    }
  }
}

async function readRecords(path: string): Promise<RunRecord[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
  return text.split('\n').flatMap((line) => recordOf(line) ?? []);
}

/** Keeps the report of a run up to date: written at every validation, and when the run ends, well or badly. */

import { join } from 'node:path';
import type { SampleBatch, SampleShape } from '../sample.ts';
import { writeAtomically } from './atomic-file.ts';
import { type ExampleFigure, exampleFigures } from './report/overlay.ts';
import { reportHtml } from './report/page.ts';
import type { RunRecord } from './run-records.ts';
import type { EvaluationOutput } from './step-engine.ts';

export const REPORT_FILE = 'report.html';

/** Examples of the last validation that are shown. */
const EXAMPLES = 12;

export class RunReport {
  readonly #path: string;
  readonly #title: string;
  #records: readonly RunRecord[] = [];
  #examples: ExampleFigure[] = [];
  /** Writes follow one another. */
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string, title: string) {
    this.#path = join(folder, REPORT_FILE);
    this.#title = title;
  }

  examples(shape: SampleShape, batch: SampleBatch, output: EvaluationOutput): void {
    this.#examples = exampleFigures(shape, batch, output, EXAMPLES);
  }

  record(record: RunRecord, records: readonly RunRecord[]): void {
    this.#records = records;
    if (record.type === 'validation' || record.type === 'end') this.#write(null);
  }

  /** Writes why the run ended badly. */
  fail(reason: string): void {
    this.#write(reason);
  }

  /** Waits for what is being written. @throws the file system's error */
  async close(): Promise<void> {
    await this.#last;
  }

  #write(failure: string | null): void {
    const html = reportHtml({
      title: this.#title,
      records: this.#records,
      examples: this.#examples,
      failure,
    });
    this.#last = this.#last.then(() => writeAtomically(this.#path, html));
    // Met by close; until then it must not end the program.
    this.#last.catch(() => undefined);
  }
}

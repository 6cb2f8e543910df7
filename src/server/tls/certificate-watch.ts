/** Takes a renewed certificate while the server runs: whoever renews it only has to write the two files. */

import { type StatWatcher, unwatchFile, watchFile } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../pipeline/errors.ts';
import { type Certificate, type CertificateFiles, readCertificate } from './certificate.ts';

export interface CertificateWatchOptions {
  onChange(certificate: Certificate): void;
  /** The files are no longer good; what is served stays. */
  onProblem(message: string): void;
  /** How often the files are looked at; by their state, since renewers swap links and folders. Default 2 s. */
  intervalMs?: number;
}

export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #options: Required<CertificateWatchOptions>;
  readonly #watchers: StatWatcher[];
  readonly #onStat = (): void => {
    this.#changed();
  };
  #reading: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(files: CertificateFiles, options: CertificateWatchOptions) {
    this.#files = files;
    this.#options = { intervalMs: 2_000, ...options };
    const watching = { interval: this.#options.intervalMs, persistent: false };
    this.#watchers = [files.certificate, files.key].map((path) => watchFile(path, watching, this.#onStat));
  }

  close(): void {
    this.#closed = true;
    for (const path of [this.#files.certificate, this.#files.key]) unwatchFile(path, this.#onStat);
    this.#watchers.length = 0;
  }

  #changed(): void {
    if (this.#reading !== null) {
      this.#again = true;
      return;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (!this.#again) return;
      this.#again = false;
      this.#changed();
    });
  }

  #take(certificate: Certificate): void {
    if (!this.#closed) this.#options.onChange(certificate);
  }

  #tell(problem: string): void {
    if (!this.#closed) this.#options.onProblem(problem);
  }

  async #read(): Promise<void> {
    let problem = '';
    // The two are written one after the other: what does not fit yet is looked at once more.
    for (let tries = 0; tries < 2 && !this.#closed; tries++) {
      try {
        this.#take(await readCertificate(this.#files));
        return;
      } catch (thrown) {
        problem = messageOf(thrown);
        await sleep(this.#options.intervalMs, undefined, { ref: false });
      }
    }
    this.#tell(problem);
  }
}

/** Takes a changed configuration while the server runs: when its file settles after a change, and on SIGHUP. */

import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { EarsightError } from '../../pipeline/errors.ts';
import type { WaitingForRestart } from '../config/difference.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

/** How often the files are looked at. By their times, since folders that are mounted tell of nothing. */
const POLL_MS = 1000;
/** An editor may write a file in pieces: it is read when it was left alone for this long. */
const SETTLE_MS = 1000;

export interface ReloadingOptions {
  /** @throws EarsightError `bad-config` */
  read: () => LoadedConfig;
  /** Puts it in force. @throws EarsightError `bad-config`: nothing was changed */
  apply: (config: Config) => Promise<WaitingForRestart>;
  /** Told after each try. */
  onDone: (taken: boolean) => void;
  log: Logger;
  pollMs?: number;
  settleMs?: number;
}

/** Reloads follow one another. Owns the watches until {@link close}. */
export class Reloading {
  readonly #options: ReloadingOptions;
  readonly #watched = new Map<string, StatsListener>();
  #work: Promise<void> = Promise.resolve();
  #settling: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param files what the configuration in force was read from */
  constructor(files: readonly string[], options: ReloadingOptions) {
    this.#options = options;
    this.#watch(files);
  }

  /** @param why for the log: `SIGHUP` */
  request(why: string): Promise<void> {
    clearTimeout(this.#settling);
    this.#work = this.#work.then(() => this.#reload(why));
    return this.#work;
  }

  /** Resolves when a reload that is under way is done. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#settling);
    this.#watch([]);
    await this.#work;
  }

  async #reload(why: string): Promise<void> {
    if (this.#closed) return;
    const { read, apply, onDone, log } = this.#options;
    try {
      const loaded = read();
      const { waiting, takenBack } = await apply(loaded.config);
      this.#watch(loaded.files);
      log.info({ why }, 'the configuration was read anew and is in force');
      if (takenBack.length > 0) log.info(`${takenBack.join(', ')}: as it runs, waits for a restart no more`);
      if (waiting.length > 0) log.warn(`${waiting.join(', ')}: waits for a restart`);
      onDone(true);
    } catch (thrown) {
      if (!(thrown instanceof EarsightError)) throw thrown;
      for (const problem of thrown.message.split('\n')) log.error(problem);
      log.error({ why }, 'the configuration that was in force stays');
      onDone(false);
    }
  }

  #watch(files: readonly string[]): void {
    const wanted = new Set(this.#closed ? [] : files);
    for (const [file, listener] of this.#watched) {
      if (wanted.has(file)) continue;
      unwatchFile(file, listener);
      this.#watched.delete(file);
    }
    const { pollMs = POLL_MS, settleMs = SETTLE_MS } = this.#options;
    for (const file of wanted) {
      if (this.#watched.has(file)) continue;
      const listener: StatsListener = ({ mtimeMs }) => {
        clearTimeout(this.#settling);
        // Gone: an editor that saves by another name is about to put it back.
        if (mtimeMs === 0) return;
        this.#settling = setTimeout(() => void this.request(`${file} changed`), settleMs);
      };
      watchFile(file, { interval: pollMs, persistent: false }, listener);
      this.#watched.set(file, listener);
    }
  }
}

/** The streams that the API added, over restarts: what the registry has, what the store holds, and what waits in it. */

import type { Logger } from 'pino';
import { messageOf } from '../../pipeline/errors.ts';
import type { StreamSpec } from '../config/stream-spec.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { StreamStore } from './stream-store.ts';

/** Owns the store. Without one, nothing is kept. */
export class KeptStreams {
  readonly #store: StreamStore | null;
  readonly #log: Logger;
  /** Those that could not be started this time. */
  #parked: StreamSpec[] = [];
  #current: readonly StreamSpec[] = [];
  #isRestored = false;

  constructor(store: StreamStore | null, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** The registry's streams of the API, whenever they changed. */
  take(specs: readonly StreamSpec[]): void {
    this.#current = specs;
    // While they are being restored, the list is not whole.
    if (this.#isRestored) this.#keep();
  }

  /**
   * Starts the streams of the last time. What cannot be started now stays in the store.
   * @param listed ids in the configuration file, which has the last word on them
   */
  restore(registry: StreamRegistry, listed: ReadonlySet<string>): void {
    for (const spec of this.#store?.specs ?? []) {
      if (listed.has(spec.id)) {
        this.#log.warn(
          { stream: spec.id },
          'the configuration file names this stream now, so what the API said of it is forgotten',
        );
        continue;
      }
      try {
        registry.add(spec);
      } catch (thrown) {
        this.#parked.push(spec);
        this.#log.error(
          { stream: spec.id },
          `not started, and kept for the next start: ${messageOf(thrown)}`,
        );
      }
    }
    this.#isRestored = true;
    this.#keep();
  }

  /** False while something added would not survive a restart. */
  get isSound(): boolean {
    return this.#store?.isSound ?? true;
  }

  /** Resolves when what was taken so far is on the disk, or has failed to get there. */
  settled(): Promise<void> {
    return this.#store?.settled() ?? Promise.resolve();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#store?.close();
  }

  #keep(): void {
    // One of the same id has been added since.
    this.#parked = this.#parked.filter(({ id }) => !this.#current.some((spec) => spec.id === id));
    this.#store?.keep([...this.#current, ...this.#parked]);
  }
}

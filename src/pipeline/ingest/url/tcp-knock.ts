/** Finds out when the host of an absent RTMP source takes connections again. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../errors.ts';
import { type Door, type KnockOptions, knock, SILENT_MS } from './knock.ts';

/** Maybe nobody was there: the knock tells. Whoever refuses the user or sends no media was there. */
const MAYBE_NOBODY: ReadonlySet<string> = new Set<ErrorCode>([
  'source-refused',
  'source-timeout',
  // 404, or a name that is not known while its host is away.
  'source-not-found',
  'source-lost',
]);

/**
 * A host that is knocked at by a TCP connection on which nothing is said. A connection tells no more than that
 * somebody is there, so what counts is that after one that failed: a server that was there all along has refused the
 * stream for a reason of its own, and is not knocked at again before the next attempt.
 *
 * A listener that takes one caller is lost to the knock. Whoever is gone right after one is left alone until an
 * attempt does well.
 */
export class TcpDoor implements Door {
  readonly #options: KnockOptions;
  /** Nobody took the latest connection. */
  #silent = false;
  /** The attempt that is under way was made because a knock had been answered. */
  #letIn = false;
  #leftAlone = false;

  constructor(options: KnockOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#silent = false;
    this.#letIn = false;
    this.#leftAlone = false;
  }

  failed(reason: string): boolean {
    if (this.#letIn && reason === 'source-refused') this.#leftAlone = true;
    this.#letIn = false;
    if (!MAYBE_NOBODY.has(reason)) this.#silent = false;
    return MAYBE_NOBODY.has(reason) && !this.#leftAlone;
  }

  /** Until somebody is there where nobody was. */
  async opens(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const answered = (await knock(this.#options, false, signal, () => true)) ?? false;
      if (signal.aborted) return false;
      const wasSilent = this.#silent;
      this.#silent = !answered;
      if (answered) {
        this.#letIn = wasSilent;
        return wasSilent;
      }
      await sleep(SILENT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

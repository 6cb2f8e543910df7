/** A host that is away until somebody takes a call who did not before. */

import type { ErrorCode } from '../../errors.ts';
import { Door, SILENCE } from './knock.ts';

/** Who answered a knock: the source's own host, or a gateway that says that it is away. */
export type Answerer = 'host' | 'gateway';

/** Maybe nobody was there: the knock tells. Whoever refuses the user was there. */
const MAYBE_NOBODY: ReadonlySet<string> = new Set<ErrorCode>([
  'source-refused',
  'source-timeout',
  // 404, or a name that is not known while its host is away.
  'source-not-found',
  'source-lost',
]);

/**
 * What counts is that the host answers after a knock that it did not answer: one that was there all along has refused
 * the stream for a reason of its own, and is not knocked at again before the next attempt.
 *
 * A listener that takes one caller is lost to the knock. Whoever is gone right after one is left alone until an
 * attempt does well.
 */
export abstract class HostDoor extends Door<Answerer> {
  /** The knock waits for a word, so it tells a forwarder that takes the call from the host itself. */
  protected abstract readonly hears: boolean;
  /** Whom the latest call met. */
  #met: Answerer | typeof SILENCE = 'host';
  /** Whom knocks had met before the one that let in the attempt under way; undefined: none did. */
  #letInAfter: 'gateway' | typeof SILENCE | undefined;
  #leftAlone = false;

  /** An attempt that met a forwarder alone may hang until it is given up: who comes back meanwhile is not its peer. */
  override get knocksOn(): boolean {
    return this.hears && this.#met !== 'host';
  }

  forget(): void {
    this.#met = 'host';
    this.#letInAfter = undefined;
    this.#leftAlone = false;
  }

  failed(reason: string): boolean {
    const letInAfter = this.#letInAfter;
    this.#letInAfter = undefined;
    // Behind a gateway there is no such listener.
    if (letInAfter === SILENCE && reason === 'source-refused') this.#leftAlone = true;
    // It said nothing, unless it says words to a knock and nothing more after them.
    if (this.hears && reason === 'source-timeout' && letInAfter === undefined) this.#met = SILENCE;
    // A forwarder may hang up without a word.
    const maybeNobody = MAYBE_NOBODY.has(reason) || (this.hears && reason === 'source-corrupt');
    if (!maybeNobody) this.#met = 'host';
    return maybeNobody && !this.#leftAlone;
  }

  protected decide(answer: Answerer | typeof SILENCE): boolean | undefined {
    const before = this.#met;
    this.#met = answer;
    if (answer !== 'host') return undefined;
    if (before === 'host') return false;
    this.#letInAfter = before;
    return true;
  }
}

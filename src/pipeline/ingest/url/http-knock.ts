/** Asks an absent HTTP source's host for a sign of life. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../errors.ts';
import { type Door, type KnockOptions, knock, SILENT_MS } from './knock.ts';

/** Maybe nobody was there, or somebody who only forwards: the knock tells. Not whoever refuses the user. */
const MAYBE_NOBODY: ReadonlySet<string> = new Set<ErrorCode>([
  'source-refused',
  'source-timeout',
  'source-not-found',
  'source-lost',
  'source-corrupt',
]);

/** Said by a gateway whose server is away (RFC 9110 section 15.6). */
const GATEWAY_ALONE: ReadonlySet<number> = new Set([502, 503, 504]);

/** From the connection to the first word. Short, for who comes back during it is only found by the next knock. */
const WORDS_MS = 1000;
/** Between knocks at a gateway that says no. */
const ANSWERED_MS = 1000;

/** Nobody answered. */
const SILENCE = null;
type Answer = number | typeof SILENCE;

/** The status of the host's answer to GET without credentials; SILENCE where it hangs up, or says nothing in time. */
async function get(socket: Socket, url: URL, patience: AbortSignal): Promise<Answer> {
  socket.write(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
  const signal = AbortSignal.any([patience, AbortSignal.timeout(WORDS_MS)]);
  const [piece] = (await Promise.race([
    once(socket, 'data', { signal }),
    once(socket, 'close', { signal }),
  ])) as [unknown];
  const words = Buffer.isBuffer(piece) ? piece.toString('latin1') : '';
  const status = /^(?:HTTP\/\d\.\d|ICY) (\d{3})/.exec(words)?.[1];
  return status === undefined ? SILENCE : Number(status);
}

/**
 * A host that is asked for its stream, and hung up on when it begins to answer. Nobody is there also where a forwarder
 * takes the call and hangs up or says nothing, or a gateway answers that its server is away; what counts is the first
 * other answer after that. A server that was there all along has refused the stream for a reason of its own, and is not
 * knocked at again before the next attempt.
 *
 * A listener that takes one caller is lost to the knock. Whoever is gone right after one is left alone until an
 * attempt does well.
 */
export class HttpDoor implements Door {
  readonly #options: KnockOptions;
  /** Nobody took the latest call, or a forwarder alone. */
  #absent = false;
  /** The attempt that is under way was made because a knock had been answered. */
  #letIn = false;
  #leftAlone = false;

  constructor(options: KnockOptions) {
    this.#options = options;
  }

  /** An attempt that met a forwarder alone may hang until it is given up: who comes back meanwhile is not its peer. */
  get knocksOn(): boolean {
    return this.#absent;
  }

  forget(): void {
    this.#absent = false;
    this.#letIn = false;
    this.#leftAlone = false;
  }

  failed(reason: string): boolean {
    if (this.#letIn && reason === 'source-refused') this.#leftAlone = true;
    // It said nothing, unless it says words to a knock and nothing more after them.
    if (reason === 'source-timeout' && !this.#letIn) this.#absent = true;
    this.#letIn = false;
    if (!MAYBE_NOBODY.has(reason)) this.#absent = false;
    return MAYBE_NOBODY.has(reason) && !this.#leftAlone;
  }

  /** Until somebody answers where nobody did. */
  async opens(signal: AbortSignal): Promise<boolean> {
    const { url } = this.#options;
    for (;;) {
      const answer = await knock(this.#options, url.protocol === 'https:', signal, (socket, patience) =>
        get(socket, url, patience),
      );
      if (signal.aborted) return false;
      const wasAbsent = this.#absent;
      this.#absent = answer === SILENCE || GATEWAY_ALONE.has(answer);
      if (!this.#absent) {
        this.#letIn = wasAbsent;
        return wasAbsent;
      }
      await sleep(answer === SILENCE ? SILENT_MS : ANSWERED_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

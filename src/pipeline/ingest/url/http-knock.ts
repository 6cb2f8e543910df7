/** Asks an absent HTTP source's host for a sign of life. */

import { type Answerer, HostDoor } from './host-door.ts';
import { type KnockOptions, knock, SILENCE, statusOf } from './knock.ts';

/** Said by a gateway whose server is away (RFC 9110 section 15.6). */
const GATEWAY_ALONE: ReadonlySet<number> = new Set([502, 503, 504]);

const STATUS_LINE = /^(?:HTTP\/\d\.\d|ICY) (\d{3})/;

/** From the connection to the first word. Short, for who comes back during it is only found by the next knock. */
const WORDS_MS = 1000;

/**
 * A host that is asked for its stream by GET, without credentials, and hung up on when it begins to answer. A redirect
 * is an answer, and not followed. Nobody is there also where a forwarder takes the call and hangs up or says nothing.
 */
export class HttpDoor extends HostDoor {
  protected readonly hears = true;
  readonly #options: KnockOptions;

  constructor(options: KnockOptions) {
    super();
    this.#options = options;
  }

  protected async ask(signal: AbortSignal): Promise<Answerer | typeof SILENCE> {
    const { url } = this.#options;
    const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
    const status = await knock(this.#options, url.protocol === 'https:', signal, (socket, patience) =>
      statusOf(socket, request, STATUS_LINE, AbortSignal.any([patience, AbortSignal.timeout(WORDS_MS)])),
    );
    if (status === SILENCE) return SILENCE;
    return GATEWAY_ALONE.has(status) ? 'gateway' : 'host';
  }
}

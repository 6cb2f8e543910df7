/** Finds out when the host of an absent RTMP source takes connections again. */

import { type Answerer, HostDoor } from './host-door.ts';
import { type KnockOptions, knock } from './knock.ts';

/**
 * A host that is knocked at by a TCP connection on which nothing is said. A connection tells no more than that somebody
 * is there.
 */
export class TcpDoor extends HostDoor {
  protected readonly hears = false;
  readonly #options: KnockOptions;

  constructor(options: KnockOptions) {
    super();
    this.#options = options;
  }

  protected async ask(signal: AbortSignal): Promise<Answerer> {
    return await knock(this.#options, false, signal, () => 'host' as const);
  }
}

/** Who watches: lets handshakes for heatmaps in, and knows by whose token each of them sees. */

import type { IncomingMessage } from 'node:http';
import { EarsightError } from '../../pipeline/errors.ts';
import type { Sight } from '../fan-out/sight.ts';
import { type Access, changedMeanwhile } from './access.ts';
import { EVERYONE, hasRole, mayOn, type Principal } from './principal.ts';

export class Viewers {
  readonly #access: () => Access;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #holders = new WeakMap<Sight, Principal>();

  /** @param access - as the configuration in force has it: asked anew each time */
  constructor(access: () => Access, addressOf: (request: IncomingMessage) => string) {
    this.#access = access;
    this.#addressOf = addressOf;
  }

  /**
   * @param ticket - of the handshake's address, in place of a token in its header
   * @throws EarsightError `unauthorized`, `forbidden`, `too-many-attempts`
   */
  async admit(request: IncomingMessage, ticket: string | null): Promise<Sight> {
    const address = this.#addressOf(request);
    const access = this.#access();
    const principal =
      ticket === null
        ? await access.authenticate(request.headers.authorization, address)
        : await access.redeem(ticket, address);
    if (!hasRole(principal, 'view')) {
      throw new EarsightError(
        'forbidden',
        `The token "${principal.name}" may not see heatmaps: it lacks the role view.`,
      );
    }
    if (!this.#access().stands(principal)) throw changedMeanwhile(principal);
    const sight: Sight = {
      sees: (streamId) => mayOn(principal, 'view', streamId),
      ...(principal === EVERYONE ? {} : { holder: principal.name }),
    };
    this.#holders.set(sight, principal);
    return sight;
  }

  /** Whether the token that a sight was given for still stands. */
  isWelcome(sight: Sight): boolean {
    const holder = this.#holders.get(sight);
    return holder === undefined || this.#access().stands(holder);
  }
}

/**
 * Tickets for the WebSocket: a browser can put no header on its handshake, and a token in a URL ends up in logs and
 * histories. A ticket is good once, for some seconds.
 */

import { randomBytes } from 'node:crypto';
import { sha256 } from './token-hash.ts';

/** One holder may have this many that are not used yet; the oldest goes first. A page needs one at a time. */
const MAX_PER_HOLDER = 256;

/** The token that a ticket stands in for, as the configuration has it. */
export interface TicketToken {
  name: string;
  /** Null for everyone, where no token is asked for. */
  hash: string | null;
}

interface Ticket {
  token: TicketToken;
  expiresAtMs: number;
}

/** Outlives a reload of the configuration: what a token may do is looked up when its ticket is used. Times are monotonic. */
export class Tickets {
  /** By digest, so that a look-up tells nothing of how much of a guess was right. Per holder, oldest first. */
  readonly #holders = new Map<string, Map<string, Ticket>>();

  /** 192 random bits, base64url. */
  issue(token: TicketToken, nowMs: number, lifeMs: number): string {
    const ticket = randomBytes(24).toString('base64url');
    const held = this.#holders.get(token.name) ?? new Map<string, Ticket>();
    this.#holders.set(token.name, held);
    for (const [digest, { expiresAtMs }] of held) {
      if (expiresAtMs > nowMs && held.size < MAX_PER_HOLDER) break;
      held.delete(digest);
    }
    held.set(sha256(ticket).toString('hex'), { token, expiresAtMs: nowMs + lifeMs });
    return ticket;
  }

  /** Uses the ticket up. Null when there is none such, it was used, or its time is over. */
  redeem(ticket: string, nowMs: number): TicketToken | null {
    const digest = sha256(ticket).toString('hex');
    for (const held of this.#holders.values()) {
      const found = held.get(digest);
      if (found === undefined) continue;
      held.delete(digest);
      return found.expiresAtMs > nowMs ? found.token : null;
    }
    return null;
  }
}

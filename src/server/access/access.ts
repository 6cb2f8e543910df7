/** Decides who a request comes from: by its bearer token (RFC 6750) or its ticket, or everyone where none is asked for. */

import { createHmac, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../pipeline/clock.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { addressKey } from './client-address.ts';
import type { LimitReason } from './limit-reason.ts';
import { Limiter } from './limiter.ts';
import { EVERYONE, type Principal, type Role } from './principal.ts';
import { Tickets, type TicketToken } from './tickets.ts';
import { matchesPassphrase, matchesRandom, parseTokenHash, sha256, type TokenHash } from './token-hash.ts';

/** A token as the configuration has it. */
export interface TokenEntry {
  name: string;
  /** `sha256:...` or `scrypt:...`. */
  hash: string;
  roles: readonly Role[];
  streams: readonly string[] | null;
}

export interface AccessSettings {
  /** Whether a token is asked for at all. */
  required: boolean;
  tokens: readonly TokenEntry[];
  /** How long a ticket is good, in milliseconds. */
  ticketMs: number;
}

/** Longer ones are nobody's. */
const MAX_TOKEN_CHARS = 512;
/** Passphrases checked at a time: each takes 32 MiB and a thread of the pool that files and names also need. */
const MAX_SCRYPTS = 2;
/** Wrong tokens of an address. */
const FAILURES = { burst: 10, refillMs: 6_000, maxKeys: 4_096 };

/**
 * Wrong tokens are counted by address. An address that failed too often is answered `too-many-attempts`, except
 * where its token is one of the random ones: those cannot be guessed, so their holders are not shut out by a
 * neighbour behind the same router.
 */
export class Access {
  readonly required: boolean;
  readonly #entries: { principal: Principal; hash: TokenHash; token: TicketToken }[];
  readonly #tickets: Tickets;
  readonly #ticketMs: number;
  readonly #failures: Limiter;
  readonly #clock: Clock;
  readonly #onLimited: (reason: LimitReason) => void;
  /** Passphrases that were right, so that scrypt runs once for each and not for each request. */
  readonly #known = new Map<string, Principal>();
  readonly #memoryKey = randomBytes(32);
  #scrypts = 0;

  /**
   * @param onLimited told of each `too-many-attempts`
   * @param before what was in force: wrong tokens that were counted count on, tickets that were not used are good for
   * as long as their token stands, and a token that did not change keeps its {@link Principal}
   * @throws EarsightError `bad-config` for a hash that is none
   */
  constructor(
    settings: AccessSettings,
    clock: Clock = systemClock,
    onLimited: (reason: LimitReason) => void = () => undefined,
    before: Access | null = null,
  ) {
    this.#failures = before === null ? new Limiter(FAILURES) : before.#failures;
    this.required = settings.required;
    this.#tickets = before === null ? new Tickets() : before.#tickets;
    this.#ticketMs = settings.ticketMs;
    this.#clock = clock;
    this.#onLimited = onLimited;
    this.#entries = settings.tokens.map(({ name, hash, roles, streams }) => {
      const parsed = parseTokenHash(hash);
      if (parsed === null)
        throw new EarsightError(
          'bad-config',
          `The hash of the token "${name}" is none. "earsight token" makes one.`,
        );
      const principal = { name, roles, streams };
      const token = { name, hash };
      const same = before === null ? undefined : before.#principalOf(principal, token);
      return { principal: same ?? principal, hash: parsed, token };
    });
  }

  /**
   * Whether one that was let in, by this or by what was in force before it, would be let in now and for the same. What
   * lasts is held against it when the configuration changes, and when it begins: its token may have been changed since
   * it was read.
   */
  stands(principal: Principal): boolean {
    return !this.required || this.#entries.some((entry) => entry.principal === principal);
  }

  /**
   * @param authorization the request's header of that name
   * @param address where it comes from
   * @throws EarsightError `unauthorized`, `too-many-attempts` (`details.retryAfterS`)
   */
  async authenticate(authorization: string | undefined, address: string): Promise<Principal> {
    if (!this.required) return EVERYONE;
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw unauthorized('This server asks for a token. Send it as "Authorization: Bearer ...".');
    }
    const principal =
      this.#ofRandom(token) ?? (await this.#counted(address, () => this.#ofPassphrase(token)));
    if (principal === null) {
      throw unauthorized(
        'The token is not one of this server. "earsight token" makes one for its configuration.',
      );
    }
    return principal;
  }

  /** @throws EarsightError as {@link authenticate} */
  async redeem(ticket: string, address: string): Promise<Principal> {
    if (!this.required) return EVERYONE;
    const principal = this.#ofTicket(ticket) ?? (await this.#counted(address, () => Promise.resolve(null)));
    if (principal === null) {
      throw unauthorized(
        'The ticket was used before, its time is over, or its token is gone. POST /api/v1/tickets gives another.',
      );
    }
    return principal;
  }

  /** A ticket for one WebSocket handshake. */
  issueTicket(principal: Principal): { ticket: string; expiresInMs: number } {
    const { name } = principal;
    const token = this.#entries.find((entry) => entry.principal === principal)?.token ?? { name, hash: null };
    return { ticket: this.#tickets.issue(token, this.#nowMs(), this.#ticketMs), expiresInMs: this.#ticketMs };
  }

  /** With what its token may do now, which need not be what it was when the ticket was given. */
  #ofTicket(ticket: string): Principal | null {
    const token = this.#tickets.redeem(ticket, this.#nowMs());
    if (token === null) return null;
    const { name, hash } = token;
    return (
      this.#entries.find((entry) => entry.token.name === name && entry.token.hash === hash)?.principal ?? null
    );
  }

  #principalOf(principal: Principal, token: TicketToken): Principal | undefined {
    const isSame = (entry: { principal: Principal; token: TicketToken }): boolean =>
      isDeepStrictEqual([entry.principal, entry.token], [principal, token]);
    return this.#entries.find(isSame)?.principal;
  }

  /** Every hash is looked at, so that the time taken does not tell which one fits. */
  #ofRandom(token: string): Principal | null {
    if (token.length > MAX_TOKEN_CHARS) return null;
    const digest = sha256(token);
    let found: Principal | null = null;
    for (const { principal, hash } of this.#entries) {
      if (matchesRandom(hash, token, digest)) found = principal;
    }
    return found;
  }

  async #ofPassphrase(token: string): Promise<Principal | null> {
    const hashes = this.#entries.filter(({ hash }) => hash.kind === 'scrypt');
    if (hashes.length === 0 || token.length > MAX_TOKEN_CHARS) return null;
    const memory = createHmac('sha256', this.#memoryKey).update(token).digest('hex');
    const known = this.#known.get(memory);
    if (known !== undefined) return known;
    if (this.#scrypts >= MAX_SCRYPTS) {
      this.#onLimited('passphrases');
      throw tooMany(1);
    }
    this.#scrypts += 1;
    try {
      let found: Principal | null = null;
      for (const { principal, hash } of hashes) {
        if (await matchesPassphrase(hash, token)) found = principal;
      }
      if (found !== null) this.#known.set(memory, found);
      return found;
    } finally {
      this.#scrypts -= 1;
    }
  }

  /** Counts a try against the address before it is made, so that many at once are no way around the limit. */
  async #counted(address: string, attempt: () => Promise<Principal | null>): Promise<Principal | null> {
    const nowMs = this.#nowMs();
    const key = addressKey(address);
    if (!this.#failures.take(key, nowMs)) {
      this.#onLimited('wrong-tokens');
      throw tooMany(Math.ceil(this.#failures.waitMs(key, nowMs) / 1000));
    }
    const found = await attempt();
    if (found !== null) this.#failures.giveBack(key);
    return found;
  }

  #nowMs(): number {
    return this.#clock.monotonicUs() / 1000;
  }
}

/** For what would last and was asked for with a token that no longer {@link Access.stands}. */
export function changedMeanwhile({ name }: Principal): EarsightError {
  return unauthorized(`The token "${name}" was changed while this was asked for. Ask again.`);
}

function unauthorized(message: string): EarsightError {
  return new EarsightError('unauthorized', message);
}

function tooMany(retryAfterS: number): EarsightError {
  return new EarsightError(
    'too-many-attempts',
    `Too many wrong tokens came from here. Wait ${retryAfterS} s.`,
    {
      retryable: true,
      details: { retryAfterS },
    },
  );
}

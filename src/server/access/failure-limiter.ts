/** How many wrong tokens an address may try: a bucket of tries for each, refilled slowly, in bounded memory. */

import { isIP } from 'node:net';
import { plainAddress } from '../../pipeline/ip-ranges.ts';

export interface FailureLimits {
  /** Tries at once. */
  burst: number;
  /** Then one more after each of these, in milliseconds. */
  refillMs: number;
  /** Addresses remembered; the one that failed longest ago is forgotten first. */
  maxAddresses: number;
}

export const FAILURE_LIMITS: FailureLimits = { burst: 10, refillMs: 6_000, maxAddresses: 4_096 };

/** Times are monotonic milliseconds. */
export class FailureLimiter {
  readonly #limits: FailureLimits;
  /** Tries spent and when that was counted, the least recent first. */
  readonly #spent = new Map<string, { tries: number; atMs: number }>();

  constructor(limits: FailureLimits = FAILURE_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#spent.size;
  }

  /** Takes one try, before it is known whether it fails; {@link giveBack} it when it does not. */
  take(address: string, nowMs: number): boolean {
    const { burst, maxAddresses } = this.#limits;
    const key = limitKey(address);
    const tries = this.#triesOf(key, nowMs);
    if (tries + 1 > burst) return false;
    this.#spent.delete(key);
    this.#spent.set(key, { tries: tries + 1, atMs: nowMs });
    const [oldest] = this.#spent.keys();
    if (oldest !== undefined && this.#spent.size > maxAddresses) this.#spent.delete(oldest);
    return true;
  }

  giveBack(address: string): void {
    const entry = this.#spent.get(limitKey(address));
    if (entry !== undefined) entry.tries = Math.max(0, entry.tries - 1);
  }

  /** Until the next try, in milliseconds; 0 when there is one now. */
  waitMs(address: string, nowMs: number): number {
    const over = this.#triesOf(limitKey(address), nowMs) + 1 - this.#limits.burst;
    return Math.max(0, Math.ceil(over * this.#limits.refillMs));
  }

  #triesOf(key: string, nowMs: number): number {
    const entry = this.#spent.get(key);
    if (entry === undefined) return 0;
    return Math.max(0, entry.tries - (nowMs - entry.atMs) / this.#limits.refillMs);
  }
}

/** One household or machine: an IPv4 address, or the first 64 bits of an IPv6 one, of which each has as many as it likes. */
function limitKey(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = (tail ?? '').split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length + rest.length < 8) groups.push('0');
  return [...groups, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/**
 * How often WHIP may be asked, by the address that asks and by its token: each POST starts a process (RFC 9725
 * section 5, flooding by POST, PATCH and DELETE).
 */

import { systemClock } from '../../pipeline/clock.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { addressKey } from './client-address.ts';
import type { LimitReason } from './limit-reason.ts';
import { Limiter } from './limiter.ts';
import { ownerOf, type Principal } from './principal.ts';

/** Each is for one address, and for one token again. So many may also come at once. */
export interface PublishingRates {
  /** POSTs of offers. */
  whipPostsPerMinute: number;
  /** PATCHes and DELETEs of sessions. */
  whipPatchesPerMinute: number;
}

export type PublishingRequest = 'post' | 'patch';

const MAX_KEYS = 4_096;

export class PublishingLimits {
  readonly #rates: PublishingRates;
  readonly #posts: PerPublisher;
  readonly #patches: PerPublisher;
  readonly #clock: Clock;
  readonly #onLimited: (reason: LimitReason) => void;

  /**
   * @param onLimited told of each refusal
   * @param before what was in force: where a rate is the same, what was counted counts on
   */
  constructor(
    { whipPostsPerMinute, whipPatchesPerMinute }: PublishingRates,
    clock: Clock = systemClock,
    onLimited: (reason: LimitReason) => void = () => undefined,
    before: PublishingLimits | null = null,
  ) {
    this.#rates = { whipPostsPerMinute, whipPatchesPerMinute };
    this.#posts =
      before !== null && before.#rates.whipPostsPerMinute === whipPostsPerMinute
        ? before.#posts
        : perPublisher(whipPostsPerMinute);
    this.#patches =
      before !== null && before.#rates.whipPatchesPerMinute === whipPatchesPerMinute
        ? before.#patches
        : perPublisher(whipPatchesPerMinute);
    this.#clock = clock;
    this.#onLimited = onLimited;
  }

  /**
   * Counts a request; one that is refused is not counted.
   * @throws EarsightError `too-many-requests` (`details.retryAfterS`)
   */
  require(request: PublishingRequest, address: string, principal: Principal): void {
    const nowMs = this.#clock.monotonicUs() / 1000;
    const { byAddress, byToken } = request === 'post' ? this.#posts : this.#patches;
    const key = addressKey(address);
    const token = ownerOf(principal);
    const addressWaitMs = byAddress.waitMs(key, nowMs);
    const tokenWaitMs = token === null ? 0 : byToken.waitMs(token, nowMs);
    const waitMs = Math.max(addressWaitMs, tokenWaitMs);
    if (waitMs > 0) {
      const by = addressWaitMs > 0 ? 'address' : 'token';
      this.#onLimited(`whip-${request}-${by}`);
      throw tooMany(request, by, Math.ceil(waitMs / 1000));
    }
    byAddress.take(key, nowMs);
    if (token !== null) byToken.take(token, nowMs);
  }
}

interface PerPublisher {
  byAddress: Limiter;
  byToken: Limiter;
}

function perPublisher(perMinute: number): PerPublisher {
  const settings = { burst: perMinute, refillMs: 60_000 / perMinute, maxKeys: MAX_KEYS };
  return { byAddress: new Limiter(settings), byToken: new Limiter(settings) };
}

function tooMany(request: PublishingRequest, by: 'address' | 'token', retryAfterS: number): EarsightError {
  const setting = request === 'post' ? 'whipPostsPerMinute' : 'whipPatchesPerMinute';
  const from = by === 'address' ? 'from here' : 'with this token';
  return new EarsightError(
    'too-many-requests',
    `Too many requests to publish came ${from}. Wait ${retryAfterS} s; limits.${setting} sets how many may.`,
    { retryable: true, details: { retryAfterS } },
  );
}

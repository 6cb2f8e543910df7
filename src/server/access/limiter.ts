/** How often somebody may do something: a bucket of tries for each, refilled slowly, in bounded memory. */

export interface LimiterSettings {
  /** Tries at once. */
  burst: number;
  /** Then one more after each of these, in milliseconds. */
  refillMs: number;
  /** Keys remembered; the one that tried longest ago is forgotten first. */
  maxKeys: number;
}

/** Times are monotonic milliseconds. */
export class Limiter {
  readonly #settings: LimiterSettings;
  /** Tries spent and when that was counted, the least recent first. */
  readonly #spent = new Map<string, { tries: number; atMs: number }>();

  constructor(settings: LimiterSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#spent.size;
  }

  /** Takes one try, if there is one. Of what counts failures alone, {@link giveBack} those that were none. */
  take(key: string, nowMs: number): boolean {
    const { burst, maxKeys } = this.#settings;
    const tries = this.#triesOf(key, nowMs);
    if (tries + 1 > burst) return false;
    this.#spent.delete(key);
    this.#spent.set(key, { tries: tries + 1, atMs: nowMs });
    const [oldest] = this.#spent.keys();
    if (oldest !== undefined && this.#spent.size > maxKeys) this.#spent.delete(oldest);
    return true;
  }

  giveBack(key: string): void {
    const entry = this.#spent.get(key);
    if (entry !== undefined) entry.tries = Math.max(0, entry.tries - 1);
  }

  /** Until the next try, in milliseconds; 0 when there is one now. */
  waitMs(key: string, nowMs: number): number {
    const over = this.#triesOf(key, nowMs) + 1 - this.#settings.burst;
    return Math.max(0, Math.ceil(over * this.#settings.refillMs));
  }

  #triesOf(key: string, nowMs: number): number {
    const entry = this.#spent.get(key);
    if (entry === undefined) return 0;
    return Math.max(0, entry.tries - (nowMs - entry.atMs) / this.#settings.refillMs);
  }
}

/** Counts events in consecutive windows of time: the limit on what a client may send. */

export class WindowCounter {
  readonly #limit: number;
  readonly #windowMs: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** At most `limit` events in one window; a window begins with the first event after the last one's end. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one event. `nowMs` is monotonic. @returns whether the limit is reached. */
  reaches(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#windowStartMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count >= this.#limit;
  }
}

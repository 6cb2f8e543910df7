/** Which sources may have spoilt a batch, so that one bad input costs its own source and nobody else. */

/** Lone failures until a source has to pause. */
const PATIENCE = 2;
const FIRST_PAUSE_US = 500_000;
/** Short, as a broken engine looks like a broken source: when it is back, nobody waits long. */
const LONGEST_PAUSE_US = 5_000_000;
/** Where the engine has answered others since: each trial may cost them a worker. */
const LONGEST_PAUSE_OF_GUILTY_US = 30_000_000;

interface Record {
  loneFailures: number;
  failedUs: number;
  pausedUntilUs: number;
}

/**
 * A batch that fails makes suspects of all its members. A suspect's input is tried alone: what succeeds is cleared,
 * what fails again pauses its source, twice as long each time. Holds nothing of a source that is gone.
 */
export class Suspects<K extends object> {
  readonly #records = new WeakMap<K, Record>();
  #lastSuccessUs = Number.NEGATIVE_INFINITY;

  /** Whether its input should be tried alone. */
  has(source: K): boolean {
    return this.#records.has(source);
  }

  /** Whether its input should not be tried at all now. */
  isPaused(source: K, nowUs: number): boolean {
    return (this.#records.get(source)?.pausedUntilUs ?? 0) > nowUs;
  }

  succeeded(source: K, nowUs: number): void {
    this.#records.delete(source);
    this.#lastSuccessUs = nowUs;
  }

  failed(members: readonly K[], nowUs: number): void {
    for (const source of members) {
      const record = this.#records.get(source) ?? { loneFailures: 0, failedUs: nowUs, pausedUntilUs: 0 };
      const isGuilty = this.#lastSuccessUs > record.failedUs;
      record.failedUs = nowUs;
      this.#records.set(source, record);
      if (members.length > 1) continue;
      record.loneFailures++;
      const doublings = record.loneFailures - PATIENCE;
      if (doublings < 0) continue;
      const longestUs = isGuilty ? LONGEST_PAUSE_OF_GUILTY_US : LONGEST_PAUSE_US;
      record.pausedUntilUs = nowUs + Math.min(FIRST_PAUSE_US * 2 ** doublings, longestUs);
    }
  }
}

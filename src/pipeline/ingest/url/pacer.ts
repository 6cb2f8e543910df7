/** Plays a recording, or a live source that comes seconds at a time, at its own pace. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ports.ts';

/** Further behind than this it is not hurried after: the machine is too slow or was asleep, or a segment came late. */
const maxLagUs = 500_000;

/** Ties media time to the machine's clock at the first packet. */
export class Pacer {
  readonly #clock: Clock;
  #originUs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the packet at media time `us` is due; at once where it is late. Rejects when `signal` aborts. */
  async until(us: number, signal: AbortSignal): Promise<void> {
    const nowUs = this.#clock.monotonicUs();
    this.#originUs ??= nowUs - us;
    const waitUs = this.#originUs + us - nowUs;
    if (waitUs < -maxLagUs) this.#originUs = nowUs - us;
    if (waitUs >= 1000) await sleep(waitUs / 1000, undefined, { signal });
  }
}

/** A clock that stands still until a test moves it. */

import type { Clock } from '../../src/pipeline/ports.ts';

export class FakeClock implements Clock {
  #nowUs = 1_000_000_000;
  readonly #wallOriginMs = Date.UTC(2026, 0, 1) - 1_000_000;

  monotonicUs(): number {
    return this.#nowUs;
  }

  wallMs(): number {
    return this.#wallOriginMs + this.#nowUs / 1000;
  }

  advance(us: number): void {
    this.#nowUs += us;
  }
}

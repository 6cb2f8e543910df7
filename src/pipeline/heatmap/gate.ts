/** Decides whether a class sounds: two thresholds and least dwell times, so that doubt does not flicker. */

export interface GateOptions {
  /** Calibrated probability at which the gate opens, and below which it closes; `off <= on`. */
  on: number;
  off: number;
  /** Least time in either state once it was entered. The first opening is immediate. */
  minOnUs: number;
  minOffUs: number;
}

export class Gate {
  readonly #options: GateOptions;
  #open = false;
  #changedUs = Number.NEGATIVE_INFINITY;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether the gate is open after `probability` was seen at `ptsUs`, which must not go back. */
  update(probability: number, ptsUs: number): boolean {
    const { on, off, minOnUs, minOffUs } = this.#options;
    const heldUs = ptsUs - this.#changedUs;
    const change = this.#open
      ? probability < off && heldUs >= minOnUs
      : probability >= on && heldUs >= minOffUs;
    if (change) {
      this.#open = !this.#open;
      this.#changedUs = ptsUs;
    }
    return this.#open;
  }

  /** Closed, and free to open at once. */
  reset(): void {
    this.#open = false;
    this.#changedUs = Number.NEGATIVE_INFINITY;
  }
}

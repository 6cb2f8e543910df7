/** Steadies one class's map over time, equally at every frame rate. */

/**
 * Exponential moving average whose weight follows the time between frames, so that `smoothingMs` is a time
 * constant (63 % of a step) at 5 as at 60 frames a second. The first map after a reset is taken as it is.
 */
export class MapSmoother {
  readonly #timeConstantUs: number;
  readonly #state: Float32Array;
  #lastUs: number | null = null;

  /** `smoothingMs` 0 passes maps through. */
  constructor(cells: number, smoothingMs: number) {
    this.#timeConstantUs = smoothingMs * 1000;
    this.#state = new Float32Array(cells);
  }

  /** The smoothed map: a view of the smoother's own memory, valid until the next call. */
  update(map: Float32Array, ptsUs: number): Float32Array {
    const state = this.#state;
    const last = this.#lastUs;
    this.#lastUs = ptsUs;
    if (last === null || this.#timeConstantUs === 0) {
      state.set(map);
      return state;
    }
    const weight = 1 - Math.exp(-(ptsUs - last) / this.#timeConstantUs);
    for (let cell = 0; cell < state.length; cell++) {
      state[cell]! += weight * (map[cell]! - state[cell]!);
    }
    return state;
  }

  reset(): void {
    this.#lastUs = null;
  }
}

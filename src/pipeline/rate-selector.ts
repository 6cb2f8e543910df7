/** Caps a frame rate by selecting frames on an ideal grid of media time; never re-times. Pure. */

/**
 * A frame is taken when it is at most half a grid step early, so that jitter costs nothing and 30 -> 10 is every
 * third frame; over time no more than `maxRateHz` frames are taken. A gap or a clock that jumps re-anchors the grid.
 */
export class RateSelector {
  #stepUs: number;
  #dueUs: number | null = null;

  /** @param maxRateHz null takes every frame. */
  constructor(maxRateHz: number | null) {
    this.#stepUs = maxRateHz === null ? 0 : 1e6 / maxRateHz;
  }

  set maxRateHz(maxRateHz: number | null) {
    this.#stepUs = maxRateHz === null ? 0 : 1e6 / maxRateHz;
    this.#dueUs = null;
  }

  take(ptsUs: number): boolean {
    const stepUs = this.#stepUs;
    if (stepUs === 0) return true;
    const dueUs = this.#dueUs;
    if (dueUs === null || ptsUs > dueUs + stepUs || ptsUs < dueUs - 2 * stepUs) {
      this.#dueUs = ptsUs + stepUs;
      return true;
    }
    if (ptsUs < dueUs - stepUs / 2) return false;
    this.#dueUs = dueUs + stepUs;
    return true;
  }

  /** After a reconnect: times start anew. */
  reset(): void {
    this.#dueUs = null;
  }
}

/** Caps a frame rate by choosing frames, never by moving them in time. */

/**
 * Chooses the frames nearest to an ideal grid of media time, so that 30 a second capped at 10 is every third, and
 * 25 capped at 10 is ten a second in the long run. One per connection.
 */
export class FrameSelector {
  readonly #intervalUs: number;
  #dueUs: number | null = null;
  #lastUs = 0;
  #stepUs = 0;

  /** @param maxRateHz - most frames a second; null lets all pass. */
  constructor(maxRateHz: number | null) {
    this.#intervalUs = maxRateHz === null ? 0 : 1e6 / maxRateHz;
  }

  /** True where the frame at `ptsUs` is one to keep. Call once per frame, in the order of presentation. */
  take(ptsUs: number): boolean {
    if (this.#intervalUs === 0) return true;
    if (this.#dueUs === null || ptsUs < this.#lastUs) {
      this.#lastUs = ptsUs;
      this.#dueUs = ptsUs + this.#intervalUs;
      return true;
    }
    // The shortest recent step is the camera's own; a lost frame must not widen the reach of the grid point.
    const stepUs = ptsUs - this.#lastUs;
    this.#stepUs = this.#stepUs === 0 ? stepUs : Math.min(stepUs, this.#stepUs * 1.05);
    this.#lastUs = ptsUs;
    if (ptsUs < this.#dueUs - this.#stepUs / 2) return false;
    // After a gap, or where the camera is slower than the cap, the grid starts anew instead of owing frames.
    const late = ptsUs - this.#dueUs >= this.#intervalUs;
    this.#dueUs = (late ? ptsUs : this.#dueUs) + this.#intervalUs;
    return true;
  }
}

/** Caps a frame rate by choosing frames on an even grid of media time, never by moving them in time. Pure. */

/** A gap of so many grid steps ends the grid: it begins anew at the frame after the gap. */
const MAX_GAP_STEPS = 2;
/** How quickly the estimate of the camera's own step follows; a lost frame may widen it by a sixteenth at most. */
const STEP_WEIGHT = 1 / 8;
const MAX_STEP_GROWTH = 1.5;

/**
 * Chooses for each grid point the frame nearest to it: 30 a second capped at 10 is every third, from the first frame
 * on, and of 25 capped at 10 each is within 20 ms of its grid point. Nearest means at most half a step of the camera
 * early, so jitter moves no choice until it reaches that half, and a camera at the cap or below it loses no frame but
 * perhaps one at its start. Of any stretch of `t` seconds at most `t * maxRateHz + 3` frames are taken.
 *
 * Selectors may follow each other at one cap (in the media child and in the session): the second takes what the first
 * took. One per connection, or {@link reset} in between.
 */
export class FrameSelector {
  /** Between grid points; 0: all frames pass. */
  #intervalUs: number;
  /** The next grid point; null before the first frame. */
  #dueUs: number | null = null;
  #lastUs = 0;
  /** Between the camera's frames, smoothed; 0 before the second. */
  #stepUs = 0;

  /** @param maxRateHz - most frames a second; null lets all pass. */
  constructor(maxRateHz: number | null) {
    this.#intervalUs = intervalOf(maxRateHz);
  }

  /** The grid begins anew with the next frame. */
  set maxRateHz(maxRateHz: number | null) {
    this.#intervalUs = intervalOf(maxRateHz);
    this.reset();
  }

  /** True where the frame at `ptsUs` is one to keep. Call once per frame, in the order of presentation. */
  take(ptsUs: number): boolean {
    const intervalUs = this.#intervalUs;
    if (intervalUs === 0) return true;
    if (this.#dueUs === null || ptsUs < this.#lastUs) {
      this.reset();
      return this.#beginAt(ptsUs);
    }
    const stepUs = this.#seeStep(ptsUs - this.#lastUs);
    this.#lastUs = ptsUs;
    const lateUs = ptsUs - this.#dueUs;
    if (lateUs < -Math.min(stepUs, intervalUs) / 2) return false;
    if (lateUs >= MAX_GAP_STEPS * intervalUs) return this.#beginAt(ptsUs);
    // Points that went by without a frame are not owed; half a step of grace, else jitter would pass them over.
    const passed = Math.max(0, Math.floor(lateUs / intervalUs - 0.5));
    this.#dueUs += (passed + 1) * intervalUs;
    return true;
  }

  /** After a reconnect: times start anew. */
  reset(): void {
    this.#dueUs = null;
    this.#stepUs = 0;
  }

  #beginAt(ptsUs: number): true {
    this.#lastUs = ptsUs;
    this.#dueUs = ptsUs + this.#intervalUs;
    return true;
  }

  #seeStep(stepUs: number): number {
    const knownUs = this.#stepUs;
    this.#stepUs =
      knownUs === 0
        ? stepUs
        : knownUs + (Math.min(stepUs, MAX_STEP_GROWTH * knownUs) - knownUs) * STEP_WEIGHT;
    return this.#stepUs;
  }
}

function intervalOf(maxRateHz: number | null): number {
  return maxRateHz === null ? 0 : 1e6 / maxRateHz;
}

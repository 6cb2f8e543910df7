/** Places audio chunks on one integer sample axis, although their stamps are rounded, drift, gap and jump. */

import { sampleAt, timeOfSample } from './sample-time.ts';

export interface AudioTimelineOptions {
  rateHz: number;
  /** A chunk that starts further than this from where it is expected, either way, re-anchors the axis. */
  jumpSamples: number;
}

/** Where a chunk goes. `jumped`: nothing before it is comparable any more. */
export interface Placement {
  position: number;
  jumped: boolean;
}

/**
 * A stamp this far from the expected position is still the next sample: stamps rounded to 1 ms (RTMP,
 * Matroska) stay below it, the loss of the shortest packet in use (10 ms) exceeds it.
 */
const TOLERANCE_MS = 5;
/** A mean deviation up to this is rounding; beyond it, the sender's sample clock and its stamps drift apart. */
const DEADBAND_MS = 2;
/** Time constant of that mean. With it 1000 ppm of drift still stays within the tolerance. */
const MEAN_MS = 2_000;

/**
 * Sample positions count from the audio clock's zero. Chunks within the tolerance are contiguous, whatever their
 * stamps say. When the stamps drift away from the sample count, the *mapping* of times to positions follows in
 * whole samples and the samples stay where they are: no click, no lost or repeated sample.
 */
export class AudioTimeline {
  readonly #rateHz: number;
  #jump: number;
  readonly #tolerance: number;
  readonly #deadband: number;
  readonly #meanSamples: number;
  /** Position of a time, less what its stamp alone says. */
  #shift = 0;
  /** Position after the last sample; null before the first chunk. */
  #next: number | null = null;
  #meanDeviation = 0;

  constructor(options: AudioTimelineOptions) {
    this.#rateHz = options.rateHz;
    this.#jump = options.jumpSamples;
    this.#tolerance = Math.round((TOLERANCE_MS * options.rateHz) / 1000);
    this.#deadband = Math.round((DEADBAND_MS * options.rateHz) / 1000);
    this.#meanSamples = (MEAN_MS * options.rateHz) / 1000;
  }

  /** May be changed while running: {@link AudioTimelineOptions.jumpSamples}. */
  set jumpSamples(samples: number) {
    this.#jump = samples;
  }

  /** Forgets all; the next chunk anchors the axis at its own stamp. */
  reset(): void {
    this.#shift = 0;
    this.#next = null;
    this.#meanDeviation = 0;
  }

  /** The position of the first sample of a chunk of `count` samples stamped `ptsUs`. */
  place(ptsUs: number, count: number): Placement {
    const stamped = this.positionAt(ptsUs);
    if (this.#next === null) return this.#put(stamped, count, false);
    const deviation = stamped - this.#next;
    if (Math.abs(deviation) > this.#jump) {
      this.reset();
      return this.#put(this.positionAt(ptsUs), count, true);
    }
    if (Math.abs(deviation) > this.#tolerance) {
      this.#meanDeviation = 0;
      return this.#put(stamped, count, false);
    }
    const placement = this.#put(this.#next, count, false);
    this.#follow(deviation, count);
    return placement;
  }

  /** The position at a time of the audio clock (round half up). */
  positionAt(timeUs: number): number {
    return sampleAt(timeUs, this.#rateHz) + this.#shift;
  }

  /** The audio clock's time of a position, to the microsecond. */
  timeAt(position: number): number {
    return timeOfSample(position - this.#shift, this.#rateHz);
  }

  #put(position: number, count: number, jumped: boolean): Placement {
    // An overlapping chunk never moves the end back: what is placed stays.
    this.#next = Math.max(this.#next ?? position, position + count);
    return { position, jumped };
  }

  #follow(deviation: number, count: number): void {
    this.#meanDeviation += (deviation - this.#meanDeviation) * Math.min(1, count / this.#meanSamples);
    if (Math.abs(this.#meanDeviation) <= this.#deadband) return;
    this.#shift -= Math.round(this.#meanDeviation);
    this.#meanDeviation = 0;
  }
}

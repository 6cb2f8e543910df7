/** Audio-visual segmentation (Zhou et al. 2022, AVSBench): mean IoU of masks, and the F-measure that weighs precision. */

import { mean } from './sum.ts';

/** A frame: probability of each pixel, and the mask. */
export interface SegmentedFrame {
  /** 0..1. */
  map: Float32Array;
  /** 1 inside what sounds. */
  truth: Uint8Array | Float32Array;
}

/** IoU of the map above 0.5 with the mask; of an empty mask the share of the picture that is off. */
export function frameIou({ map, truth }: SegmentedFrame): number {
  let both = 0;
  let either = 0;
  let off = 0;
  let wanted = 0;
  for (let i = 0; i < map.length; i++) {
    const isOn = map[i]! > 0.5;
    const isInside = truth[i] !== 0;
    if (isInside) wanted++;
    if (isOn && isInside) both++;
    if (isOn || isInside) either++;
    if (!isOn) off++;
  }
  return wanted === 0 ? off / map.length : both / either;
}

/** Mean of {@link frameIou}. Not-a-number for no frames. */
export function meanIou(frames: readonly SegmentedFrame[]): number {
  return mean(frames.map(frameIou));
}

const BETA_SQUARED = 0.3;
const STEPS = 255;

/**
 * Collects the F-measure of many frames without keeping their maps. The published code takes the maximum over
 * thresholds within each mini-batch, so that its result depends on the batch size; here it is taken once, over all.
 */
export class FMeasure {
  readonly #sums = new Float64Array(STEPS);
  #frames = 0;

  /** Frames with an empty mask are passed over, as published. */
  add({ map, truth }: SegmentedFrame): void {
    // Pixels by the number of thresholds that they reach, so that one pass serves all thresholds.
    const all = new Float64Array(STEPS + 1);
    const right = new Float64Array(STEPS + 1);
    let wanted = 0;
    for (let i = 0; i < map.length; i++) {
      const reached = Math.min(STEPS, Math.max(0, thresholdsReached(map[i]!)));
      all[reached]!++;
      if (truth[i] === 0) continue;
      right[reached]!++;
      wanted++;
    }
    if (wanted === 0) return;
    this.#frames++;
    let on = 0;
    let hits = 0;
    for (let step = STEPS - 1; step >= 0; step--) {
      on += all[step + 1]!;
      hits += right[step + 1]!;
      if (hits === 0) continue;
      const precision = hits / on;
      const recall = hits / wanted;
      this.#sums[step]! += ((1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall);
    }
  }

  /** Largest mean over the frames, 0..1. Not-a-number before any frame. */
  value(): number {
    return Math.max(...this.#sums) / this.#frames;
  }
}

/** How many of `linspace(0, 1 - 1e-10, 255)` are at most the value. */
function thresholdsReached(value: number): number {
  const spacing = (1 - 1e-10) / (STEPS - 1);
  let count = Math.floor(value / spacing) + 1;
  // The quotient may be off by one bit either way.
  if (count > 0 && (count - 1) * spacing > value) count--;
  if (count * spacing <= value) count++;
  return count;
}

/** AVSBench (Zhou et al. 2022) over many frames. */

import { FMeasure, frameIou, type SegmentedFrame } from '../../metrics/segmentation.ts';
import { mean } from '../../metrics/sum.ts';

/** Shares, 0..1. */
export interface AvsbenchFigures {
  miou: number;
  /** Null where no frame has anything to be found. */
  f: number | null;
}

export class AvsbenchTally {
  readonly #ious: number[] = [];
  readonly #f = new FMeasure();
  #filled = 0;

  add(frame: SegmentedFrame): void {
    this.#ious.push(frameIou(frame));
    this.#f.add(frame);
    if (frame.truth.includes(1)) this.#filled++;
  }

  figures(): AvsbenchFigures {
    return { miou: mean(this.#ious), f: this.#filled === 0 ? null : this.#f.value() };
  }
}

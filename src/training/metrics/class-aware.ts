/** Eq. 9 of the paper: each sounding class's own map against that class's own boxes, averaged over a frame's classes. */

import { consensusIou } from './ciou.ts';
import { mean } from './sum.ts';

/** A sounding class of one frame. */
export interface ClassMaps {
  /** 1 where the class's map is on. */
  on: Uint8Array;
  /** 1 inside the class's objects. */
  truth: ArrayLike<number>;
}

/** cIoU of a frame: mean over its sounding classes, 0..1. A class whose map is off everywhere counts 0. */
export function classAwareIou(classes: readonly ClassMaps[]): number {
  return mean(classes.map(({ on, truth }) => consensusIou(on, truth)));
}

/** Least cIoU of a frame that succeeds, by the number of its distinct sounding classes (Qian et al. 2020, Table 2). */
export function successThreshold(level: number): number {
  return level >= 3 ? 0.3 : 0.5;
}

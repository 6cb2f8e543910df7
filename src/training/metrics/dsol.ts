/** Discriminative sounding objects (Hu et al. 2020, DSOL): what sounds is found, and what is silent stays dark. */

import { shareOfMaximum } from './binarise.ts';
import { SUCCESS_THRESHOLDS, successShare } from './success.ts';
import { mean } from './sum.ts';

/** Share of a map's maximum above which it is on, by data set. */
export const DSOL_SHARES = { solo: 0.1, duet: 0.2, synthetic: 0.5 } as const;

/** A frame's map is on above its data set's share of the maximum. */
export function dsolBinarise(map: Float32Array, set: keyof typeof DSOL_SHARES): Uint8Array<ArrayBuffer> {
  return shareOfMaximum(map, DSOL_SHARES[set], 'above');
}

/** CIoU@0.3: share of frames whose cIoU is at least the seventh of the thresholds, which is just above 0.3. */
export function dsolSuccess(cious: readonly number[]): number {
  return successShare(cious, SUCCESS_THRESHOLDS[6]!);
}

/** Activation, of 1, that still counts as dark. */
const DARK = 0.2;

/** Share of a map's pixels that are dark: at or below 0.2. */
export function darkShare(map: Float32Array): number {
  let dark = 0;
  for (const value of map) if (value <= DARK) dark++;
  return dark / map.length;
}

/**
 * No-sounding-area: mean over the silent classes of the share of their maps that is dark.
 * @param dark {@link darkShare} of each class that does not sound; without any the frame says nothing (null)
 */
export function noSoundingArea(dark: readonly number[]): number | null {
  return dark.length === 0 ? null : mean(dark);
}

/** Discriminative sounding objects (Hu et al. 2020, DSOL): what sounds is found, and what is silent stays dark. */

import { shareOfMaximum } from './binarise.ts';
import { mean } from './sum.ts';

/** Share of a map's maximum above which it is on, by data set. */
export const DSOL_SHARES = { solo: 0.1, duet: 0.2, synthetic: 0.5 } as const;

/** A frame's map is on above its data set's share of the maximum. */
export function dsolBinarise(map: Float32Array, set: keyof typeof DSOL_SHARES): Uint8Array<ArrayBuffer> {
  return shareOfMaximum(map, DSOL_SHARES[set], 'above');
}

/** Activation, of 1, that still counts as dark. */
const DARK = 0.2;

/**
 * No-sounding-area: mean over the silent classes of the share of pixels at or below 0.2.
 * @param silentMaps maps 0..1 of the classes that do not sound; without any the frame says nothing (null)
 */
export function noSoundingArea(silentMaps: readonly Float32Array[]): number | null {
  if (silentMaps.length === 0) return null;
  return mean(
    silentMaps.map((map) => {
      let dark = 0;
      for (const value of map) if (value <= DARK) dark++;
      return dark / map.length;
    }),
  );
}

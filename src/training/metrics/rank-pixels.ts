/** A map's pixels from the hottest to the coldest, several times as fast as a sort with a comparison. */

import type { Ranked } from './average-precision.ts';

/** Pixels that fit beside a float32 in the 53 bits of a number. */
const MOST = 2 ** 16;

/** @param map at most 65,536 finite values */
export function rankedPixels(map: Float32Array | Uint8Array): Ranked {
  const count = map.length;
  const values = Float32Array.from(map);
  const bits = new Uint32Array(values.buffer);
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const word = bits[i]!;
    // The bits of floats, in their order: of negative ones all bits turned, of the others the sign.
    const key = (word & 0x8000_0000) === 0 ? word + 0x8000_0000 : 0xffff_ffff - word;
    keys[i] = key * MOST + i;
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = keys[count - 1 - i]! % MOST;
  return { scores: map, order };
}

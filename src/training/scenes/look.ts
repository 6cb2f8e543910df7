/** How alike two photos are: a 64-bit difference hash, so that copies and bursts stay in one split. */

import { FrameResizer } from '../../pipeline/prep/resize.ts';
import type { Photo } from '../media/photo.ts';

const WIDTH = 9;
const HEIGHT = 8;
/** Hashes that differ in at most so many of 64 bits are of one group. */
const MAX_DIFFERENCE = 6;

/** Whether each of 8x8 cells is darker than its right neighbour (dHash), as two words of 32 bits. */
export class LookHash {
  readonly #resizer = new FrameResizer({ width: WIDTH, height: HEIGHT, resampler: 'area' });
  readonly #small = new Uint8Array(WIDTH * HEIGHT * 3);

  of({ rgb, width, height }: Photo): [number, number] {
    this.#resizer.writeRgb(rgb, width, height, this.#small, 0);
    const words: [number, number] = [0, 0];
    const grey = (x: number, y: number): number => {
      const at = (y * WIDTH + x) * 3;
      return 299 * this.#small[at]! + 587 * this.#small[at + 1]! + 114 * this.#small[at + 2]!;
    };
    for (let bit = 0; bit < 64; bit++) {
      const x = bit % 8;
      const y = bit >> 3;
      if (grey(x, y) < grey(x + 1, y)) words[bit >> 5] = words[bit >> 5]! | (1 << (bit & 31));
    }
    return words;
  }
}

function bits(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * The group of each photo: the first name (in order of the alphabet) of all that look alike, directly or through
 * others. Flat pictures (a hash of few bits) look alike by chance and are left alone.
 */
export function groupByLook(
  names: readonly string[],
  hashes: readonly (readonly [number, number])[],
): string[] {
  const leader = names.map((_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (leader[at] !== at) at = leader[at] = leader[leader[at]!]!;
    return at;
  };
  const telling = hashes.map(([low, high]) => {
    const set = bits(low) + bits(high);
    return set >= 8 && set <= 56;
  });
  for (let i = 0; i < names.length; i++) {
    if (!telling[i]) continue;
    const [low, high] = hashes[i]!;
    for (let j = i + 1; j < names.length; j++) {
      if (!telling[j]) continue;
      const other = hashes[j]!;
      if (bits(low ^ other[0]) + bits(high ^ other[1]) > MAX_DIFFERENCE) continue;
      const a = find(i);
      const b = find(j);
      if (a !== b) leader[names[a]! < names[b]! ? b : a] = names[a]! < names[b]! ? a : b;
    }
  }
  return names.map((_, i) => names[find(i)]!);
}

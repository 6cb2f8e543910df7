/** Sums and means that lose no digits, added up in numpy's order so that published figures match to the last bit. */

/** Below this many, numpy adds one after the other; up to {@link BLOCK}, in eight strands. */
const STRANDS = 8;
const BLOCK = 128;

/** Pairwise summation as `numpy.sum` does it on a contiguous float64 array. 0 for nothing. */
export function sum(values: ArrayLike<number>): number {
  return pairwise(values, 0, values.length);
}

/** Not-a-number for nothing. */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

function pairwise(values: ArrayLike<number>, from: number, count: number): number {
  if (count < STRANDS) {
    let total = 0;
    for (let i = from; i < from + count; i++) total += values[i]!;
    return total;
  }
  if (count > BLOCK) {
    const half = Math.floor(count / 2);
    const left = half - (half % STRANDS);
    return pairwise(values, from, left) + pairwise(values, from + left, count - left);
  }
  const r = Array.from({ length: STRANDS }, (_, strand) => values[from + strand]!);
  const even = count - (count % STRANDS);
  for (let i = STRANDS; i < even; i += STRANDS) {
    for (let strand = 0; strand < STRANDS; strand++) r[strand]! += values[from + i + strand]!;
  }
  let total = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (let i = from + even; i < from + count; i++) total += values[i]!;
  return total;
}

/** One element of a sorted array without sorting it. */

/**
 * The element that would stand at `rank` (0-based) if `values` were sorted, ascending; linear time on average (Hoare
 * 1961). Reorders `values`, which must hold no not-a-number.
 */
export function selectRank(values: Float32Array, rank: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const swap = values[left]!;
      values[left] = values[right]!;
      values[right] = swap;
      left++;
      right--;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else return pivot;
  }
  return values[rank]!;
}

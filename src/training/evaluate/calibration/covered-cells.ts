/** Masks on the cells of a network's maps. */

import { SEARCH_SIDE } from './records.ts';

/** Share of each cell inside the mask, 0..1; nothing of a sound off screen. */
export function coveredCells(
  { rows, cols }: { rows: number; cols: number },
  mask: Uint8Array | null,
): Float64Array {
  const share = new Float64Array(rows * cols);
  if (mask === null) return share;
  const counts = new Float64Array(rows * cols);
  for (let y = 0; y < SEARCH_SIDE; y++) {
    const row = Math.floor((y * rows) / SEARCH_SIDE);
    for (let x = 0; x < SEARCH_SIDE; x++) {
      const cell = row * cols + Math.floor((x * cols) / SEARCH_SIDE);
      counts[cell]!++;
      share[cell]! += mask[y * SEARCH_SIDE + x]!;
    }
  }
  return share.map((inside, cell) => inside / counts[cell]!);
}

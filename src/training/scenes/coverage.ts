/** From a mask of pixels to the shares of a grid's cells. */

/** Adds the share (0..1) of each cell that `mask` (0..255) covers to `out`, `[rows, cols]`, up to 1. */
export function addCoverage(
  mask: Uint8Array,
  width: number,
  height: number,
  out: Float32Array,
  rows: number,
  cols: number,
): void {
  for (let row = 0; row < rows; row++) {
    const top = Math.round((row * height) / rows);
    const bottom = Math.round(((row + 1) * height) / rows);
    for (let col = 0; col < cols; col++) {
      const left = Math.round((col * width) / cols);
      const right = Math.round(((col + 1) * width) / cols);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let at = y * width + left, end = y * width + right; at < end; at++) sum += mask[at]!;
      }
      const at = row * cols + col;
      out[at] = Math.min(1, out[at]! + sum / (255 * (bottom - top) * (right - left)));
    }
  }
}

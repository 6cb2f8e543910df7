/** Reads one point of a heatmap. */

import type { HeatmapMessage } from '../protocol/messages.ts';

/**
 * Heat of a class at a point of the picture, 0..1: the cell the point lies in, not interpolated.
 * 0 where the class is not heard, was not subscribed, or the point is outside the picture.
 * @param classIndex - `index` of the class in `hello`.
 * @param x - 0 (left) to 1 (right) of the picture's width.
 * @param y - 0 (top) to 1 (bottom) of its height.
 */
export function heatAt(message: HeatmapMessage, classIndex: number, x: number, y: number): number {
  const heat = message.classes.find(({ index }) => index === classIndex)?.heat;
  if (!heat || !(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return 0;
  const { rows, cols } = message.grid;
  const row = Math.min(rows - 1, Math.floor(y * rows));
  const col = Math.min(cols - 1, Math.floor(x * cols));
  return heat[row * cols + col]! / 255;
}

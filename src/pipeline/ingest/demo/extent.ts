/** A surface that draws nothing and only measures: the box that a drawing would fill. */

import type { Paint } from './paint.ts';
import type { Matrix, Path, PixelRect, Surface } from './pen.ts';
import { boundsOf } from './raster.ts';

/** Box in shares of the picture's width and height, 0..1. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Extent implements Surface {
  private readonly width: number;
  private readonly height: number;
  private box: PixelRect | null = null;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  fill(path: Path, _paint: Paint, _matrix: Matrix, clip: PixelRect | null, part: boolean): void {
    if (!part) return;
    const bounds = boundsOf(path, clip, this.width, this.height);
    if (bounds === null) return;
    const box = (this.box ??= { ...bounds });
    box.left = Math.min(box.left, bounds.left);
    box.top = Math.min(box.top, bounds.top);
    box.right = Math.max(box.right, bounds.right);
    box.bottom = Math.max(box.bottom, bounds.bottom);
  }

  /** The box of all that was drawn since the last call, to the pixel; null when nothing was visible. */
  take(): Box | null {
    const box = this.box;
    this.box = null;
    if (box === null) return null;
    return {
      x: box.left / this.width,
      y: box.top / this.height,
      width: (box.right - box.left) / this.width,
      height: (box.bottom - box.top) / this.height,
    };
  }
}

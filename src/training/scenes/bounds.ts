/** Rectangles that things take of the picture, in pixels. Pure. */

/** Left and top inclusive, right and bottom exclusive. */
export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Something of a size around a place, in pixels. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function boundsAround({ x, y, width, height }: Place): Bounds {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}

/** Which share of `own` lies within `all`. */
export function shareInside(own: Bounds, all: Bounds): number {
  const width = Math.min(own.right, all.right) - Math.max(own.left, all.left);
  const height = Math.min(own.bottom, all.bottom) - Math.max(own.top, all.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / ((own.right - own.left) * (own.bottom - own.top));
}

/** Shared area as a share of the smaller one's. */
export function overlap(a: Bounds, b: Bounds): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const area = (r: Bounds): number => (r.right - r.left) * (r.bottom - r.top);
  return (width * height) / Math.min(area(a), area(b));
}

/** Tight bounds of what is more there than not; null when nothing is. */
export function pixelBounds(mask: Uint8Array, width: number, height: number): Bounds | null {
  let left = width;
  let top = height;
  let right = 0;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (mask[row + x]! < 128) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right > left ? { left, top, right, bottom } : null;
}

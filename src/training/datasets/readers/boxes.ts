/** Boxes of the published files to corners as shares of the picture. */

export type Corners = readonly [number, number, number, number];

/** Left, top, width, height, as shares. */
export function fromXywh([x, y, width, height]: readonly number[]): Corners {
  return [x!, y!, x! + width!, y! + height!];
}

/** Corners in pixels of a picture of this side. */
export function fromPixels([x0, y0, x1, y1]: readonly number[], side: number): Corners {
  return [x0! / side, y0! / side, x1! / side, y1! / side];
}

/** Cuts at the picture's edges, as all loaders of VGG-SS do with its corrupt coordinates. */
export function clipped([x0, y0, x1, y1]: Corners): Corners {
  return [clip(x0), clip(y0), clip(x1), clip(y1)];
}

/** Whether it is 0..1 to within rounding. */
export function isInside(box: Corners): boolean {
  return box.every((value) => value >= -1e-6 && value <= 1 + 1e-6);
}

export function hasArea([x0, y0, x1, y1]: Corners): boolean {
  return x1 > x0 && y1 > y0;
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

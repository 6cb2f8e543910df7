/** Many pictures on one, each with the boxes of what is in it. Pure. */

import type { TruthBox } from '../../sample.ts';

/** `[height, width, 3]` RGB bytes. */
export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

export type Colour = readonly [number, number, number];

const GAP = 4;
const COLUMNS = 8;
const GROUND = 32;
/** Of a silent thing's box, dots and gaps along the side, pixels. */
const DASH = 4;

/** A copy of the picture with the boxes on it: two pixels thick, broken where the thing is silent. */
export function boxed(
  picture: Picture,
  boxes: readonly TruthBox[],
  colourOf: (classIndex: number) => Colour,
): Picture {
  const { width, height } = picture;
  const rgb = picture.rgb.slice();
  for (const { classIndex, sounding, x0, y0, x1, y1 } of boxes) {
    const colour = colourOf(classIndex);
    const left = Math.min(width - 1, Math.round(x0 * width));
    const top = Math.min(height - 1, Math.round(y0 * height));
    const right = Math.min(width, Math.max(left + 1, Math.round(x1 * width))) - 1;
    const bottom = Math.min(height, Math.max(top + 1, Math.round(y1 * height))) - 1;
    const dot = (x: number, y: number, along: number): void => {
      if (sounding || along % (2 * DASH) < DASH) rgb.set(colour, 3 * (y * width + x));
    };
    for (let ring = 0; ring < 2; ring++) {
      for (let x = left; x <= right; x++) {
        dot(x, Math.min(bottom, top + ring), x - left);
        dot(x, Math.max(top, bottom - ring), x - left);
      }
      for (let y = top; y <= bottom; y++) {
        dot(Math.min(right, left + ring), y, y - top);
        dot(Math.max(left, right - ring), y, y - top);
      }
    }
  }
  return { width, height, rgb };
}

/** Pictures of one size in rows of eight, in order. Width and height come out even. */
export function contactSheet(pictures: readonly Picture[]): Picture {
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const columns = Math.min(COLUMNS, Math.max(1, pictures.length));
  const even = (length: number): number => length + (length % 2);
  const sheet = {
    width: even(columns * (width + GAP) + GAP),
    height: even(Math.ceil(pictures.length / columns) * (height + GAP) + GAP),
  };
  const rgb = new Uint8Array(sheet.width * sheet.height * 3).fill(GROUND);
  pictures.forEach((picture, i) => {
    const left = GAP + (i % columns) * (width + GAP);
    const top = GAP + Math.floor(i / columns) * (height + GAP);
    for (let y = 0; y < height; y++) {
      rgb.set(picture.rgb.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * sheet.width + left) * 3);
    }
  });
  return { ...sheet, rgb };
}

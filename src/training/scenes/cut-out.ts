/** Finds the outline of a thing in its photo: from a polygon, or from a plain background. */

import type { Photo } from '../media/photo.ts';

/** Shares of the photo's width and height, 0..1, corners. */
export interface ShareBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** `[height, width]`: 255 inside the thing, 0 outside, soft along the edge. */
export type Mask = Uint8Array;

/** A border pixel this near to the border's median colour (sum of squares over RGB) belongs to a plain ground. */
const GROUND_DISTANCE = 40 ** 2 * 3;
/** So much of the border must be of the ground. */
const PLAIN_BORDER_SHARE = 0.8;
const MIN_AREA_SHARE = 0.05;
const MAX_AREA_SHARE = 0.85;
/** The largest piece must hold this much of what was found: crumbs mean that ground and thing look alike. */
const MIN_CONNECTED_SHARE = 0.85;
/** What was found must agree with a known box by this much (intersection over union). */
const MIN_BOX_AGREEMENT = 0.6;

/**
 * The mask of a thing before a plain background: what a flood of the background's colour from the border does not
 * reach. Null where the background is not plain, or what remains is no sane thing (too little, too much, in crumbs,
 * or not where the box says).
 */
export function matteOf(photo: Photo, box: ShareBox | null): Mask | null {
  const { width, height, rgb } = photo;
  const ground = borderColour(photo);
  if (ground === null) return null;
  const isGround = (pixel: number): boolean => distance(rgb, pixel * 3, ground) < GROUND_DISTANCE;
  const flooded = flood(width, height, isGround);
  const { piece: thing, area, total } = largestPiece(width, height, flooded);
  const share = area / thing.length;
  if (share < MIN_AREA_SHARE || share > MAX_AREA_SHARE || area < MIN_CONNECTED_SHARE * total) return null;
  if (box !== null && agreement(boundsOfMask(thing, width, height), box) < MIN_BOX_AGREEMENT) return null;
  return softened(thing, width, height);
}

/** The mask of a closed outline of points x, y in shares of the photo. */
export function polygonMask(points: readonly number[], width: number, height: number): Mask {
  const mask = new Uint8Array(width * height);
  const crossings: number[] = [];
  for (let y = 0; y < height; y++) {
    const at = (y + 0.5) / height;
    crossings.length = 0;
    for (let i = 0; i < points.length; i += 2) {
      const j = (i + 2) % points.length;
      const y0 = points[i + 1]!;
      const y1 = points[j + 1]!;
      if (y0 <= at === y1 <= at) continue;
      crossings.push(points[i]! + ((at - y0) / (y1 - y0)) * (points[j]! - points[i]!));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.round(crossings[i]! * width));
      const to = Math.min(width, Math.round(crossings[i + 1]! * width));
      if (to > from) mask.fill(255, y * width + from, y * width + to);
    }
  }
  return softened(mask, width, height);
}

/** The tight box of what is more inside than outside; all zero for an empty mask. */
export function boundsOfMask(mask: Mask, width: number, height: number): ShareBox {
  let left = width;
  let top = height;
  let right = 0;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x]! < 128) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  if (right === 0) return { x0: 0, y0: 0, x1: 0, y1: 0 };
  return { x0: left / width, y0: top / height, x1: right / width, y1: bottom / height };
}

/** Intersection over union of two boxes. */
export function agreement(a: ShareBox, b: ShareBox): number {
  const area = (box: ShareBox): number => Math.max(0, box.x1 - box.x0) * Math.max(0, box.y1 - box.y0);
  const shared = area({
    x0: Math.max(a.x0, b.x0),
    y0: Math.max(a.y0, b.y0),
    x1: Math.min(a.x1, b.x1),
    y1: Math.min(a.y1, b.y1),
  });
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}

/** The median colour of the outermost two pixels where nearly all of them are like it; else null. */
function borderColour({ width, height, rgb }: Photo): [number, number, number] | null {
  const border: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < 2 || y < 2 || x >= width - 2 || y >= height - 2) border.push((y * width + x) * 3);
      else x = Math.max(x, width - 3);
    }
  }
  const median = (channel: number): number => {
    const values = border.map((at) => rgb[at + channel]!).sort((a, b) => a - b);
    return values[values.length >> 1]!;
  };
  const ground: [number, number, number] = [median(0), median(1), median(2)];
  const alike = border.filter((at) => distance(rgb, at, ground) < GROUND_DISTANCE).length;
  return alike >= PLAIN_BORDER_SHARE * border.length ? ground : null;
}

function distance(rgb: Uint8Array, at: number, colour: readonly [number, number, number]): number {
  const red = rgb[at]! - colour[0];
  const green = rgb[at + 1]! - colour[1];
  const blue = rgb[at + 2]! - colour[2];
  return red * red + green * green + blue * blue;
}

/** 1 where a path over ground leads to the border. */
function flood(width: number, height: number, isGround: (pixel: number) => boolean): Uint8Array {
  const reached = new Uint8Array(width * height);
  const stack: number[] = [];
  const visit = (x: number, y: number): void => {
    const pixel = y * width + x;
    if (x < 0 || y < 0 || x >= width || y >= height || reached[pixel] !== 0 || !isGround(pixel)) return;
    reached[pixel] = 1;
    stack.push(pixel);
  };
  for (let x = 0; x < width; x++) {
    visit(x, 0);
    visit(x, height - 1);
  }
  for (let y = 0; y < height; y++) {
    visit(0, y);
    visit(width - 1, y);
  }
  for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
    const x = pixel % width;
    const y = (pixel - x) / width;
    visit(x - 1, y);
    visit(x + 1, y);
    visit(x, y - 1);
    visit(x, y + 1);
  }
  return reached;
}

/** The mask with what it encloses. */
export function fillHoles(mask: Mask, width: number, height: number): Mask {
  return flood(width, height, (pixel) => mask[pixel] === 0).map((reached) => (reached === 0 ? 255 : 0));
}

/** 255 in the largest connected piece of what the flood left, its area and that of all pieces, in pixels. */
export function largestPiece(
  width: number,
  height: number,
  flooded: Uint8Array,
): { piece: Mask; area: number; total: number } {
  const label = new Int32Array(width * height);
  let best = 0;
  let bestArea = 0;
  let total = 0;
  let labels = 0;
  const stack: number[] = [];
  for (let start = 0; start < label.length; start++) {
    if (flooded[start] !== 0 || label[start] !== 0) continue;
    labels++;
    let area = 0;
    label[start] = labels;
    stack.push(start);
    for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
      area++;
      const x = pixel % width;
      for (const next of [
        x > 0 ? pixel - 1 : -1,
        x + 1 < width ? pixel + 1 : -1,
        pixel - width,
        pixel + width,
      ]) {
        if (next < 0 || next >= label.length || flooded[next] !== 0 || label[next] !== 0) continue;
        label[next] = labels;
        stack.push(next);
      }
    }
    total += area;
    if (area > bestArea) {
      best = labels;
      bestArea = area;
    }
  }
  const piece = new Uint8Array(label.length);
  for (let i = 0; i < piece.length; i++) piece[i] = label[i] === best ? 255 : 0;
  return { piece, area: bestArea, total };
}

/** Shrinks by about half a pixel and blurs the edge, so that no rim of the old background comes along. */
function softened(mask: Mask, width: number, height: number): Mask {
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const row = Math.min(height - 1, Math.max(0, y + dy)) * width;
        for (let dx = -1; dx <= 1; dx++) sum += mask[row + Math.min(width - 1, Math.max(0, x + dx))]!;
      }
      out[y * width + x] = Math.max(0, Math.min(255, (sum / 9 - 96) * 1.6));
    }
  }
  return out;
}

/** Paints a photo, or the thing cut out of it, on a canvas: turned, scaled, mirrored, with other colours. */

import type { Level, PhotoEntry, PhotoObject } from './media-bank.ts';

/** Where a photo goes: photo pixels of its largest level to canvas pixels. */
export interface Placement {
  /** The point of the photo, in its pixels, that comes to `(toX, toY)` of the canvas. */
  fromX: number;
  fromY: number;
  toX: number;
  toY: number;
  /** Canvas pixels per photo pixel; a negative `scaleX` mirrors. */
  scaleX: number;
  scaleY: number;
  /** Clockwise, radians, applied after scaling. */
  angle: number;
}

/** Left, top, right, bottom in canvas pixels; the last two exclusive. */
export type Clip = readonly [number, number, number, number];

/** What of the photo is painted. */
export type Shape =
  /** All of it, cut to canvas pixels `[left, top, right, bottom]`. */
  | { kind: 'whole'; clip: Clip }
  /** Nothing: only the mask is written, of an object in a photo that was painted whole. */
  | { kind: 'mark'; clip: Clip }
  /** What the object's mask says. */
  | { kind: 'mask' }
  /** The object's box with rounded, soft edges: `|u|^power + |v|^power` below 1, fading over the last `feather`. */
  | { kind: 'soft'; power: 2 | 4 | 8; feather: number };

/** Colour of the photo to colour on the canvas: 256 entries for red, green, blue. */
export type Tone = Uint8Array;

export interface PhotoPainter {
  rgb: Uint8Array;
  width: number;
  height: number;
  /** The bank's bytes. */
  bytes: Uint8Array;
}

/** A photo of at most this many pixels for one of the canvas: more would flicker with every shift. */
const MAX_SHRINK = 1.5;

function levelFor(levels: readonly Level[], scale: number, coarser: number): number {
  let level = 0;
  let shrink = 1 / scale;
  while (shrink > MAX_SHRINK && level < levels.length - 1) {
    shrink /= 2;
    level++;
  }
  return Math.min(levels.length - 1, level + coarser);
}

/**
 * Paints `photo` and, where `mask` is given, writes how much of each pixel `object` covers. Bilinear from the level
 * nearest above the size that is wanted; `coarser` levels further make it blurred, as an old or enlarged photo is.
 * The soft shape is used where an object has no mask.
 */
export function paintPhoto(
  to: PhotoPainter,
  photo: PhotoEntry,
  object: PhotoObject | null,
  placement: Placement,
  shape: Shape,
  tone: Tone,
  mask: Uint8Array | null,
  coarser = 0,
): void {
  const { scaleX, scaleY, angle, toX, toY, fromX, fromY } = placement;
  const index = levelFor(photo.levels, Math.min(Math.abs(scaleX), Math.abs(scaleY)), coarser);
  const level = photo.levels[index]!;
  const full = photo.levels[0]!;
  const shrinkX = level.width / full.width;
  const shrinkY = level.height / full.height;
  const planeAt = object?.mask?.[index] ?? -1;
  const [clipLeft, clipTop, clipRight, clipBottom] =
    shape.kind === 'whole' || shape.kind === 'mark' ? shape.clip : [0, 0, to.width, to.height];
  // Corners of what can be painted, in photo pixels: the whole photo, or the object with the softness around it.
  const margin = 0.02 * Math.max(full.width, full.height);
  const whole = shape.kind === 'whole' || object === null;
  const x0 = whole ? 0 : Math.max(0, object.x0 * full.width - margin);
  const y0 = whole ? 0 : Math.max(0, object.y0 * full.height - margin);
  const x1 = whole ? full.width : Math.min(full.width, object.x1 * full.width + margin);
  const y1 = whole ? full.height : Math.min(full.height, object.y1 * full.height + margin);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let corner = 0; corner < 4; corner++) {
    const dx = ((corner & 1 ? x1 : x0) - fromX) * scaleX;
    const dy = ((corner & 2 ? y1 : y0) - fromY) * scaleY;
    const x = toX + dx * cos - dy * sin;
    const y = toY + dx * sin + dy * cos;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  left = Math.max(clipLeft, Math.floor(left));
  top = Math.max(clipTop, Math.floor(top));
  right = Math.min(clipRight, Math.ceil(right));
  bottom = Math.min(clipBottom, Math.ceil(bottom));
  // Inverse map, in pixels of the level, half-pixel centres.
  const uX = (cos / scaleX) * shrinkX;
  const uY = (sin / scaleX) * shrinkX;
  const vX = (-sin / scaleY) * shrinkY;
  const vY = (cos / scaleY) * shrinkY;
  const softX = object === null ? 0 : ((object.x0 + object.x1) / 2) * level.width;
  const softY = object === null ? 0 : ((object.y0 + object.y1) / 2) * level.height;
  const softU = object === null ? 0 : 2 / ((object.x1 - object.x0) * level.width);
  const softV = object === null ? 0 : 2 / ((object.y1 - object.y0) * level.height);
  const power = shape.kind === 'soft' ? shape.power : 4;
  const sharpness = 1 / (shape.kind === 'soft' ? shape.feather : 0.25);
  const limitU = level.width;
  const limitV = level.height;
  const minU = x0 * shrinkX;
  const maxU = x1 * shrinkX;
  const minV = y0 * shrinkY;
  const maxV = y1 * shrinkY;
  const { rgb, bytes } = to;
  const stride = level.width * 3;
  const wantsMask = mask !== null && object !== null && !whole;
  const markOnly = shape.kind === 'mark';
  for (let y = top; y < bottom; y++) {
    const dy = y + 0.5 - toY;
    let dx = left + 0.5 - toX;
    let u = uX * dx + uY * dy + fromX * shrinkX;
    let v = vX * dx + vY * dy + fromY * shrinkY;
    for (let x = left; x < right; x++, dx++, u += uX, v += vX) {
      if (u < minU || v < minV || u >= maxU || v >= maxV) continue;
      const su = u < 0.5 ? 0 : u > limitU - 0.5 ? limitU - 1 : u - 0.5;
      const sv = v < 0.5 ? 0 : v > limitV - 0.5 ? limitV - 1 : v - 0.5;
      const iu = su | 0;
      const iv = sv | 0;
      const right1 = iu + 1 < limitU ? 1 : 0;
      const down1 = iv + 1 < limitV ? 1 : 0;
      const fu = su - iu;
      const fv = sv - iv;
      const w11 = fu * fv;
      const w10 = fv - w11;
      const w01 = fu - w11;
      const w00 = 1 - fu - w10;
      let alpha = 255;
      const pixel = y * to.width + x;
      if (!whole) {
        if (planeAt >= 0) {
          const at = planeAt + iv * limitU + iu;
          const below = down1 * limitU;
          alpha =
            w00 * bytes[at]! +
            w01 * bytes[at + right1]! +
            w10 * bytes[at + below]! +
            w11 * bytes[at + below + right1]!;
        } else {
          let pu = (u - softX) * softU;
          let pv = (v - softY) * softV;
          pu *= pu;
          pv *= pv;
          if (power >= 4) {
            pu *= pu;
            pv *= pv;
          }
          if (power === 8) {
            pu *= pu;
            pv *= pv;
          }
          const depth = (1 - pu - pv) * sharpness;
          alpha = depth <= 0 ? 0 : depth >= 1 ? 255 : depth * 255;
        }
        if (wantsMask && alpha > mask[pixel]!) {
          mask[pixel] = alpha + 0.5;
        }
        if (markOnly || alpha < 1) continue;
      }
      const at = level.at + iv * stride + iu * 3;
      const a01 = at + 3 * right1;
      const a10 = at + down1 * stride;
      const a11 = a10 + 3 * right1;
      const red = w00 * bytes[at]! + w01 * bytes[a01]! + w10 * bytes[a10]! + w11 * bytes[a11]!;
      const green =
        w00 * bytes[at + 1]! + w01 * bytes[a01 + 1]! + w10 * bytes[a10 + 1]! + w11 * bytes[a11 + 1]!;
      const blue =
        w00 * bytes[at + 2]! + w01 * bytes[a01 + 2]! + w10 * bytes[a10 + 2]! + w11 * bytes[a11 + 2]!;
      const r = tone[(red + 0.5) | 0]!;
      const g = tone[256 + ((green + 0.5) | 0)]!;
      const b = tone[512 + ((blue + 0.5) | 0)]!;
      const out = pixel * 3;
      if (alpha >= 254) {
        rgb[out] = r;
        rgb[out + 1] = g;
        rgb[out + 2] = b;
      } else {
        const share = alpha / 255;
        rgb[out] = rgb[out]! + (r - rgb[out]!) * share + 0.5;
        rgb[out + 1] = rgb[out + 1]! + (g - rgb[out + 1]!) * share + 0.5;
        rgb[out + 2] = rgb[out + 2]! + (b - rgb[out + 2]!) * share + 0.5;
      }
    }
  }
}

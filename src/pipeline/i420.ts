/** RGB to planar I420, BT.601 full range (JFIF): the pixel format of `VideoFrame`. */

/** Bytes of an I420 picture; odd sizes round the chroma planes up. */
export function i420Bytes(width: number, height: number): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}

/** Left and top inclusive, right and bottom exclusive. */
interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Converts the part of a packed RGB picture that `rect` touches (grown to even pixels) into the same place of `out`,
 * and returns that. Chroma is the mean of each 2x2 block, as JPEG sites it (ITU-T T.871 section 7).
 */
export function rgbToI420(
  rgb: Uint8Array,
  width: number,
  height: number,
  out: Uint8Array = new Uint8Array(i420Bytes(width, height)),
  rect: Rect = { left: 0, top: 0, right: width, bottom: height },
): Uint8Array {
  const chromaWidth = (width + 1) >> 1;
  const uStart = width * height;
  const vStart = uStart + chromaWidth * ((height + 1) >> 1);
  const left = rect.left & ~1;
  const top = rect.top & ~1;
  for (let y = top; y < rect.bottom; y += 2) {
    const down = y + 1 < height ? width : 0;
    for (let x = left; x < rect.right; x += 2) {
      const across = x + 1 < width ? 1 : 0;
      const p00 = y * width + x;
      const p01 = p00 + across;
      const p10 = p00 + down;
      const p11 = p10 + across;
      const r00 = rgb[3 * p00]!;
      const g00 = rgb[3 * p00 + 1]!;
      const b00 = rgb[3 * p00 + 2]!;
      const r01 = rgb[3 * p01]!;
      const g01 = rgb[3 * p01 + 1]!;
      const b01 = rgb[3 * p01 + 2]!;
      const r10 = rgb[3 * p10]!;
      const g10 = rgb[3 * p10 + 1]!;
      const b10 = rgb[3 * p10 + 2]!;
      const r11 = rgb[3 * p11]!;
      const g11 = rgb[3 * p11 + 1]!;
      const b11 = rgb[3 * p11 + 2]!;
      out[p00] = (19595 * r00 + 38470 * g00 + 7471 * b00 + 32768) >> 16;
      out[p01] = (19595 * r01 + 38470 * g01 + 7471 * b01 + 32768) >> 16;
      out[p10] = (19595 * r10 + 38470 * g10 + 7471 * b10 + 32768) >> 16;
      out[p11] = (19595 * r11 + 38470 * g11 + 7471 * b11 + 32768) >> 16;
      const r = r00 + r01 + r10 + r11;
      const g = g00 + g01 + g10 + g11;
      const b = b00 + b01 + b10 + b11;
      const chroma = (y >> 1) * chromaWidth + (x >> 1);
      // 16.16 fixed point; the sums are of four pixels, hence >> 18. 128.5 makes the shift round to nearest.
      out[uStart + chroma] = Math.min(255, (-11056 * r - 21712 * g + 32768 * b + 33685504) >> 18);
      out[vStart + chroma] = Math.min(255, (32768 * r - 27440 * g - 5328 * b + 33685504) >> 18);
    }
  }
  return out;
}

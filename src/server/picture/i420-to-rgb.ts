/** Packed I420 in JFIF colours (BT.601, full range) to packed RGB, for snapshots. Pure. */

/**
 * Chroma is repeated, not interpolated: it is seldom seen at this quality.
 * @param rgb receives rows `from` to `to` (exclusive) of the packed picture, and is returned
 */
export function i420ToRgb(
  data: Uint8Array,
  width: number,
  height: number,
  rgb: Uint8Array = new Uint8Array(width * height * 3),
  from = 0,
  to = height,
): Uint8Array {
  const chromaWidth = (width + 1) >> 1;
  const u = width * height;
  const v = u + chromaWidth * ((height + 1) >> 1);
  let out = from * width * 3;
  for (let row = from; row < to; row++) {
    for (let column = 0; column < width; column++) {
      const luma = data[row * width + column]!;
      const chroma = (row >> 1) * chromaWidth + (column >> 1);
      const cb = data[u + chroma]! - 128;
      const cr = data[v + chroma]! - 128;
      // ITU-T T.871 section 7.
      rgb[out++] = clampByte(luma + 1.402 * cr);
      rgb[out++] = clampByte(luma - 0.344136 * cb - 0.714136 * cr);
      rgb[out++] = clampByte(luma + 1.772 * cb);
    }
  }
  return rgb;
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

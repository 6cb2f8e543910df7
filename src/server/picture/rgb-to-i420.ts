/** Packed RGB to packed I420 in JFIF colours, so that a blended snapshot can become a JPEG. Pure. */

/** Bytes of a packed I420 picture. */
export function i420Bytes(width: number, height: number): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}

/**
 * Chroma is the mean of the two by two pixels it stands for (fewer at odd borders).
 * @param data receives rows `from` (even) to `to` (exclusive; even, or the height), and is returned
 */
export function rgbToI420(
  rgb: Uint8Array,
  width: number,
  height: number,
  data: Uint8Array = new Uint8Array(i420Bytes(width, height)),
  from = 0,
  to = height,
): Uint8Array {
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  const u = width * height;
  const v = u + chromaWidth * chromaHeight;
  // ITU-T T.871 section 7.
  for (let pixel = from * width; pixel < to * width; pixel++) {
    data[pixel] = Math.round(
      0.299 * rgb[pixel * 3]! + 0.587 * rgb[pixel * 3 + 1]! + 0.114 * rgb[pixel * 3 + 2]!,
    );
  }
  for (let row = from >> 1; row < (to + 1) >> 1; row++) {
    for (let column = 0; column < chromaWidth; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let count = 0;
      for (let y = row * 2; y < Math.min(height, row * 2 + 2); y++) {
        for (let x = column * 2; x < Math.min(width, column * 2 + 2); x++) {
          const at = (y * width + x) * 3;
          red += rgb[at]!;
          green += rgb[at + 1]!;
          blue += rgb[at + 2]!;
          count++;
        }
      }
      const at = row * chromaWidth + column;
      data[u + at] = chromaByte((-0.168736 * red - 0.331264 * green + 0.5 * blue) / count);
      data[v + at] = chromaByte((0.5 * red - 0.418688 * green - 0.081312 * blue) / count);
    }
  }
  return data;
}

function chromaByte(difference: number): number {
  return Math.min(255, Math.max(0, Math.round(difference + 128)));
}

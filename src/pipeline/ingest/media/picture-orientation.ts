/** Turns pictures the way a phone was held: the display matrix of a recording, applied to packed I420. */

import type { PictureSize } from './picture-size.ts';

/** One of the eight ways to lay a picture: transposed first where told, then mirrored. */
export interface Orientation {
  /** Rows become columns: width and height change places. */
  transposed: boolean;
  /** The result runs right to left. */
  mirroredX: boolean;
  /** The result runs bottom to top. */
  mirroredY: boolean;
}

export const upright: Orientation = { transposed: false, mirroredX: false, mirroredY: false };

/**
 * The nearest orientation to a display matrix (ISO/IEC 14496-12 section 8.3.2; FFmpeg's `AV_FRAME_DATA_DISPLAYMATRIX`):
 * nine 32-bit integers `a b u, c d v, x y w` in the machine's byte order, which take the point `(p, q)`, `q` down, to
 * `(a p + c q, b p + d q)`. Angles between the right ones are taken for the nearest: nobody films aslant on purpose.
 * A matrix that is none is upright.
 */
export function orientationOf(matrix: Uint8Array): Orientation {
  if (matrix.byteLength < 36) return upright;
  const view = new Int32Array(matrix.slice(0, 36).buffer);
  const [a, b, c, d] = [view[0]!, view[1]!, view[3]!, view[4]!];
  const transposed = Math.abs(b) + Math.abs(c) > Math.abs(a) + Math.abs(d);
  return transposed
    ? { transposed, mirroredX: c < 0, mirroredY: b < 0 }
    : { transposed, mirroredX: a < 0, mirroredY: d < 0 };
}

/** `width` and `height` as they are after turning. */
export function orientedSize({ width, height }: PictureSize, { transposed }: Orientation): PictureSize {
  return transposed ? { width: height, height: width } : { width, height };
}

/**
 * A packed I420 picture of even sides, turned into a new buffer.
 *
 * @param size - before turning.
 */
export function orientPicture(
  data: Uint8Array,
  size: PictureSize,
  orientation: Orientation,
): Uint8Array<ArrayBuffer> {
  const turned = new Uint8Array(data.length);
  const half = { width: size.width / 2, height: size.height / 2 };
  const lumaBytes = size.width * size.height;
  orientPlane(data, 0, size, orientation, turned);
  orientPlane(data, lumaBytes, half, orientation, turned);
  orientPlane(data, lumaBytes + half.width * half.height, half, orientation, turned);
  return turned;
}

/** Walks the result row by row; the steps say where the next pixel of a row, and of a column, comes from. */
function orientPlane(
  from: Uint8Array,
  offset: number,
  { width, height }: PictureSize,
  { transposed, mirroredX, mirroredY }: Orientation,
  to: Uint8Array,
): void {
  const columns = transposed ? height : width;
  const rows = transposed ? width : height;
  const stepX = (transposed ? width : 1) * (mirroredX ? -1 : 1);
  const stepY = (transposed ? 1 : width) * (mirroredY ? -1 : 1);
  const first = offset + (mirroredX ? -stepX * (columns - 1) : 0) + (mirroredY ? -stepY * (rows - 1) : 0);
  let at = offset;
  for (let y = 0; y < rows; y++) {
    let source = first + y * stepY;
    for (let x = 0; x < columns; x++, source += stepX) to[at++] = from[source]!;
  }
}

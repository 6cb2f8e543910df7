/** How large a decoded picture is handed on: inside a box, square pixels, even sides, never enlarged. */

export interface PictureSize {
  width: number;
  height: number;
}

/**
 * The size that a `width` x `height` picture with pixels of `sampleAspect` (width over height; 1 when square or
 * unknown) takes inside `box`. Sides are even, at least 2, and never longer than the coded side.
 */
export function fitPicture(coded: PictureSize, sampleAspect: number, box: PictureSize): PictureSize {
  const aspect = sampleAspect > 0 && Number.isFinite(sampleAspect) ? sampleAspect : 1;
  // Squaring the pixels by shrinking one side, as enlarging would only invent picture.
  const squareWidth = aspect < 1 ? coded.width * aspect : coded.width;
  const squareHeight = aspect > 1 ? coded.height / aspect : coded.height;
  const scale = Math.min(1, box.width / squareWidth, box.height / squareHeight);
  return {
    width: evenSide(squareWidth * scale, Math.min(coded.width, box.width)),
    height: evenSide(squareHeight * scale, Math.min(coded.height, box.height)),
  };
}

/** The even length nearest to `length` and not above `limit`; at least 2. */
function evenSide(length: number, limit: number): number {
  return Math.max(2, Math.min(2 * Math.round(length / 2), 2 * Math.floor(limit / 2)));
}

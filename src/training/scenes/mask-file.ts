/** Masks that come with a folder of photos: `masks/CLASS/NAME.png`, bright where the thing is. */

import { existsSync } from 'node:fs';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { decodePhoto, type Photo } from '../media/photo.ts';
import { boundsOfMask, type Mask } from './cut-out.ts';

/** Shapes of mask and photo may differ by this share: both were rounded to whole pixels. */
const SHAPE_TOLERANCE = 0.03;

/**
 * The mask in `file`, scaled to the photo's size; null when there is no such file.
 *
 * @throws EarsightError `bad-dataset` naming the file when it is no picture, of another shape, or dark all over
 */
export function readMaskFile(file: string, { width, height }: Photo): Mask | null {
  if (!existsSync(file)) return null;
  const bad = (why: string): EarsightError =>
    new EarsightError('bad-dataset', `The mask ${file} ${why}. Correct it, or delete it.`);
  let drawn: Photo;
  try {
    drawn = decodePhoto(file, Math.max(width, height));
  } catch (thrown) {
    throw bad(`cannot be used: ${messageOf(thrown)}`);
  }
  if (Math.abs((drawn.width / drawn.height) * (height / width) - 1) > SHAPE_TOLERANCE) {
    throw bad(`is ${drawn.width} x ${drawn.height}, of another shape than its photo, ${width} x ${height}`);
  }
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * drawn.height) / height) * drawn.width;
    for (let x = 0; x < width; x++) {
      const at = (row + Math.floor(((x + 0.5) * drawn.width) / width)) * 3;
      mask[y * width + x] = Math.max(drawn.rgb[at]!, drawn.rgb[at + 1]!, drawn.rgb[at + 2]!);
    }
  }
  const { x1, y1 } = boundsOfMask(mask, width, height);
  if (x1 === 0 || y1 === 0) throw bad('is dark all over: the thing must be white in it');
  return mask;
}

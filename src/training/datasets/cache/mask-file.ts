/** Masks from their files: pictures, `.npy`, pickled arrays. */

import { AV_PIX_FMT_RGB24, AVCOL_RANGE_JPEG } from 'node-av/constants';
import { FFmpegError, Frame, SoftwareScaleContext } from 'node-av/lib';
import { EarsightError } from '../../../pipeline/errors.ts';
import { MediaTrack } from '../../media/media-track.ts';
import { namedFile } from '../annotations/annotation-folder.ts';
import { type NumberArray, readNpy } from '../annotations/numpy.ts';
import { isNumberArray, readPickle } from '../annotations/pickle.ts';
import type { MaskRef } from '../moment.ts';

export interface Mask {
  /** Of the masks whose colours name their classes; else null. */
  name: string | null;
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

/** Larger masks are thinned out to this side: evaluation is at 224 or 256. */
const MAX_SIDE = 512;
/** Of a JPEG's blacks. */
const JPEG_MIDDLE = 127;

/** One mask, or one for each colour that occurs. @throws EarsightError naming the file. */
export async function readMask(path: string, { colours }: MaskRef): Promise<Mask[]> {
  if (path.endsWith('.npy')) return [fromArray(path, readNpy(namedFile(path)))];
  if (path.endsWith('.pkl')) {
    const value = readPickle(namedFile(path));
    if (isNumberArray(value)) return [fromArray(path, value)];
    throw new EarsightError(
      'bad-dataset',
      `${path} holds no array. Fetch it again, or write the mask as PNG.`,
    );
  }
  const isJpeg = /\.jpe?g$/i.test(path);
  const { width, height, rgb } = await readRgb(path, isJpeg);
  const limit = isJpeg ? JPEG_MIDDLE : 0;
  const inside = (matches: (at: number) => boolean): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: width * height }, (_, index) => (matches(3 * index) ? 1 : 0));
  if (colours === undefined) {
    const data = inside((at) => Math.max(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!) > limit);
    return [thinned({ name: null, width, height, data })];
  }
  const present = new Set<number>();
  for (let at = 0; at < rgb.length; at += 3) present.add(packed(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!));
  return colours
    .filter((colour) => present.has(packed(...colour.rgb)))
    .map((colour) => {
      const data = inside((at) => packed(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!) === packed(...colour.rgb));
      return thinned({ name: colour.name, width, height, data });
    });
}

function packed(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

/** The last two sides are rows and columns; sides of one before them do not count. */
function fromArray(path: string, { shape, values }: NumberArray): Mask {
  const [height, width] = shape.filter((side, index) => index >= shape.length - 2 || side !== 1);
  if (
    height === undefined ||
    width === undefined ||
    height * width !== values.length ||
    values.length === 0
  ) {
    throw new EarsightError(
      'bad-dataset',
      `${path} has the shape (${shape.join(', ')}) and is no mask of rows and columns. Correct it, or write it as PNG.`,
    );
  }
  return thinned({
    name: null,
    width,
    height,
    data: Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
  });
}

/** Nearest neighbour, so that it stays a mask. */
function thinned(mask: Mask): Mask {
  const scale = Math.max(mask.width, mask.height) / MAX_SIDE;
  if (scale <= 1) return mask;
  const width = Math.max(1, Math.round(mask.width / scale));
  const height = Math.max(1, Math.round(mask.height / scale));
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) {
      data[y * width + x] = mask.data[row + Math.floor(((x + 0.5) * mask.width) / width)]!;
    }
  }
  return { ...mask, width, height, data };
}

/** The picture's own pixels: palettes and greys become RGB without any change of value; of a JPEG the luma, thrice. */
async function readRgb(
  path: string,
  isJpeg: boolean,
): Promise<{ width: number; height: number; rgb: Uint8Array }> {
  const track = await MediaTrack.open(path, 'picture');
  const frame = new Frame();
  frame.alloc();
  try {
    if (!(await track.next(frame))) {
      throw new EarsightError('source-corrupt', `${path}: the mask cannot be decoded. Fetch it again.`);
    }
    const { width, height } = frame;
    return { width, height, rgb: isJpeg ? lumaOf(frame) : rgbOf(frame) };
  } finally {
    frame.free();
    await track.close();
  }
}

function lumaOf({ width, height, data, linesize }: Frame): Uint8Array {
  const [luma] = data ?? [];
  const stride = linesize[0] ?? width;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) rgb.fill(luma?.[y * stride + x] ?? 0, at, at + 3);
  }
  return rgb;
}

function rgbOf(frame: Frame): Uint8Array {
  const target = new Frame();
  const scaler = new SoftwareScaleContext();
  target.alloc();
  try {
    scaler.allocContext();
    FFmpegError.throwIfError(scaler.setOption('sws_flags', 'neighbor'), 'sws_flags');
    target.width = frame.width;
    target.height = frame.height;
    target.format = AV_PIX_FMT_RGB24;
    target.colorRange = AVCOL_RANGE_JPEG;
    FFmpegError.throwIfError(target.getBuffer(1), 'av_frame_get_buffer');
    FFmpegError.throwIfError(scaler.scaleFrameSync(target, frame), 'sws_scale_frame');
    return Uint8Array.from(target.toBuffer());
  } finally {
    target.free();
    scaler.freeContext();
  }
}

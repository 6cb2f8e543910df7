/** A photo of any kind (jpeg, png, webp, ...) as RGB bytes of bounded size. */

import {
  AV_FRAME_DATA_DISPLAYMATRIX,
  AV_PIX_FMT_RGB24,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_RGB,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { FFmpegError, Frame, SoftwareScaleContext } from 'node-av/lib';
import { EarsightError } from '../../pipeline/errors.ts';
import { normaliseTags } from '../../pipeline/ingest/media/picture-scaler.ts';
import { decodeFirstStream } from './decode-first-stream.ts';

/** `[height, width, 3]` RGB bytes. */
export interface Photo {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** Less than this along a side shows nothing. */
const MIN_SIDE = 16;

/**
 * The first picture of a local file, upright, no side longer than `maxSide`; never enlarged. A transparent ground
 * becomes what the file has beneath it, as FFmpeg does.
 *
 * @throws EarsightError `bad-dataset` when no picture can be read or it is too small; says why, not which file
 */
export function decodePhoto(file: string, maxSide: number): Photo {
  const found: Photo[] = [];
  decodeFirstStream(file, AVMEDIA_TYPE_VIDEO, (frame) => {
    const { width, height } = frame;
    if (Math.min(width, height) < MIN_SIDE) {
      throw new EarsightError(
        'bad-dataset',
        `it is ${width} x ${height} pixels; a photo needs ${MIN_SIDE} along each side`,
      );
    }
    const turns = quarterTurns(frame.getSideData(AV_FRAME_DATA_DISPLAYMATRIX));
    found.push(turned(toRgb(frame, Math.min(1, maxSide / Math.max(width, height))), turns));
    return false;
  });
  const [photo] = found;
  if (photo === undefined) throw new EarsightError('bad-dataset', 'nothing of its picture can be decoded');
  return photo;
}

function toRgb(source: Frame, scale: number): Photo {
  normaliseTags(source);
  const target = new Frame();
  const scaler = new SoftwareScaleContext();
  try {
    target.alloc();
    target.width = Math.max(1, Math.round(source.width * scale));
    target.height = Math.max(1, Math.round(source.height * scale));
    target.format = AV_PIX_FMT_RGB24;
    target.colorRange = AVCOL_RANGE_JPEG;
    target.colorSpace = AVCOL_SPC_RGB;
    // Named alike, so that no gamut or tone mapping is attempted.
    target.colorPrimaries = source.colorPrimaries;
    target.colorTrc = source.colorTrc;
    FFmpegError.throwIfError(target.getBuffer(0), 'av_frame_get_buffer');
    scaler.allocContext();
    FFmpegError.throwIfError(scaler.setOption('sws_flags', 'area'), 'sws_flags');
    FFmpegError.throwIfError(scaler.scaleFrameSync(target, source), 'sws_scale_frame');
    return { width: target.width, height: target.height, rgb: new Uint8Array(target.toBuffer()) };
  } finally {
    scaler.freeContext();
    target.free();
  }
}

/** Clockwise quarter turns that make the picture upright, from the 3x3 matrix that Exif orientation becomes. */
function quarterTurns(matrix: Buffer | null): 0 | 1 | 2 | 3 {
  if (matrix === null || matrix.length < 20) return 0;
  const a = matrix.readInt32LE(0);
  const b = matrix.readInt32LE(4);
  if (Math.abs(a) >= Math.abs(b)) return a < 0 ? 2 : 0;
  return b > 0 ? 1 : 3;
}

function turned({ width, height, rgb }: Photo, turns: 0 | 1 | 2 | 3): Photo {
  if (turns === 0) return { width, height, rgb };
  const swap = turns % 2 === 1;
  const out = {
    width: swap ? height : width,
    height: swap ? width : height,
    rgb: new Uint8Array(rgb.length),
  };
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const fromX = turns === 1 ? y : turns === 2 ? width - 1 - x : width - 1 - y;
      const fromY = turns === 1 ? height - 1 - x : turns === 2 ? height - 1 - y : x;
      const from = (fromY * width + fromX) * 3;
      out.rgb.set(rgb.subarray(from, from + 3), (y * out.width + x) * 3);
    }
  }
  return out;
}

/** Turns decoded pictures of any kind into the pipeline's one kind: packed I420, BT.601, full range, bounded in size. */

import {
  AV_FRAME_DATA_DISPLAYMATRIX,
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV440P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ440P,
  AV_PIX_FMT_YUVJ444P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_SMPTE170M,
} from 'node-av/constants';
import { FFmpegError, Frame, SoftwareScaleContext } from 'node-av/lib';
import {
  type Orientation,
  orientationOf,
  orientedSize,
  orientPicture,
  upright,
} from './picture-orientation.ts';
import { fitPicture, type PictureSize } from './picture-size.ts';

/** A packed I420 picture; `data` is its own buffer (planes as in `VideoFrame`) and may be given away. */
export interface Picture extends PictureSize {
  data: Uint8Array<ArrayBuffer>;
}

/** The deprecated full-range formats, and what they are called since the range is a property of its own. */
const fullRangeTwins = new Map<number, typeof AV_PIX_FMT_YUV420P>([
  [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P],
  [AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P],
  [AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P],
  [AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P],
]);

/**
 * Scales by libswscale (bilinear: a triangle as wide as the shrinking asks, so nothing aliases). Size, format,
 * colour range, matrix and pixel aspect may change from frame to frame. A picture that is to be shown turned or mirrored is. A matrix that the stream does not name
 * is taken for BT.601, as FFmpeg does. One scaler per stream; `close()` frees the native memory.
 */
export class PictureScaler {
  readonly #box: PictureSize;
  #scaler: SoftwareScaleContext | null = null;
  #target: Frame | null = null;
  #download: Frame | null = null;
  #inputKey = '';

  /** @param box - largest width and height handed on; 640x480 unless told. */
  constructor(box: PictureSize = { width: 640, height: 480 }) {
    this.#box = box;
  }

  /**
   * The picture of `frame`, which stays the caller's (its format and interlacing tags may be normalised).
   * @throws FFmpegError when libswscale can't read the frame's format.
   */
  scale(frame: Frame): Picture {
    const source = frame.isHwFrame() ? this.#toMemory(frame) : frame;
    normaliseTags(source);
    const matrix = source.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
    const orientation = matrix === null ? upright : orientationOf(matrix);
    const target = this.#prepare(source, orientation);
    FFmpegError.throwIfError(this.#scaler!.scaleFrameSync(target, source), 'sws_scale_frame');
    const packed = target.toBuffer();
    const { width, height } = target;
    const { transposed, mirroredX, mirroredY } = orientation;
    const data =
      transposed || mirroredX || mirroredY
        ? orientPicture(packed, { width, height }, orientation)
        : new Uint8Array(packed.buffer as ArrayBuffer, packed.byteOffset, packed.byteLength);
    return { ...orientedSize({ width, height }, orientation), data };
  }

  /** Idempotent. */
  close(): void {
    this.#reset();
    this.#download?.free();
    this.#download = null;
  }

  #prepare(source: Frame, orientation: Orientation): Frame {
    const aspect = source.sampleAspectRatio;
    const key = [
      source.width,
      source.height,
      source.format,
      source.colorRange,
      source.colorSpace,
      source.colorPrimaries,
      source.colorTrc,
      aspect.num,
      aspect.den,
      orientation.transposed,
    ].join();
    if (this.#target !== null && key === this.#inputKey) return this.#target;
    // A context that has to adapt itself to a changed input has crashed (FFmpeg 8.1): each kind of input gets its own.
    this.#reset();
    const size = fitPicture(
      source,
      aspect.den > 0 ? aspect.num / aspect.den : 1,
      orientedSize(this.#box, orientation),
    );
    this.#scaler = new SoftwareScaleContext();
    this.#scaler.allocContext();
    FFmpegError.throwIfError(this.#scaler.setOption('sws_flags', 'bilinear'), 'sws_flags');
    const target = new Frame();
    target.alloc();
    target.width = size.width;
    target.height = size.height;
    target.format = AV_PIX_FMT_YUV420P;
    target.colorRange = AVCOL_RANGE_JPEG;
    target.colorSpace = AVCOL_SPC_SMPTE170M;
    // Named alike, so that no gamut or tone mapping is attempted.
    target.colorPrimaries = source.colorPrimaries;
    target.colorTrc = source.colorTrc;
    this.#target = target;
    FFmpegError.throwIfError(target.getBuffer(0), 'av_frame_get_buffer');
    this.#inputKey = key;
    return target;
  }

  #toMemory(frame: Frame): Frame {
    this.#download ??= new Frame();
    this.#download.alloc();
    FFmpegError.throwIfError(this.#download.hwframeTransferDataSync(frame), 'av_hwframe_transfer_data');
    FFmpegError.throwIfError(this.#download.copyProps(frame), 'av_frame_copy_props');
    return this.#download;
  }

  #reset(): void {
    this.#scaler?.freeContext();
    this.#target?.free();
    this.#scaler = null;
    this.#target = null;
    this.#inputKey = '';
  }
}

/** Names a frame's format and range as libswscale wants them now. */
export function normaliseTags(frame: Frame): void {
  const twin = fullRangeTwins.get(frame.format);
  if (twin !== undefined) {
    frame.format = twin;
    frame.colorRange = AVCOL_RANGE_JPEG;
  }
  // libswscale refuses to turn interlaced into progressive; scaled as one picture, the fields blend.
  frame.clearFlags(AV_FRAME_FLAG_INTERLACED);
}

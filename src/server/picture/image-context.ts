/** One FFmpeg picture encoder, for pictures of one size: raw bytes in, a file's bytes out, the work on libuv's threads. */

import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  FF_ENCODER_MJPEG,
  FF_ENCODER_PNG,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet, Rational } from 'node-av/lib';
import { EarsightError } from '../../pipeline/errors.ts';

/** `jpeg` takes packed I420 in JFIF colours with a quantiser of 2 (finest) to 31; `png` takes packed RGB. */
export type ImageFormat = { codec: 'jpeg'; quantiser: number } | { codec: 'png' };

/**
 * FFmpeg encodes inside `sendFrame`, which node-av runs on libuv's thread pool; what follows only fetches the packet.
 * Measured at 640x480, JPEG: 0.5 to 0.6 ms, of which 0.06 ms on the main thread (node-av's `EncoderPool`: 1.2 and 0.3).
 * One picture at a time.
 */
export class ImageContext {
  readonly #context: CodecContext;
  readonly #frame: Frame;
  readonly #packet: Packet;
  readonly #quality: number | null;
  #pts = 0n;

  private constructor(context: CodecContext, frame: Frame, packet: Packet, quality: number | null) {
    this.#context = context;
    this.#frame = frame;
    this.#packet = packet;
    this.#quality = quality;
  }

  /** @throws EarsightError `internal` when this FFmpeg was built without the encoder */
  static async open(format: ImageFormat, width: number, height: number): Promise<ImageContext> {
    const isJpeg = format.codec === 'jpeg';
    const codec = Codec.findEncoderByName(isJpeg ? FF_ENCODER_MJPEG : FF_ENCODER_PNG);
    if (codec === null)
      throw new EarsightError('internal', `This build of FFmpeg has no ${format.codec} encoder.`);
    const pixelFormat = isJpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_RGB24;
    const context = new CodecContext();
    context.allocContext3(codec);
    context.width = width;
    context.height = height;
    context.pixelFormat = pixelFormat;
    context.colorRange = AVCOL_RANGE_JPEG;
    context.timeBase = new Rational(1, 25);
    context.threadCount = 1;
    // Square pixels make the JPEG a JFIF file, whose colours are defined; bitexact leaves out FFmpeg's comment.
    context.sampleAspectRatio = new Rational(1, 1);
    context.setFlags(AV_CODEC_FLAG_BITEXACT);
    const quality = isJpeg ? format.quantiser * FF_QP2LAMBDA : null;
    if (quality !== null) {
      context.setFlags(AV_CODEC_FLAG_QSCALE);
      context.globalQuality = quality;
    }
    const frame = new Frame();
    const packet = new Packet();
    try {
      FFmpegError.throwIfError(await context.open2(codec, null), 'avcodec_open2');
      frame.alloc();
      frame.width = width;
      frame.height = height;
      frame.format = pixelFormat;
      frame.colorRange = AVCOL_RANGE_JPEG;
      frame.sampleAspectRatio = new Rational(1, 1);
      FFmpegError.throwIfError(frame.getBuffer(), 'av_frame_get_buffer');
      packet.alloc();
    } catch (thrown) {
      packet.free();
      frame.free();
      context.freeContext();
      throw thrown;
    }
    return new ImageContext(context, frame, packet, quality);
  }

  /** @param data copied before this returns; the answer is the caller's to keep */
  async encode(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    FFmpegError.throwIfError(this.#frame.makeWritable(), 'av_frame_make_writable');
    FFmpegError.throwIfError(
      this.#frame.fromBuffer(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
      'av_image_fill_arrays',
    );
    this.#frame.pts = this.#pts++;
    if (this.#quality !== null) this.#frame.quality = this.#quality;
    FFmpegError.throwIfError(await this.#context.sendFrame(this.#frame), 'avcodec_send_frame');
    FFmpegError.throwIfError(this.#context.receivePacketSync(this.#packet), 'avcodec_receive_packet');
    const file = new Uint8Array(this.#packet.data ?? []);
    this.#packet.unref();
    return file;
  }

  close(): void {
    this.#packet.free();
    this.#frame.free();
    this.#context.freeContext();
  }
}

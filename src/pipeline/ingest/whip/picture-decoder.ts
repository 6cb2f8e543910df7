/** Decodes VP8 and H.264 with FFmpeg, one encoded frame in, its picture out, nothing held back. */

import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_VP8,
  AV_FRAME_FLAG_CORRUPT,
  AV_OPT_TYPE_INT64,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet } from 'node-av/lib';
import type { EncodedFrame } from './encoded-frame.ts';

/** A hostile stream may claim any size; this is 4096 x 4096. */
const MAX_PIXELS = 1n << 24n;

/**
 * Synchronous: the process belongs to one peer, a 640x480 frame takes about a millisecond, and order and teardown
 * need no care. One thread and low delay, because frame threads and reordering would each hold frames back
 * (WebRTC senders make no B-frames). `close()` frees the native memory.
 */
export class PictureDecoder {
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #frame = new Frame();

  constructor(codec: 'VP8' | 'H264') {
    const decoder = Codec.findDecoder(codec === 'VP8' ? AV_CODEC_ID_VP8 : AV_CODEC_ID_H264);
    this.#context.allocContext3(decoder);
    this.#context.threadCount = 1;
    this.#context.setFlags(AV_CODEC_FLAG_LOW_DELAY);
    // Not by a dictionary: node-av 6.1 frees one twice after avcodec_open2 took it.
    FFmpegError.throwIfError(
      this.#context.setOption('max_pixels', MAX_PIXELS, AV_OPT_TYPE_INT64),
      'max_pixels',
    );
    FFmpegError.throwIfError(this.#context.open2Sync(decoder), 'avcodec_open2');
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /**
   * Calls `take` for the picture of `encoded` (rarely none); its frame is valid during the call only and its
   * `pts` is the frame's RTP timestamp. Returns whether all went well: false asks for a key frame.
   */
  decode(encoded: EncodedFrame, take: (frame: Frame) => void): boolean {
    this.#packet.unref();
    this.#packet.data = encoded.data;
    this.#packet.pts = BigInt(encoded.timestamp);
    let sound = this.#context.sendPacketSync(this.#packet) >= 0;
    while (this.#context.receiveFrameSync(this.#frame) >= 0) {
      const corrupt = this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT);
      if (corrupt) sound = false;
      else take(this.#frame);
      this.#frame.unref();
    }
    return sound;
  }

  /** Forgets all reference pictures, before a key frame. */
  reset(): void {
    this.#context.flushBuffers();
  }

  close(): void {
    this.#packet.free();
    this.#frame.free();
    this.#context.freeContext();
  }
}

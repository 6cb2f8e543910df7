/** One track's decoder: packets in, frames out, broken packets survived. */

import { constants } from 'node:os';
import type { FFHWDeviceType } from 'node-av/constants';
import {
  AV_CODEC_FLAG2_CHUNKS,
  AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX,
  AV_HWDEVICE_TYPE_NONE,
  AV_OPT_TYPE_INT64,
  AVERROR_EOF,
  FF_THREAD_FRAME,
  FF_THREAD_SLICE,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  Frame,
  HardwareDeviceContext,
  type Packet,
  Rational,
  type Stream,
} from 'node-av/lib';
import { EarsightError } from '../../errors.ts';
import { MAX_PIXELS, requirePossiblePicture, requirePossibleSound } from '../media/media-limits.ts';
import { sourceFault } from './source-fault.ts';

const AVERROR_EAGAIN = -constants.errno.EAGAIN;

export interface DecoderOptions {
  hwaccel: string;
  /** Frame threads hold back a picture each: for recordings that are read as fast as possible. */
  frameThreads: boolean;
  /** Packets are parts of pictures, which come out when their last part is there (H.264 in software). */
  unparsed: boolean;
}

/** Packets and frames are in microseconds. `close()` frees the native memory. */
export class PacketDecoder {
  /** FFmpeg's name: h264, hevc, pcm_alaw, ... */
  readonly codec: string;
  readonly #context: CodecContext;
  readonly #frame = new Frame();
  readonly #device: HardwareDeviceContext | null;

  /** @throws EarsightError `source-unsupported` where there is no decoder for the stream. */
  constructor(stream: Stream, options: DecoderOptions) {
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    if (codec === null)
      throw new EarsightError(
        'source-unsupported',
        `stream ${stream.index} has a codec that FFmpeg can't decode; choose another in the camera`,
      );
    const { width, height, sampleRate, channelLayout } = stream.codecpar;
    requirePossiblePicture({ width, height });
    requirePossibleSound({ rateHz: sampleRate, channels: channelLayout.nbChannels });
    this.codec = codec.name ?? 'unknown';
    this.#context = new CodecContext();
    this.#context.allocContext3(codec);
    this.#context.parametersToContext(stream.codecpar);
    this.#context.pktTimebase = new Rational(1, 1_000_000);
    this.#context.threadType = options.frameThreads ? FF_THREAD_FRAME : FF_THREAD_SLICE;
    if (options.unparsed) this.#context.setFlags2(AV_CODEC_FLAG2_CHUNKS);
    this.#context.threadCount = options.frameThreads ? 0 : 2;
    this.#device = attachHardware(this.#context, codec, options.hwaccel);
    // Not by a dictionary: node-av 6.1 frees one twice after avcodec_open2 took it.
    this.#context.setOption('max_pixels', BigInt(MAX_PIXELS), AV_OPT_TYPE_INT64);
    const opened = this.#context.open2Sync(codec);
    if (opened < 0) {
      this.close();
      throw sourceFault(opened, 'open');
    }
    this.#frame.alloc();
  }

  /**
   * Decodes a packet (null: what is still held) and hands each frame to `onFrame`, which may use it during the call.
   * Returns false where the packet was broken; decoding goes on with the next.
   */
  decode(packet: Packet | null, onFrame: (frame: Frame) => void): boolean {
    const sent = this.#context.sendPacketSync(packet);
    for (;;) {
      const received = this.#context.receiveFrameSync(this.#frame);
      if (received === AVERROR_EAGAIN || received === AVERROR_EOF) break;
      if (received < 0) return false;
      onFrame(this.#frame);
      this.#frame.unref();
    }
    return sent >= 0 || sent === AVERROR_EOF;
  }

  /** Forgets what is held, ready for a new beginning. */
  reset(): void {
    this.#context.flushBuffers();
  }

  /** Idempotent. */
  close(): void {
    this.#frame.free();
    this.#context.freeContext();
    this.#device?.free();
  }
}

/** The hardware decoder where it exists and works; else says so on the log, and software decodes. */
function attachHardware(context: CodecContext, codec: Codec, hwaccel: string): HardwareDeviceContext | null {
  if (hwaccel === 'none') return null;
  const types =
    hwaccel === 'auto'
      ? codec.getSupportedDeviceTypes()
      : [HardwareDeviceContext.findTypeByName(hwaccel as FFHWDeviceType)];
  for (const type of types) {
    if (type === AV_HWDEVICE_TYPE_NONE) continue;
    for (let index = 0; ; index++) {
      const config = codec.getHwConfig(index);
      if (config === null) break;
      if (config.deviceType !== type || (config.methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) === 0)
        continue;
      const device = new HardwareDeviceContext();
      if (device.create(type) < 0) {
        device.free();
        continue;
      }
      context.hwDeviceCtx = device;
      context.setHardwarePixelFormat(config.pixFmt);
      return device;
    }
  }
  console.error(
    `hwaccel ${hwaccel} does not work here for ${codec.name ?? 'this codec'}; decoding in software`,
  );
  return null;
}

/** Pictures and sound as real encoders make them, once, for publishers that send them over and over. */

import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_OPT_SEARCH_CHILDREN,
  AV_OPT_TYPE_STRING,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLT,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet, Rational } from 'node-av/lib';

export interface Size {
  width: number;
  height: number;
}

/** Samples of one Opus packet of 20 ms. */
export const OPUS_TICKS = 960;

/**
 * `count` frames, of which the first alone is a key frame: they can be sent in a circle.
 * @param isWhite all of the picture; else it is a pattern that moves
 */
export function encodePictures(codec: 'VP8' | 'H264', size: Size, count: number, isWhite = false): Buffer[] {
  const encoder = Codec.findEncoderByName((codec === 'VP8' ? 'libvpx' : 'libx264') as never);
  if (encoder === null) throw new Error(`no encoder for ${codec}`);
  const context = new CodecContext();
  context.allocContext3(encoder);
  Object.assign(context, {
    ...size,
    pixelFormat: AV_PIX_FMT_YUV420P,
    timeBase: new Rational(1, 30),
    gopSize: count,
    maxBFrames: 0,
    bitRate: 300_000n,
  });
  const options =
    codec === 'VP8'
      ? { deadline: 'realtime', 'cpu-used': '8', 'lag-in-frames': '0' }
      : { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline', 'x264-params': 'log=-1' };
  for (const [name, value] of Object.entries(options)) {
    FFmpegError.throwIfError(
      context.setOption(name, value, AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN),
      name,
    );
  }
  return encodeAll(context, encoder, count, (i) => {
    const pixels = Buffer.alloc((size.width * size.height * 3) / 2, 128);
    for (let at = 0; at < size.width * size.height; at++)
      pixels[at] = isWhite ? 235 : (at * 7 + i * 13) % 200;
    return Frame.fromVideoBuffer(pixels, { ...size, format: AV_PIX_FMT_YUV420P, pts: BigInt(i) });
  });
}

/** A 440-Hz tone as `count` Opus packets of 20 ms. */
export function encodeTone(count: number): Buffer[] {
  const encoder = Codec.findEncoderByName('libopus' as never);
  if (encoder === null) throw new Error('no encoder for Opus');
  const context = new CodecContext();
  context.allocContext3(encoder);
  Object.assign(context, {
    sampleRate: 48_000,
    channelLayout: AV_CHANNEL_LAYOUT_STEREO,
    sampleFormat: AV_SAMPLE_FMT_FLT,
    bitRate: 64_000n,
    timeBase: new Rational(1, 48_000),
  });
  return encodeAll(context, encoder, count, (i) => {
    const samples = new Float32Array(OPUS_TICKS * 2);
    for (let n = 0; n < OPUS_TICKS; n++) {
      const value = 0.25 * Math.sin((2 * Math.PI * 440 * (i * OPUS_TICKS + n)) / 48_000);
      samples.fill(value, 2 * n, 2 * n + 2);
    }
    return Frame.fromAudioBuffer(Buffer.from(samples.buffer), {
      nbSamples: OPUS_TICKS,
      format: AV_SAMPLE_FMT_FLT,
      sampleRate: 48_000,
      channelLayout: AV_CHANNEL_LAYOUT_STEREO,
      pts: BigInt(i * OPUS_TICKS),
    });
  });
}

/** Opens `context`, encodes frames 0 to `count` - 1 and frees everything. */
function encodeAll(
  context: CodecContext,
  encoder: Codec,
  count: number,
  frameAt: (index: number) => Frame,
): Buffer[] {
  FFmpegError.throwIfError(context.open2Sync(encoder), 'open');
  const packet = new Packet();
  packet.alloc();
  const encoded: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const frame = frameAt(i);
    context.sendFrameSync(frame);
    frame.free();
    while (context.receivePacketSync(packet) === 0) {
      encoded.push(Buffer.from(packet.data!));
      packet.unref();
    }
  }
  packet.free();
  context.freeContext();
  return encoded;
}

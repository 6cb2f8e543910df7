/** Both tracks, from packets that real encoders made to decoded media. */

import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_OPT_SEARCH_CHILDREN,
  AV_OPT_TYPE_STRING,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLT,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet, Rational } from 'node-av/lib';
import { afterEach, describe, expect, it } from 'vitest';
import { H264Packetizer, Vp8Packetizer } from 'werift';
import { systemClock } from '../../clock.ts';
import type { ChildAudio, ChildFrame } from '../process/messages.ts';
import { AudioTrack } from './audio-track.ts';
import { type TrackPacket, VideoTrack } from './video-track.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const SIZE = { width: 320, height: 240 };
const FRAME_TICKS = 3_000;
const FRAME_US = 33_333;

/** `count` frames, each a list of RTP packets; the first is a key frame, then one every `keyEvery`. */
function encodeVideo(codec: 'VP8' | 'H264', count: number, keyEvery: number): TrackPacket[][] {
  const encoder = Codec.findEncoderByName((codec === 'VP8' ? 'libvpx' : 'libx264') as never)!;
  const context = new CodecContext();
  context.allocContext3(encoder);
  Object.assign(context, {
    ...SIZE,
    pixelFormat: AV_PIX_FMT_YUV420P,
    timeBase: new Rational(1, 30),
    gopSize: keyEvery,
    maxBFrames: 0,
    bitRate: 800_000n,
  });
  const options =
    codec === 'VP8'
      ? { deadline: 'realtime', 'lag-in-frames': '0' }
      : { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline', 'x264-params': 'log=-1' };
  for (const [name, value] of Object.entries(options)) {
    FFmpegError.throwIfError(
      context.setOption(name, value, AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN),
      name,
    );
  }
  FFmpegError.throwIfError(context.open2Sync(encoder), 'open');
  const packetizer =
    codec === 'VP8'
      ? new Vp8Packetizer({ maxPayloadSize: 400 })
      : new H264Packetizer({ maxPayloadSize: 400 });
  const packet = new Packet();
  packet.alloc();
  const frames: TrackPacket[][] = [];
  let sequence = 65_500;
  for (let i = 0; i < count; i++) {
    const pixels = Buffer.alloc((SIZE.width * SIZE.height * 3) / 2, 128);
    for (let at = 0; at < SIZE.width * SIZE.height; at++) pixels[at] = (at * 7 + i * 13) % 200;
    const frame = Frame.fromVideoBuffer(pixels, { ...SIZE, format: AV_PIX_FMT_YUV420P, pts: BigInt(i) });
    context.sendFrameSync(frame);
    frame.free();
    while (context.receivePacketSync(packet) === 0) {
      // The timestamps wrap within the first ten frames, the sequence numbers soon after.
      const timestamp = (2 ** 32 - 10 * FRAME_TICKS + frames.length * FRAME_TICKS) % 2 ** 32;
      const packets = packetizer.packetize(Buffer.from(packet.data!), timestamp);
      frames.push(
        packets.map(({ header, payload }) => ({
          sequence: sequence++ & 0xffff,
          timestamp,
          marker: header.marker,
          payload,
        })),
      );
      packet.unref();
    }
  }
  packet.free();
  context.freeContext();
  return frames;
}

function videoTrack(codec: 'VP8' | 'H264') {
  const frames: ChildFrame[] = [];
  const drops: Record<string, number> = {};
  const missing: number[][] = [];
  let keyRequests = 0;
  const track = new VideoTrack({
    codec,
    maxRateHz: null,
    box: { width: 640, height: 480 },
    clock: systemClock,
    sink: {
      frame: (frame) => frames.push(frame),
      drop: (_, reason, count = 1) => (drops[reason] = (drops[reason] ?? 0) + count),
    },
    onSize: () => undefined,
    requestPackets: (sequences) => missing.push(sequences),
    requestKeyFrame: () => keyRequests++,
  });
  closers.push(() => track.close());
  return { track, frames, drops, missing, keyRequests: () => keyRequests };
}

describe.each(['VP8', 'H264'] as const)('VideoTrack, %s', (codec) => {
  it('gives every frame its exact time, through wraps and reordering', () => {
    const { track, frames, drops, missing } = videoTrack(codec);
    const encoded = encodeVideo(codec, 30, 100);
    encoded.forEach((packets, i) => {
      // Neighbours swapped; the very first packet decides where the stream begins.
      const order = i === 0 ? packets : packets.toReversed();
      for (const packet of order) track.push(packet, i * FRAME_US);
    });
    expect(encoded[0]!.length).toBeGreaterThan(3);
    expect(frames).toHaveLength(30);
    frames.forEach((frame, i) => {
      expect(frame.ptsUs - frames[0]!.ptsUs).toBe(
        Math.round((i * FRAME_TICKS * 100) / 9) + offBy(frame.ptsUs, frames[0]!.ptsUs, i),
      );
      expect(frame).toMatchObject(SIZE);
    });
    expect(drops).toEqual({});
    expect(missing.flat().length).toBeGreaterThan(0);
    // A sender report's timestamp from before the wrap, after it.
    expect(track.ptsUsOf(2 ** 32 - 10 * FRAME_TICKS)).toBe(frames[0]!.ptsUs);
  });

  it('withholds what depends on a lost frame, asks for a key frame, and goes on with it', () => {
    const { track, frames, drops, missing, keyRequests } = videoTrack(codec);
    const encoded = encodeVideo(codec, 40, 20);
    let nowUs = 0;
    encoded.forEach((packets, i) => {
      packets.forEach((packet, p) => {
        if (i !== 5 || p !== 0) track.push(packet, nowUs);
      });
      nowUs += FRAME_US;
    });
    const seen = frames.map((frame) => Math.round((frame.ptsUs - frames[0]!.ptsUs) / FRAME_US));
    expect(seen).toEqual([0, 1, 2, 3, 4, ...Array.from({ length: 20 }, (_, i) => 20 + i)]);
    expect(missing[0]).toEqual([encoded[5]![0]!.sequence]);
    // Once before the first frame (it had not come yet) at most, and after the wait.
    expect(keyRequests()).toBeGreaterThanOrEqual(1);
    expect(drops['packet-lost']).toBeGreaterThanOrEqual(14);
    expect(drops['decode-error']).toBeUndefined();
  });

  it('loses nothing when the retransmission comes', () => {
    const { track, frames } = videoTrack(codec);
    const encoded = encodeVideo(codec, 10, 100);
    const late = encoded[3]!.splice(0, 1);
    encoded.forEach((packets, i) => {
      for (const packet of packets) track.push(packet, i * FRAME_US);
      if (i === 6) for (const packet of late) track.push(packet, i * FRAME_US);
    });
    expect(frames).toHaveLength(10);
  });

  it('starts with a key frame and survives garbage', () => {
    const { track, frames } = videoTrack(codec);
    const encoded = encodeVideo(codec, 12, 6).slice(1);
    encoded.splice(7, 0, [
      { sequence: encoded[6]!.at(-1)!.sequence + 1, timestamp: 1, marker: true, payload: Buffer.alloc(0) },
    ]);
    encoded.flat().forEach((packet, i) => track.push({ ...packet, sequence: (100 + i) & 0xffff }, i * 1000));
    for (let i = 0; i < 50; i++)
      track.push(
        { sequence: 3_000 + i, timestamp: i, marker: i % 3 === 0, payload: Buffer.alloc(i, i * 37) },
        1e6,
      );
    expect(frames.length).toBeGreaterThanOrEqual(6);
  });
});

it('refuses pictures of more than 2^24 pixels', () => {
  const { track, frames, drops } = videoTrack('VP8');
  // RFC 6386 section 9.1: a key frame's header names its size; 8191 x 8191 here, which FFmpeg itself would take.
  const [first] = encodeVideo('VP8', 1, 1);
  const payload = Buffer.from(first![0]!.payload);
  payload.writeUInt16LE(8191, 4 + 6);
  payload.writeUInt16LE(8191, 4 + 8);
  first!.forEach((packet, p) => track.push(p === 0 ? { ...packet, payload } : packet, 0));
  expect(frames).toEqual([]);
  expect(drops).toEqual({ 'decode-error': 1 });
});

/** Times are rounded from the unwrapped tick, not from the difference: one microsecond either way. */
function offBy(ptsUs: number, firstUs: number, i: number): number {
  const error = ptsUs - firstUs - Math.round((i * FRAME_TICKS * 100) / 9);
  return Math.abs(error) <= 1 ? error : 0;
}

const OPUS_TICKS = 960;

/** A click of 1-ms width at `clickTick`, as Opus packets of 20 ms. */
function encodeClick(clickTick: number, count: number): TrackPacket[] {
  const encoder = Codec.findEncoderByName('libopus' as never)!;
  const context = new CodecContext();
  context.allocContext3(encoder);
  Object.assign(context, {
    sampleRate: 48_000,
    channelLayout: AV_CHANNEL_LAYOUT_STEREO,
    sampleFormat: AV_SAMPLE_FMT_FLT,
    bitRate: 96_000n,
    timeBase: new Rational(1, 48_000),
  });
  FFmpegError.throwIfError(context.open2Sync(encoder), 'open');
  const packet = new Packet();
  packet.alloc();
  const packets: TrackPacket[] = [];
  for (let i = 0; i < count; i++) {
    const samples = new Float32Array(OPUS_TICKS * 2);
    for (let n = 0; n < OPUS_TICKS; n++) {
      const seconds = (i * OPUS_TICKS + n - clickTick) / 48_000;
      samples.fill(
        0.5 * Math.exp(-((seconds / 0.002) ** 2)) * Math.cos(2 * Math.PI * 1000 * seconds),
        2 * n,
        2 * n + 2,
      );
    }
    const frame = Frame.fromAudioBuffer(Buffer.from(samples.buffer), {
      nbSamples: OPUS_TICKS,
      format: AV_SAMPLE_FMT_FLT,
      sampleRate: 48_000,
      channelLayout: AV_CHANNEL_LAYOUT_STEREO,
      pts: BigInt(i * OPUS_TICKS),
    });
    context.sendFrameSync(frame);
    frame.free();
    while (context.receivePacketSync(packet) === 0) {
      const n = packets.length;
      packets.push({
        sequence: (65_530 + n) & 0xffff,
        timestamp: (2 ** 32 - 5 * OPUS_TICKS + n * OPUS_TICKS) % 2 ** 32,
        marker: false,
        payload: Buffer.from(packet.data!),
      });
      packet.unref();
    }
  }
  packet.free();
  context.freeContext();
  return packets;
}

function audioTrack() {
  const chunks: ChildAudio[] = [];
  const drops: Record<string, number> = {};
  const track = new AudioTrack({
    rateHz: 22_050,
    onChunk: (chunk) => chunks.push(chunk),
    onDrop: (reason, count) => (drops[reason] = (drops[reason] ?? 0) + count),
    onLost: (count) => (drops['lost'] = (drops['lost'] ?? 0) + count),
  });
  closers.push(() => track.close());
  return { track, chunks, drops };
}

/** Centre of energy on the track's clock. */
function clickUs(chunks: readonly ChildAudio[]): number {
  let sum = 0;
  let energy = 0;
  for (const { ptsUs, samples, rateHz } of chunks) {
    samples.forEach((sample, i) => {
      sum += sample * sample * (ptsUs - chunks[0]!.ptsUs + (i * 1e6) / rateHz);
      energy += sample * sample;
    });
  }
  return chunks[0]!.ptsUs + sum / energy;
}

describe('AudioTrack', () => {
  it("puts sound where it was captured, the encoder's look-ahead taken off", () => {
    const { track, chunks } = audioTrack();
    const clickTick = 30 * OPUS_TICKS + 100;
    encodeClick(clickTick, 60).forEach((packet, i) => track.push(packet, i * 20_000));
    const captureUs = track.ptsUsOf((2 ** 32 - 5 * OPUS_TICKS + clickTick) % 2 ** 32)!;
    expect(Math.abs(clickUs(chunks) - captureUs)).toBeLessThan(100);
  });

  it('leaves a hole as long as what was lost, and says so', () => {
    const { track, chunks, drops } = audioTrack();
    encodeClick(0, 40).forEach((packet, i) => {
      if (i < 10 || i >= 13) track.push(packet, i * 20_000);
    });
    expect(drops).toEqual({ lost: 3 });
    const holes = chunks.slice(1).flatMap((chunk, i) => {
      const before = chunks[i]!;
      const endUs = before.ptsUs + (before.samples.length * 1e6) / 22_050;
      return chunk.ptsUs - endUs > 1_000 ? [chunk.ptsUs - endUs] : [];
    });
    expect(holes).toHaveLength(1);
    expect(Math.abs(holes[0]! - 60_000)).toBeLessThan(200);
  });

  it('counts what does not decode', () => {
    const { track, drops } = audioTrack();
    track.push({ sequence: 1, timestamp: 0, marker: false, payload: Buffer.from([0xff, 0xff, 0xff]) }, 0);
    expect(drops).toEqual({ 'decode-error': 1 });
  });
});

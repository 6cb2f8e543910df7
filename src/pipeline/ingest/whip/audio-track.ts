/** One peer's audio: Opus packets in, mono float at the model's rate out, on exact sample times. */

import { AV_CHANNEL_LAYOUT_STEREO, AV_CODEC_ID_OPUS } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet } from 'node-av/lib';
import { MonoResampler } from '../media/mono-resampler.ts';
import type { ChildAudio } from '../process/messages.ts';
import { ReorderBuffer } from './reorder-buffer.ts';
import { ticksToUs, Unwrapper } from './rtp-clock.ts';
import type { TrackPacket } from './video-track.ts';

/** Always, whatever the encoder's own rate (RFC 7587 section 4.1). */
const CLOCK_RATE_HZ = 48_000;
/**
 * libopus looks ahead 312 samples at 48 kHz (RFC 7845 section 4.2 calls it pre-skip), so a packet stamped T
 * decodes to the sound of T - 6.5 ms; RTP does not signal it. Measured with an impulse through libopus and
 * FFmpeg's decoder: 312.1 samples. Every browser, OBS and GStreamer encode with libopus in this mode.
 */
const ENCODER_DELAY_US = 6_500;
/** Reordering only: browsers keep no audio to retransmit, and sound must not wait. */
const REORDER_LIMITS = { maxWaitUs: 60_000, maxHeld: 64, requestIntervalUs: Number.MAX_SAFE_INTEGER };

interface AudioPacket {
  payload: Buffer;
  timestamp: number;
  arrivalUs: number;
}

export interface AudioTrackOptions {
  /** Output rate. */
  rateHz: number;
  /** `samples` are given away. */
  onChunk: (chunk: ChildAudio) => void;
  onDrop: (reason: string, count: number) => void;
  /** Packets that never came. */
  onLost: (count: number) => void;
}

/**
 * Times come from the packets, so what is not sent (DTX) or is lost leaves a gap in the times and never shortens
 * them: the aligner knows a hole from silence, which concealment would hide.
 */
export class AudioTrack {
  readonly #options: AudioTrackOptions;
  readonly #reorder = new ReorderBuffer<AudioPacket>(REORDER_LIMITS);
  readonly #timestamps = new Unwrapper(32);
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #resampler: MonoResampler;
  #received = false;

  constructor(options: AudioTrackOptions) {
    this.#options = options;
    this.#resampler = new MonoResampler({ rateHz: options.rateHz });
    const decoder = Codec.findDecoder(AV_CODEC_ID_OPUS);
    this.#context.allocContext3(decoder);
    this.#context.sampleRate = CLOCK_RATE_HZ;
    this.#context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    this.#context.threadCount = 1;
    FFmpegError.throwIfError(this.#context.open2Sync(decoder), 'avcodec_open2');
    this.#packet.alloc();
    this.#frame.alloc();
  }

  push(packet: TrackPacket, arrivalUs: number): void {
    this.#received = true;
    const timestamp = this.#timestamps.unwrap(packet.timestamp);
    this.#reorder.push(packet.sequence, { payload: packet.payload, timestamp, arrivalUs }, arrivalUs);
    this.tick(arrivalUs);
  }

  /** Call every few milliseconds too: a gap runs out without a new packet. */
  tick(nowUs: number): void {
    for (const { item, lostBefore } of this.#reorder.take(nowUs)) {
      if (lostBefore > 0) this.#options.onLost(lostBefore);
      if (item.payload.length > 0) this.#decode(item);
    }
  }

  /** As for video. */
  ptsUsOf(rtpTimestamp: number): number | null {
    return this.#received ? ticksToUs(this.#timestamps.peek(rtpTimestamp), CLOCK_RATE_HZ) : null;
  }

  close(): void {
    this.#resampler.close();
    this.#packet.free();
    this.#frame.free();
    this.#context.freeContext();
  }

  #decode({ payload, timestamp, arrivalUs }: AudioPacket): void {
    this.#packet.unref();
    this.#packet.data = payload;
    this.#packet.pts = BigInt(timestamp);
    const sent = this.#context.sendPacketSync(this.#packet);
    if (sent < 0) this.#options.onDrop('decode-error', 1);
    while (this.#context.receiveFrameSync(this.#frame) >= 0) {
      const startUs = ticksToUs(Number(this.#frame.pts), CLOCK_RATE_HZ) - ENCODER_DELAY_US;
      for (const chunk of this.#resampler.push(this.#frame, startUs)) {
        this.#options.onChunk({ ...chunk, arrivalUs, rateHz: this.#options.rateHz });
      }
      this.#frame.unref();
    }
  }
}

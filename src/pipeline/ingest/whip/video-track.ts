/** One peer's video: RTP packets in, scaled pictures out, and what to ask of the sender. */

import type { Frame } from 'node-av/lib';
import { FrameSelector } from '../../frame-selector.ts';
import type { Clock } from '../../ports.ts';
import { PictureScaler } from '../media/picture-scaler.ts';
import type { PictureSize } from '../media/picture-size.ts';
import { type EncodedFrame, FrameAssembler, type VideoPacket } from './encoded-frame.ts';
import type { PeerSink } from './messages.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { ReorderBuffer } from './reorder-buffer.ts';
import { ticksToUs, Unwrapper } from './rtp-clock.ts';

const CLOCK_RATE_HZ = 90_000;
/**
 * A retransmission is back after one round trip: 250 ms covers the far side of a continent three times. Past
 * that a key frame (asked for at once, one round trip and one big frame) is nearer than the lost packet.
 */
const REORDER_LIMITS = { maxWaitUs: 250_000, maxHeld: 512, requestIntervalUs: 60_000 };
/** Between two requests for a key frame: senders ignore more frequent ones, and each costs them a burst. */
const KEY_FRAME_REQUEST_INTERVAL_US = 500_000;

/** What of an RTP packet a track reads. */
export interface TrackPacket {
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

export interface VideoTrackOptions {
  codec: 'VP8' | 'H264';
  /** Most pictures a second handed on; all are decoded. null: every one. */
  maxRateHz: number | null;
  /** Largest picture handed on. */
  box: PictureSize;
  clock: Clock;
  sink: Pick<PeerSink, 'frame' | 'drop'>;
  /** A picture of a new size; called before its frame. */
  onSize: (size: PictureSize) => void;
  requestPackets: (sequences: number[]) => void;
  requestKeyFrame: () => void;
}

export class VideoTrack {
  readonly #options: VideoTrackOptions;
  readonly #reorder = new ReorderBuffer<VideoPacket>(REORDER_LIMITS);
  readonly #timestamps = new Unwrapper(32);
  readonly #assembler: FrameAssembler;
  readonly #decoder: PictureDecoder;
  readonly #scaler: PictureScaler;
  readonly #selector: FrameSelector;
  #received = false;
  #lastKeyRequestUs = Number.NEGATIVE_INFINITY;
  #lastPtsUs = Number.NEGATIVE_INFINITY;
  #size: PictureSize = { width: 0, height: 0 };

  constructor(options: VideoTrackOptions) {
    this.#options = options;
    this.#assembler = new FrameAssembler(options.codec);
    this.#decoder = new PictureDecoder(options.codec);
    this.#scaler = new PictureScaler(options.box);
    this.#selector = new FrameSelector(options.maxRateHz);
  }

  push(packet: TrackPacket, arrivalUs: number): void {
    this.#received = true;
    const timestamp = this.#timestamps.unwrap(packet.timestamp);
    const { payload, marker } = packet;
    this.#reorder.push(packet.sequence, { payload, marker, timestamp, arrivalUs }, arrivalUs);
    this.tick(arrivalUs);
  }

  /** Call every few milliseconds too: gaps run out and requests are repeated without a new packet. */
  tick(nowUs: number): void {
    if (!this.#received) return;
    for (const { item, lostBefore } of this.#reorder.take(nowUs)) {
      if (lostBefore > 0) this.#options.sink.drop('packet', 'video-lost', lostBefore);
      for (const frame of this.#assembler.push(item, lostBefore)) this.#decode(frame);
    }
    this.#count('packet-lost', this.#assembler.takeWithheld());
    const missing = this.#reorder.requests(nowUs);
    if (missing.length > 0) this.#options.requestPackets(missing);
    if (this.#assembler.needsKeyFrame && nowUs - this.#lastKeyRequestUs >= KEY_FRAME_REQUEST_INTERVAL_US) {
      this.#lastKeyRequestUs = nowUs;
      this.#options.requestKeyFrame();
    }
  }

  /** A timestamp of this track (of a sender report, say) on its clock; null before the first packet. */
  ptsUsOf(rtpTimestamp: number): number | null {
    return this.#received ? ticksToUs(this.#timestamps.peek(rtpTimestamp), CLOCK_RATE_HZ) : null;
  }

  close(): void {
    this.#decoder.close();
    this.#scaler.close();
  }

  #decode(encoded: EncodedFrame): void {
    const sound = this.#decoder.decode(encoded, (frame) => this.#deliver(frame, encoded.arrivalUs));
    if (sound) return;
    this.#count('decode-error', 1);
    this.#assembler.requireKeyFrame();
    this.#decoder.reset();
  }

  #deliver(frame: Frame, arrivalUs: number): void {
    const ptsUs = ticksToUs(Number(frame.pts), CLOCK_RATE_HZ);
    if (ptsUs <= this.#lastPtsUs) {
      this.#count('out-of-order', 1);
      return;
    }
    this.#lastPtsUs = ptsUs;
    if (!this.#selector.take(ptsUs)) {
      this.#count('rate-cap', 1);
      return;
    }
    try {
      const picture = this.#scaler.scale(frame);
      if (picture.width !== this.#size.width || picture.height !== this.#size.height) {
        this.#size = { width: picture.width, height: picture.height };
        this.#options.onSize(this.#size);
      }
      this.#options.sink.frame({
        ptsUs,
        arrivalUs,
        decodedUs: this.#options.clock.monotonicUs(),
        ...picture,
      });
    } catch {
      this.#count('decode-error', 1);
    }
  }

  #count(reason: string, count: number): void {
    if (count > 0) this.#options.sink.drop('frame', reason, count);
  }
}

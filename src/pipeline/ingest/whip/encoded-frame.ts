/** Assembles a video track's packets, in order, into encoded frames that a decoder can take. */

import { H264RtpPayload, Vp8RtpPayload } from 'werift';

/** What the assembler needs of a packet. */
export interface VideoPacket {
  payload: Buffer;
  /** Unwrapped RTP timestamp. */
  timestamp: number;
  /** Last packet of its frame. */
  marker: boolean;
  arrivalUs: number;
}

/** One picture as the encoder made it: a VP8 frame, or an H.264 access unit in Annex B form. */
export interface EncodedFrame {
  data: Buffer;
  isKey: boolean;
  /** Unwrapped RTP timestamp. */
  timestamp: number;
  /** When its last packet arrived (monotonic). */
  arrivalUs: number;
}

/** One packet's part of a frame. */
interface FramePart {
  /** Bytes that can be appended now; undefined while a fragmented unit is incomplete. */
  payload: Buffer | undefined;
  /** Fragments so far, to hand to the next packet. */
  fragment: Buffer | undefined;
  isKey: boolean;
  /** This packet surely begins a frame. */
  beginsFrame: boolean;
  /** This packet surely continues what an earlier one began. */
  continues: boolean;
}

type ReadPart = (payload: Buffer, fragment: Buffer | undefined) => FramePart;

/** Largest frame kept, so that a sender without markers cannot fill memory. */
const MAX_FRAME_BYTES = 4 << 20;

/**
 * After a loss every frame is withheld until the next key frame: frames that refer to a missing one decode to
 * smeared pictures, which a model would take for real. `needsKeyFrame` says that the sender must be asked.
 */
export class FrameAssembler {
  readonly #readPart: ReadPart;
  #needsKeyFrame = true;
  #parts: Buffer[] = [];
  #bytes = 0;
  #fragment: Buffer | undefined;
  #isKey = false;
  #broken = false;
  #begun = false;
  #timestamp = 0;
  #arrivalUs = 0;
  #withheld = 0;

  constructor(codec: 'VP8' | 'H264') {
    this.#readPart = codec === 'VP8' ? readVp8 : readH264;
  }

  get needsKeyFrame(): boolean {
    return this.#needsKeyFrame;
  }

  /** Frames withheld since the last call. */
  takeWithheld(): number {
    const count = this.#withheld;
    this.#withheld = 0;
    return count;
  }

  /** The decoder could not use what it was given: start again from a key frame. */
  requireKeyFrame(): void {
    this.#needsKeyFrame = true;
  }

  /** Adds the next packet; `lost` packets are missing before it. Returns the frames that are now complete (0 to 2). */
  push(packet: VideoPacket, lost: number): EncodedFrame[] {
    const done: EncodedFrame[] = [];
    if (lost > 0) {
      this.#abandon();
      this.#needsKeyFrame = true;
    } else if (this.#begun && packet.timestamp !== this.#timestamp) {
      done.push(...this.#finish()); // The sender set no marker.
    }
    if (packet.payload.length === 0) return done; // Padding, sent to probe the bandwidth.
    if (!this.#begun) this.#begin(packet, lost > 0);
    this.#append(packet);
    if (packet.marker) done.push(...this.#finish());
    return done;
  }

  #begin(packet: VideoPacket, afterLoss: boolean): void {
    this.#begun = true;
    this.#timestamp = packet.timestamp;
    this.#broken = false;
    // After a loss only a packet that proves to be a frame's first may open one.
    if (afterLoss) this.#broken = !this.#read(packet).beginsFrame;
  }

  #append(packet: VideoPacket): void {
    this.#arrivalUs = Math.max(this.#arrivalUs, packet.arrivalUs);
    if (this.#broken) return;
    const part = this.#read(packet);
    this.#bytes += packet.payload.length;
    if (
      (part.continues && this.#parts.length === 0 && this.#fragment === undefined) ||
      this.#bytes > MAX_FRAME_BYTES
    ) {
      this.#broken = true;
      return;
    }
    this.#fragment = part.fragment;
    this.#isKey ||= part.isKey;
    if (part.payload !== undefined) this.#parts.push(part.payload);
  }

  #read(packet: VideoPacket): FramePart {
    try {
      return this.#readPart(packet.payload, this.#fragment);
    } catch {
      // A payload shorter than its own header says it is: the frame cannot be whole.
      return { payload: undefined, fragment: undefined, isKey: false, beginsFrame: false, continues: true };
    }
  }

  #finish(): EncodedFrame[] {
    const whole = !this.#broken && this.#parts.length > 0 && this.#fragment === undefined;
    const frame = {
      data: Buffer.concat(this.#parts),
      isKey: this.#isKey,
      timestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
    };
    if (!whole) this.#needsKeyFrame = true;
    else if (frame.isKey) this.#needsKeyFrame = false;
    const usable = whole && !this.#needsKeyFrame;
    if (!usable) this.#withheld++;
    this.#reset();
    return usable ? [frame] : [];
  }

  #abandon(): void {
    if (this.#begun) this.#withheld++;
    this.#reset();
  }

  #reset(): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#fragment = undefined;
    this.#isKey = false;
    this.#broken = false;
    this.#begun = false;
    this.#arrivalUs = 0;
  }
}

/** RFC 7741 section 4.2: the S bit of partition 0 marks the first packet of a frame. */
function readVp8(payload: Buffer): FramePart {
  const part = Vp8RtpPayload.deSerialize(payload);
  const first = part.sBit === 1 && part.pid === 0;
  return {
    payload: part.payload,
    fragment: undefined,
    isKey: first && part.isKeyframe,
    beginsFrame: first,
    continues: !first,
  };
}

const H264_SPS = 7;
const H264_ACCESS_UNIT_DELIMITER = 9;
const H264_STAP_A = 24;
const H264_FU_A = 28;

/**
 * RFC 6184 section 5. Nothing marks a frame's first packet; parameter sets and delimiters come only there (H.264
 * section 7.4.1.2.3).
 */
function readH264(payload: Buffer, fragment: Buffer | undefined): FramePart {
  const part = H264RtpPayload.deSerialize(payload, fragment);
  const type = part.nalUnitType;
  const isFragment = type === H264_FU_A;
  return {
    payload: part.payload,
    fragment: part.fragment,
    isKey: part.isKeyframe,
    beginsFrame:
      type === H264_SPS ||
      type === H264_ACCESS_UNIT_DELIMITER ||
      (type === H264_STAP_A && (payload[3]! & 0x1f) === H264_SPS),
    continues: isFragment && part.s !== 1,
  };
}

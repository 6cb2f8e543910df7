/**
 * Puts H.264 from RTP together without waiting for the next picture. Pure.
 *
 * FFmpeg's parser knows that a picture is complete when the next one begins: a frame interval late. With the parser
 * off, its depacketiser (RFC 6184) hands out each RTP packet as it comes: whole NAL units, or a unit's fragments, of
 * which only the first begins with a start code. Neither the end bit of the last fragment nor the RTP marker gets
 * through. But a sender fills its packets: a unit ends with the first fragment that is smaller than the unit's first
 * one, and a packet that begins a unit holds all of it when it is smaller than fragments are. The decoder
 * (`AV_CODEC_FLAG2_CHUNKS`) gives the picture out when its last macroblock is there, so units are all it needs.
 *
 * The sizes are a guess about the sender, so it has to prove them: until so many slices in a row ended where they
 * seemed to, and again after each one that did not, a unit is given out when the next begins, as the parser does.
 */

/** How many slices prove a sender; twice as many after each disappointment. About a second. */
const PROOF_UNITS = 32;
const MAX_PROOF_UNITS = 4096;
/** Nobody's packets are smaller than this and not the last of their unit (IPv4 carries 576 bytes everywhere). */
const LEAST_FRAGMENT_BYTES = 512;
/** A unit larger than this is damage, not a picture. */
const MAX_UNIT_BYTES = 16 * 2 ** 20;

const START_CODE = Uint8Array.of(0, 0, 0, 1);
/** Start code and the unit's header, which FFmpeg restores before a first fragment. */
const FIRST_EXTRA_BYTES = START_CODE.length + 1;

/** ITU-T H.264 table 7-1. */
const SLICE_TYPES = { first: 1, last: 5 };
/** Clause 7.4.1.2.3: SEI, parameter sets, delimiter, and 14 to 18 come before the slices of their picture. */
const isPrefix = (type: number): boolean => (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
const isSlice = (type: number): boolean => type >= SLICE_TYPES.first && type <= SLICE_TYPES.last;

/** One per connection. */
export class H264Assembler {
  /** Fragments of the unit that is being put together; its packets' sum. */
  #parts: Buffer[] = [];
  #bytes = 0;
  #pts: bigint | null = null;
  /** The latest unit seems complete; it may have been given out. */
  #seemsWhole = false;
  /** The picture that is coming has had a slice. */
  #hadSlice = true;
  #provenUnits = 0;
  #proofUnits = PROOF_UNITS;
  /** Sizes of the first fragments seen: equal with senders that fill their packets, others cut evenly. */
  #least = 0;
  #largest = 0;
  /** Of all packets seen that begin a unit. */
  #largestBeginning = LEAST_FRAGMENT_BYTES;

  /**
   * Takes the next packet, which is copied, and its time in any unit. Gives `onUnit` a unit of the picture before where
   * one was still open, then tells `onPicture` where the packet begins a picture, then gives what the packet completes:
   * whole NAL units with their start codes.
   */
  push(packet: Uint8Array, pts: bigint, onUnit: (unit: Buffer) => void, onPicture: () => void): void {
    if (startsWithCode(packet)) {
      // Small parameter sets prove nothing.
      const [first] = this.#parts;
      if (first !== undefined && this.#seemsWhole && isSlice(unitType(first, 0))) this.#provenUnits++;
      this.#give(onUnit);
      if (this.#beginsPicture(packet)) onPicture();
      this.#parts = [Buffer.from(packet)];
      this.#bytes = packet.length;
      this.#seemsWhole = packet.length < this.#wholeBelow();
      this.#largestBeginning = Math.max(this.#largestBeginning, packet.length);
    } else {
      // With another time, the packet that began the unit was lost.
      if (this.#seemsWhole && pts === this.#pts) this.#disappointed();
      const first = this.#parts[0];
      // Its beginning was given out or lost: the rest is of no use.
      if (first === undefined) return;
      if (this.#parts.length === 1) this.#learn(first.length);
      this.#parts.push(Buffer.from(packet));
      this.#bytes += packet.length;
      this.#seemsWhole = packet.length < first.length - FIRST_EXTRA_BYTES;
      if (this.#bytes > MAX_UNIT_BYTES) this.#parts = [];
    }
    this.#pts = pts;
    if (this.#seemsWhole && this.#provenUnits >= this.#proofUnits) this.#give(onUnit);
  }

  #give(onUnit: (unit: Buffer) => void): void {
    const [first] = this.#parts;
    if (first === undefined) return;
    const unit = this.#parts.length === 1 ? first : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    onUnit(unit);
  }

  #disappointed(): void {
    this.#provenUnits = 0;
    this.#proofUnits = Math.min(2 * this.#proofUnits, MAX_PROOF_UNITS);
    this.#seemsWhole = false;
  }

  #learn(firstBytes: number): void {
    this.#least = this.#least === 0 ? firstBytes : Math.min(this.#least, firstBytes);
    this.#largest = Math.max(this.#largest, firstBytes);
  }

  /** A packet that begins a unit and is smaller than this is the whole unit. */
  #wholeBelow(): number {
    // No fragments yet: what has been a packet's size before is not too large for one.
    if (this.#least === 0) return this.#largestBeginning;
    // Cut evenly, a unit's fragments are at least half as large as its sender's packets may be.
    return this.#least === this.#largest ? this.#least : Math.max(LEAST_FRAGMENT_BYTES, this.#largest / 2);
  }

  #beginsPicture(packet: Uint8Array): boolean {
    let begins = false;
    // Several units may share a packet (STAP-A); they are of one picture.
    for (let at = 0; at >= 0; at = nextStartCode(packet, at + START_CODE.length)) {
      const type = unitType(packet, at);
      // `first_mb_in_slice` is an Exp-Golomb code: its first bit is set for 0 alone.
      const firstSlice = isSlice(type) && ((packet[at + FIRST_EXTRA_BYTES] ?? 0) & 0x80) !== 0;
      if (this.#hadSlice && (isPrefix(type) || firstSlice)) {
        begins = true;
        this.#hadSlice = false;
      }
      if (isSlice(type)) this.#hadSlice = true;
    }
    return begins;
  }
}

/** `nal_unit_type` of the unit whose start code is at `at`. */
function unitType(bytes: Uint8Array, at: number): number {
  return (bytes[at + START_CODE.length] ?? 0) & 0x1f;
}

function startsWithCode(bytes: Uint8Array): boolean {
  return START_CODE.every((byte, i) => bytes[i] === byte);
}

/** The position of the next start code, or -1. */
function nextStartCode(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(START_CODE, from);
}

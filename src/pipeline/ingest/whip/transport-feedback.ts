/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): tells the
 * sender when each packet arrived and which did not, from which it estimates the bandwidth. Pure.
 */

import { Unwrapper } from './rtp-clock.ts';

/** Unit of arrival differences. */
const DELTA_UNIT_US = 250;
/** Unit of the reference time. */
const REFERENCE_UNIT_US = 64_000;
/** Most packets one report describes; older ones are left out. */
const MAX_PACKETS = 1_000;
const STATUS_LOST = 0;
const STATUS_SMALL_DELTA = 1;
const STATUS_LARGE_DELTA = 2;
/** 2-bit symbols in a status vector chunk. */
const SYMBOLS_PER_CHUNK = 7;

/** Body of one report: what follows the two SSRCs in the RTCP packet, not yet padded to 32 bits. */
export class TransportFeedback {
  readonly #unwrapper = new Unwrapper(16);
  readonly #arrivals = new Map<number, number>();
  /** First sequence number the next report describes. */
  #next: number | null = null;
  #count = 0;

  /** Notes a packet's arrival (monotonic microseconds). */
  record(sequence: number, arrivalUs: number): void {
    const position = this.#unwrapper.unwrap(sequence);
    this.#next ??= position;
    if (position >= this.#next) this.#arrivals.set(position, arrivalUs);
  }

  /** The report on everything since the last one; null when nothing arrived. */
  take(): Buffer | null {
    if (this.#next === null || this.#arrivals.size === 0) return null;
    const last = Math.max(...this.#arrivals.keys());
    const first = Math.max(this.#next, last - MAX_PACKETS + 1);
    const body = this.#write(first, last);
    this.#arrivals.clear();
    this.#next = last + 1;
    return body;
  }

  #write(first: number, last: number): Buffer {
    const firstArrivalUs = Math.min(...this.#arrivals.values());
    const reference = Math.floor(firstArrivalUs / REFERENCE_UNIT_US);
    let previousUs = reference * REFERENCE_UNIT_US;
    const statuses: number[] = [];
    const deltas: number[] = [];
    for (let position = first; position <= last; position++) {
      const arrivalUs = this.#arrivals.get(position);
      if (arrivalUs === undefined) {
        statuses.push(STATUS_LOST);
        continue;
      }
      // Rounded against the rounded sum, so that errors do not add up.
      const delta = clampInt16(Math.round((arrivalUs - previousUs) / DELTA_UNIT_US));
      previousUs += delta * DELTA_UNIT_US;
      if (delta >= 0 && delta <= 0xff) {
        statuses.push(STATUS_SMALL_DELTA);
        deltas.push(delta);
      } else {
        statuses.push(STATUS_LARGE_DELTA);
        deltas.push((delta >> 8) & 0xff, delta & 0xff);
      }
    }
    const header = Buffer.alloc(8);
    header.writeUInt16BE(first & 0xffff, 0);
    header.writeUInt16BE(statuses.length, 2);
    header.writeUIntBE(reference % 2 ** 24, 4, 3);
    header.writeUInt8(this.#count, 7);
    this.#count = (this.#count + 1) & 0xff;
    return Buffer.concat([header, statusChunks(statuses), Buffer.from(deltas)]);
  }
}

/** Status vector chunks with 2-bit symbols (section 3.1.4); the last is filled up with "not received". */
function statusChunks(statuses: readonly number[]): Buffer {
  const chunks = Buffer.alloc(2 * Math.ceil(statuses.length / SYMBOLS_PER_CHUNK));
  for (let at = 0; at < chunks.length; at += 2) {
    let chunk = 0b11;
    for (let i = 0; i < SYMBOLS_PER_CHUNK; i++) {
      chunk = (chunk << 2) | (statuses[(at / 2) * SYMBOLS_PER_CHUNK + i] ?? STATUS_LOST);
    }
    chunks.writeUInt16BE(chunk, at);
  }
  return chunks;
}

function clampInt16(value: number): number {
  return Math.max(-32_768, Math.min(32_767, value));
}

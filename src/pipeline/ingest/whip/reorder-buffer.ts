/**
 * Puts one track's RTP packets back in order, says which to ask for again (RFC 4585 generic NACK), and gives a
 * gap up when waiting longer would cost more than it gains. Pure: the caller passes the time.
 */

import { Unwrapper } from './rtp-clock.ts';

/** A packet in its place. */
export interface InOrder<T> {
  item: T;
  /** Packets missing right before this one: they will not come. */
  lostBefore: number;
}

export interface ReorderLimits {
  /** Longest wait for a missing packet, from the moment it was noticed. 0: no wait for retransmission. */
  maxWaitUs: number;
  /** Most packets held behind a gap. */
  maxHeld: number;
  /** Pause before a missing packet is asked for again. */
  requestIntervalUs: number;
}

interface Missing {
  sinceUs: number;
  nextRequestUs: number;
}

/** A jump this long, either way, is a sender that started over, not a loss. */
const RESTART_DISTANCE = 2_000;

export class ReorderBuffer<T> {
  readonly #limits: ReorderLimits;
  #unwrapper = new Unwrapper(16);
  /** Next sequence number to deliver; null before the first packet. */
  #next: number | null = null;
  readonly #held = new Map<number, T>();
  readonly #missing = new Map<number, Missing>();
  #restarted = false;

  constructor(limits: ReorderLimits) {
    this.#limits = limits;
  }

  /** Whether a gap is open, so that {@link take} and {@link requests} need calling again without a new packet. */
  get waiting(): boolean {
    return this.#missing.size > 0;
  }

  /** Adds a packet. Duplicates and packets too late for their place are ignored. */
  push(sequence: number, item: T, nowUs: number): void {
    let position = this.#unwrapper.peek(sequence);
    if (this.#next !== null && Math.abs(position - this.#next) > RESTART_DISTANCE) {
      this.#restart();
      position = this.#unwrapper.peek(sequence);
    }
    this.#unwrapper.unwrap(sequence);
    this.#next ??= position;
    if (position < this.#next || this.#held.has(position)) return;
    this.#held.set(position, item);
    this.#missing.delete(position);
    // Only what lies behind the highest packet is missing; walk down until something known.
    for (let p = position - 1; p >= this.#next && !this.#held.has(p) && !this.#missing.has(p); p--) {
      this.#missing.set(p, { sinceUs: nowUs, nextRequestUs: nowUs });
    }
  }

  /** Packets that can be delivered now, in order; gaps past their time are given up. */
  take(nowUs: number): InOrder<T>[] {
    const out: InOrder<T>[] = [];
    let lostBefore = this.#restarted && this.#held.size > 0 ? 1 : 0;
    if (lostBefore > 0) this.#restarted = false;
    while (this.#next !== null && this.#held.size > 0) {
      const item = this.#held.get(this.#next);
      if (item !== undefined) {
        this.#held.delete(this.#next);
        out.push({ item, lostBefore });
        lostBefore = 0;
      } else {
        const missing = this.#missing.get(this.#next);
        const hopeless =
          missing === undefined ||
          nowUs - missing.sinceUs >= this.#limits.maxWaitUs ||
          this.#held.size > this.#limits.maxHeld;
        if (!hopeless) break;
        this.#missing.delete(this.#next);
        lostBefore++;
      }
      this.#next++;
    }
    return out;
  }

  /** Sequence numbers (16 bit, ascending) to ask for now. */
  requests(nowUs: number): number[] {
    const due: number[] = [];
    for (const [position, missing] of this.#missing) {
      if (missing.nextRequestUs > nowUs) continue;
      missing.nextRequestUs = nowUs + this.#limits.requestIntervalUs;
      due.push(position);
    }
    return due.sort((a, b) => a - b).map((position) => position & 0xffff);
  }

  /** Forgets everything; how many packets are lost cannot be known, so the next one counts as after one. */
  #restart(): void {
    this.#restarted = true;
    this.#unwrapper = new Unwrapper(16);
    this.#next = null;
    this.#held.clear();
    this.#missing.clear();
  }
}

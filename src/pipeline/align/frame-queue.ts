/** The few frames that wait for their sound. */

import type { VideoFrame } from '../types.ts';

/**
 * First in, first out, bounded in frames and bytes. When full, the *newest* waiting frame makes room: were it the
 * oldest, sound that lags by more than the queue's length would never find its frame and no result would ever come.
 */
export class FrameQueue {
  readonly #frames: VideoFrame[] = [];
  #maxFrames: number;
  #maxBytes: number;
  #bytes = 0;

  constructor(maxFrames: number, maxBytes: number) {
    this.#maxFrames = Math.max(1, maxFrames);
    this.#maxBytes = maxBytes;
  }

  /** A new bound, at least 1, in force with the next push. */
  set maxFrames(maxFrames: number) {
    this.#maxFrames = Math.max(1, maxFrames);
  }

  /** As {@link maxFrames}. */
  set maxBytes(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#frames.length;
  }

  /** @returns How many waiting frames were dropped to make room. */
  push(frame: VideoFrame): number {
    let dropped = 0;
    while (
      this.#frames.length >= this.#maxFrames ||
      (this.#frames.length > 0 && this.#bytes + frame.data.byteLength > this.#maxBytes)
    ) {
      this.#bytes -= this.#frames.pop()!.data.byteLength;
      dropped++;
    }
    this.#frames.push(frame);
    this.#bytes += frame.data.byteLength;
    return dropped;
  }

  /** The oldest; null when empty. */
  peek(): VideoFrame | null {
    return this.#frames[0] ?? null;
  }

  shift(): void {
    const frame = this.#frames.shift();
    if (frame !== undefined) this.#bytes -= frame.data.byteLength;
  }

  /** @returns How many were waiting. */
  clear(): number {
    const count = this.#frames.length;
    this.#frames.length = 0;
    this.#bytes = 0;
    return count;
  }
}

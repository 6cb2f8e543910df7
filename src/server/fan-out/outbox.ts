/**
 * What waits to go out on one socket.
 *
 * Heatmaps: keep-newest, one slot per stream, and at most one message per stream on its way through user space, so
 * that what a slow reader gets next is never older than need be. Control messages: latest wins per key, none is
 * lost. The socket's own buffer and the slots together are held to `maxQueuedBytes`, of which one message waiting and
 * one on its way are exempt. While {@link Outbox.held}, heatmaps only wait.
 */

import type { Payload } from './payload.ts';

/** The part of a `ws` WebSocket that sending needs. */
export interface OutboxSocket {
  readonly readyState: number;
  /** Bytes handed over that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  send(data: Uint8Array, options: { binary: boolean }, done: (error?: Error | null) => void): void;
}

const OPEN = 1;

export interface OutboxEvents {
  sent(kind: 'heatmap' | 'control', bytes: number): void;
  /** A heatmap of the stream will not be sent: a newer one took its slot, or there was no room for a slot. */
  dropped(streamId: string): void;
}

export class Outbox {
  readonly #socket: OutboxSocket;
  readonly #maxQueuedBytes: number;
  readonly #events: OutboxEvents;
  readonly #control = new Map<string, Payload>();
  /** Oldest first: streams take turns. */
  readonly #waiting = new Map<string, Payload>();
  readonly #inFlight = new Set<string>();
  #waitingBytes = 0;
  #controlBytes = 0;
  #held = false;
  #pendingWrites = 0;
  #finishedWrites = 0;

  constructor(socket: OutboxSocket, maxQueuedBytes: number, events: OutboxEvents) {
    this.#socket = socket;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#events = events;
  }

  /** Writes the operating system has taken so far; null when none is outstanding. Tells slow from stuck. */
  get progress(): number | null {
    return this.#pendingWrites === 0 ? null : this.#finishedWrites;
  }

  /** Whether heatmaps wait in their slots though there is room: nobody reads what was sent. */
  get held(): boolean {
    return this.#held;
  }

  set held(held: boolean) {
    this.#held = held;
    this.#flush();
  }

  /** Sends as soon as there is room. A message of the same key that still waits is replaced, in its place. */
  control(key: string, payload: Payload): void {
    this.#controlBytes += payload.data.length - (this.#control.get(key)?.data.length ?? 0);
    this.#control.set(key, payload);
    this.#flush();
  }

  /** Sends at once, or not at all: for what is better told later and up to date. @returns whether it was sent */
  controlNow(payload: Payload): boolean {
    if (this.#socket.readyState !== OPEN || this.#held || this.#control.size > 0) return false;
    if (!this.#fits(payload.data.length)) return false;
    this.#send('control', payload, () => undefined);
    return true;
  }

  /** Sends now if the stream has nothing on its way and there is room; else the message takes the stream's slot. */
  heatmap(streamId: string, payload: Payload): void {
    const replaced = this.#waiting.get(streamId);
    if (replaced !== undefined) {
      this.#waitingBytes -= replaced.data.length;
      this.#events.dropped(streamId);
    }
    // Setting an entry that exists keeps its turn.
    this.#waiting.set(streamId, payload);
    this.#waitingBytes += payload.data.length;
    this.#flush();
    // Full: a stream that already waits keeps its slot, or the last to publish would always win.
    if (replaced === undefined && this.#waiting.has(streamId) && this.#waiting.size > 1 && this.#isOver()) {
      this.discard(streamId);
      this.#events.dropped(streamId);
    }
  }

  /** The stream is no longer wanted: what waits of it goes, uncounted. */
  discard(streamId: string): void {
    this.#waitingBytes -= this.#waiting.get(streamId)?.data.length ?? 0;
    this.#waiting.delete(streamId);
  }

  /** Held for this socket, its own buffer included. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount + this.#waitingBytes + this.#controlBytes;
  }

  /** Of {@link queuedBytes}, control messages that wait: they have no bound but their keys. */
  get controlBytes(): number {
    return this.#controlBytes;
  }

  #isOver(): boolean {
    return this.#socket.bufferedAmount + this.#waitingBytes > this.#maxQueuedBytes;
  }

  #fits(bytes: number): boolean {
    const buffered = this.#socket.bufferedAmount;
    return buffered === 0 || buffered + bytes <= this.#maxQueuedBytes;
  }

  #flush(): void {
    if (this.#socket.readyState !== OPEN) return;
    for (const [key, payload] of this.#control) {
      if (!this.#fits(payload.data.length)) return;
      this.#control.delete(key);
      this.#controlBytes -= payload.data.length;
      this.#send('control', payload, () => undefined);
    }
    if (this.#held) return;
    for (const [streamId, payload] of this.#waiting) {
      if (this.#inFlight.has(streamId)) continue;
      if (!this.#fits(payload.data.length)) return;
      this.discard(streamId);
      this.#inFlight.add(streamId);
      this.#send('heatmap', payload, () => this.#inFlight.delete(streamId));
    }
  }

  #send(kind: 'heatmap' | 'control', payload: Payload, taken: () => void): void {
    this.#pendingWrites += 1;
    // The callback comes when the operating system has the bytes (at once, while it has room): the only signal
    // that a slow reader has made way, so nothing here polls.
    this.#socket.send(payload.data, { binary: payload.binary }, (error) => {
      this.#pendingWrites -= 1;
      taken();
      if (error) return;
      this.#finishedWrites += 1;
      this.#flush();
    });
    this.#events.sent(kind, payload.data.length);
  }
}

/** The child's end of the pipe: receives commands, sends pictures, sound and events, and never lets them pile up. */

import { Socket } from 'node:net';
import { messageOf } from '../../errors.ts';
import type {
  ChildAudio,
  ChildDrop,
  ChildFrame,
  ChildMessage,
  ChildReport,
  ChildTracks,
  ParentMessage,
} from './messages.ts';
import { encodePrefix, WireReader } from './wire.ts';

/** The file descriptor that the parent opened for the pipe. */
export const pipeFd = 3;

const noPayload = new Uint8Array(0);

export interface MediaChannelHandlers<Command> {
  onCommand(command: Command): void;
  /** The parent asks for an orderly end. When this settles, what is queued is sent and the process exits. */
  onClose(): Promise<void> | void;
}

export interface MediaChannelLimits {
  /** Above this many queued bytes a picture waits; a newer one takes its place. */
  videoBytes: number;
  /** Above this many queued bytes sound is dropped. */
  audioBytes: number;
}

/**
 * One per media child. Overflow policy: **newest wins**. While the parent does not read, at most `videoBytes` plus
 * one waiting picture are held; replaced pictures and sound beyond `audioBytes` are counted as `pipe-full`.
 * With `lossless` set nothing is dropped, and the sender must await {@link ready} before it produces more.
 *
 * When the pipe closes the parent is gone, and the process kills itself at once: an ordinary exit would wait for
 * threads that may be blocked in a read from a dead camera.
 */
export class MediaChannel<Command, Event> {
  /** True: keep everything (files that are read as fast as possible). */
  lossless = false;
  readonly #socket: Socket;
  readonly #limits: MediaChannelLimits;
  readonly #drops = new Map<string, ChildDrop>();
  #waiting: ChildFrame | null = null;
  #ending = false;

  constructor(
    handlers: MediaChannelHandlers<Command>,
    limits: MediaChannelLimits = { videoBytes: 2 << 20, audioBytes: 6 << 20 },
    socket: Socket = new Socket({ fd: pipeFd }),
  ) {
    this.#limits = limits;
    this.#socket = socket;
    const reader = new WireReader((header) => this.#receive(header as ParentMessage<Command>, handlers));
    socket.on('data', (piece: Buffer) => reader.push(piece));
    socket.on('drain', () => this.#sendWaiting());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => process.kill(process.pid, 'SIGKILL'));
  }

  /** `frame.data` is given away. */
  frame(frame: ChildFrame): void {
    if (this.lossless || this.#queuedBytes <= this.#limits.videoBytes) {
      this.#sendWaiting();
      this.#sendFrame(frame);
      return;
    }
    if (this.#waiting !== null) this.drop('frame', 'pipe-full');
    this.#waiting = frame;
  }

  /** `chunk.samples` is given away. */
  audio(chunk: ChildAudio): void {
    if (!this.lossless && this.#queuedBytes > this.#limits.audioBytes) {
      this.drop('audio', 'pipe-full');
      return;
    }
    const { samples, ...stamps } = chunk;
    const payload = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    this.#send({ type: 'audio', ...stamps }, payload);
  }

  report(report: ChildReport): void {
    this.#send({ type: 'report', report });
  }

  tracks(tracks: ChildTracks): void {
    this.#send({ type: 'tracks', tracks });
  }

  event(event: Event): void {
    this.#send({ type: 'event', event });
  }

  /** Counts; the sums are told about once a second and at the end. */
  drop(what: ChildDrop['what'], reason: string, count = 1): void {
    const key = `${what} ${reason}`;
    const sum = this.#drops.get(key);
    if (sum === undefined) this.#drops.set(key, { what, reason, count });
    else sum.count += count;
  }

  /** Resolves when little enough is queued for more to be produced. */
  async ready(): Promise<void> {
    if (this.#queuedBytes <= this.#limits.videoBytes) return;
    await new Promise<void>((resolve) => this.#socket.once('drain', resolve));
  }

  /** Sends what is queued, then ends the process. */
  end(): void {
    if (this.#ending) return;
    this.#sendWaiting();
    this.#sendDrops();
    this.#send({ type: 'bye' });
    this.#ending = true;
    this.#socket.end();
  }

  get #queuedBytes(): number {
    return this.#socket.writableLength;
  }

  #receive(message: ParentMessage<Command>, handlers: MediaChannelHandlers<Command>): void {
    switch (message.type) {
      case 'ping':
        this.#sendDrops();
        this.#send({ type: 'pong' });
        return;
      case 'command':
        handlers.onCommand(message.command);
        return;
      case 'close':
        void Promise.resolve(handlers.onClose())
          .catch((error: unknown) => console.error(`close: ${messageOf(error)}`))
          .then(() => this.end());
    }
  }

  #sendWaiting(): void {
    const frame = this.#waiting;
    this.#waiting = null;
    if (frame !== null) this.#sendFrame(frame);
  }

  #sendFrame(frame: ChildFrame): void {
    const { data, ...stamps } = frame;
    this.#send({ type: 'frame', ...stamps }, data);
  }

  #sendDrops(): void {
    for (const drop of this.#drops.values()) this.#send({ type: 'drop', drop });
    this.#drops.clear();
  }

  #send(message: ChildMessage<Event>, payload: Uint8Array = noPayload): void {
    if (this.#ending || this.#socket.destroyed) return;
    this.#socket.cork();
    this.#socket.write(encodePrefix(message, payload.length));
    if (payload.length > 0) this.#socket.write(payload);
    this.#socket.uncork();
  }
}

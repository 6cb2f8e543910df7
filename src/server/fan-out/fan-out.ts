/** Sends results to every WebSocket subscriber: encoded once per variant, and no subscriber waits for another. */

import type { WebSocket } from 'ws';
import { systemClock } from '../../pipeline/clock.ts';
import type { Clock, HeatmapResult, HeatmapSink } from '../../pipeline/ports.ts';
import {
  type HeatmapMessage,
  type HelloMessage,
  PROTOCOL_VERSION,
  type StreamInfo,
} from '../../protocol/messages.ts';
import type { StreamListener } from '../streams/ports.ts';
import { DEFAULT_LIMITS, type FanOutLimits } from './limits.ts';
import { type FanOutObserver, silentObserver } from './observer.ts';
import { type Payload, textPayload } from './payload.ts';
import { type EncodePreview, PreviewQueue } from './preview-queue.ts';
import { type Encoding, SharedResult } from './shared-result.ts';
import { SEES_ALL, type Sight } from './sight.ts';
import { CLOSE_GOING_AWAY, CLOSE_POLICY, CLOSE_TRY_LATER, Subscriber } from './subscriber.ts';

export interface FanOutOptions {
  server: HelloMessage['server'];
  model: HelloMessage['model'];
  limits?: Partial<FanOutLimits>;
  /** Makes the JPEG of a frame; without it, previews are never sent. */
  encodePreview?: EncodePreview;
  observer?: FanOutObserver;
  clock?: Clock;
}

/** A stream as the fan-out knows it. */
interface KnownStream {
  info: StreamInfo;
  status: Payload;
  latest: { message: HeatmapMessage; atUs: number } | null;
  readonly previews: PreviewQueue<Subscriber> | null;
}

/** Owns the connections handed to it, and two timers while there is at least one. */
export class FanOut implements HeatmapSink, StreamListener {
  readonly limits: FanOutLimits;
  readonly #options: FanOutOptions;
  readonly #observer: FanOutObserver;
  readonly #clock: Clock;
  readonly #streams = new Map<string, KnownStream>();
  readonly #subscribers = new Set<Subscriber>();
  #timers: NodeJS.Timeout[] = [];
  #order = 0;
  #closed: Promise<void> | null = null;
  #allGone: (() => void) | null = null;

  constructor(options: FanOutOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#options = options;
    this.#observer = options.observer ?? silentObserver;
    this.#clock = options.clock ?? systemClock;
  }

  /** In force at once for who comes and for what is subscribed to from then on. */
  setLimits(limits: Pick<FanOutLimits, 'maxSubscribers' | 'maxPerHolder' | 'maxRateHz'>): void {
    Object.assign(this.limits, limits);
  }

  /** Closes the connections whose sight is no longer theirs, with 1008. */
  dismiss(isOver: (sight: Sight) => boolean): void {
    for (const subscriber of this.#subscribers) {
      if (isOver(subscriber.sight)) subscriber.close(CLOSE_POLICY, 'the token is not what it was');
    }
  }

  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  /** Bytes that wait for subscribers, the sockets' own buffers included. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const subscriber of this.#subscribers) bytes += subscriber.queuedBytes;
    return bytes;
  }

  /** Replaces the list of streams. */
  setStreams(infos: readonly StreamInfo[]): void {
    const kept = new Set(infos.map(({ id }) => id));
    for (const id of [...this.#streams.keys()]) if (!kept.has(id)) this.streamRemoved(id);
    for (const info of infos) this.streamChanged(info);
  }

  /** A stream was added or its state changed. Results of streams never named here are not sent. */
  streamChanged(info: StreamInfo): void {
    const status = textPayload({ type: 'status', stream: info });
    const known = this.#streams.get(info.id);
    if (known === undefined) {
      this.#streams.set(info.id, { info, status, latest: null, previews: this.#previewQueue() });
    } else {
      known.info = info;
      known.status = status;
    }
    for (const subscriber of this.#subscribers) subscriber.streamChanged(info.id, status);
  }

  streamRemoved(id: string): void {
    const known = this.#streams.get(id);
    if (known === undefined) return;
    known.previews?.clear();
    this.#streams.delete(id);
    const removed = textPayload({ type: 'removed', stream: id });
    for (const subscriber of this.#subscribers) subscriber.streamRemoved(id, removed);
  }

  /** Never waits, never throws. Holds `result.frame` only while its preview is being made. */
  publish(result: HeatmapResult): void {
    const { message } = result;
    const known = this.#streams.get(message.stream);
    if (known === undefined) return;
    known.latest = { message, atUs: this.#clock.monotonicUs() };
    this.#order += 1;
    const shared = this.#share(this.#order, message);
    const wantPreview = new Set<Subscriber>();
    for (const subscriber of this.#subscribers) {
      const settings = subscriber.due(message.stream, message.ptsUs);
      if (settings === null) continue;
      if (settings.preview && known.previews !== null) wantPreview.add(subscriber);
      else this.#offer(subscriber, message.stream, shared);
    }
    if (wantPreview.size > 0) {
      known.previews?.push({ order: this.#order, result, recipients: wantPreview });
    }
  }

  /**
   * Takes over an accepted connection: greets it, serves it and closes it.
   * @param options.first - a `subscribe` message that came with the handshake, unchecked.
   * @param options.sight - what the subscriber may see; everything unless told.
   */
  handle(socket: WebSocket, encoding: Encoding, options: { first?: unknown; sight?: Sight } = {}): void {
    const { first, sight = SEES_ALL } = options;
    const refusal = this.#refusal(sight);
    if (refusal !== null) {
      socket.on('error', () => undefined);
      socket.close(...refusal);
      return;
    }
    const subscriber = new Subscriber(socket, encoding, {
      classes: this.#options.model.classes,
      limits: this.limits,
      clock: this.#clock,
      observer: this.#observer,
      sight,
      streams: () => this.#statuses(),
      latest: (id) => this.#latest(id),
    });
    this.#subscribers.add(subscriber);
    this.#counted();
    socket.once('close', () => {
      this.#subscribers.delete(subscriber);
      this.#counted();
    });
    subscriber.control('hello', textPayload(this.#hello(sight)));
    if (first !== undefined) subscriber.subscribeFirst(first);
  }

  /** Closes every connection with 1001 and waits for the other side, at most `closeGraceMs`. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const known of this.#streams.values()) known.previews?.clear();
    if (this.#subscribers.size === 0) return;
    const allGone = new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    for (const subscriber of this.#subscribers) subscriber.close(CLOSE_GOING_AWAY, 'the server is stopping');
    const deadline = setTimeout(() => {
      for (const subscriber of this.#subscribers) subscriber.terminate();
    }, this.limits.closeGraceMs);
    await allGone;
    clearTimeout(deadline);
  }

  #refusal({ holder }: Sight): [code: number, reason: string] | null {
    if (this.#closed !== null) return [CLOSE_GOING_AWAY, 'the server is stopping'];
    if (this.#subscribers.size >= this.limits.maxSubscribers)
      return [CLOSE_TRY_LATER, 'too many subscribers'];
    if (holder !== undefined && this.#countOf(holder) >= this.limits.maxPerHolder)
      return [CLOSE_TRY_LATER, 'too many subscribers with this token'];
    return null;
  }

  #countOf(holder: string): number {
    let count = 0;
    for (const { sight } of this.#subscribers) if (sight.holder === holder) count += 1;
    return count;
  }

  /** Keeps the count told, and the timers running exactly while someone is here. */
  #counted(): void {
    const count = this.#subscribers.size;
    this.#observer.subscribers(count);
    if (count > 0 && this.#timers.length === 0) {
      this.#timers = [
        setInterval(() => this.#beat(), this.limits.aliveIntervalMs),
        setInterval(() => this.#look(), this.limits.lookIntervalMs),
      ];
    } else if (count === 0) {
      for (const timer of this.#timers) clearInterval(timer);
      this.#timers = [];
      this.#allGone?.();
    }
  }

  #beat(): void {
    const alive = textPayload({ type: 'alive', serverWallMs: this.#clock.wallMs() });
    for (const subscriber of this.#subscribers) subscriber.beat(alive);
  }

  #look(): void {
    for (const subscriber of this.#subscribers) subscriber.look();
  }

  #hello(sight: Sight): HelloMessage {
    const { server, model } = this.#options;
    const { maxMessageBytes, maxStreams, maxRateHz, maxQueuedBytes, aliveIntervalMs } = this.limits;
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      server,
      model,
      streams: [...this.#streams.values()].flatMap(({ info }) => (sight.sees(info.id) ? [info] : [])),
      limits: { maxMessageBytes, maxStreams, maxRateHz, maxQueuedBytes, aliveIntervalMs },
    };
  }

  *#statuses(): Generator<readonly [string, Payload]> {
    for (const [id, { status }] of this.#streams) yield [id, status];
  }

  /** Comes before every publication in order, so that it never follows a newer one. */
  #latest(id: string): { ptsUs: number; result: SharedResult } | null {
    const latest = this.#streams.get(id)?.latest;
    if (latest === null || latest === undefined) return null;
    if (this.#clock.monotonicUs() - latest.atUs > this.limits.snapshotMaxAgeMs * 1000) return null;
    return { ptsUs: latest.message.ptsUs, result: this.#share(0, latest.message) };
  }

  #share(order: number, message: HeatmapMessage, preview: Uint8Array | null = null): SharedResult {
    return new SharedResult(order, { ...message, sendWallMs: this.#clock.wallMs(), preview });
  }

  #offer(subscriber: Subscriber, streamId: string, result: SharedResult): void {
    try {
      subscriber.offer(streamId, result);
    } catch (error) {
      this.#observer.encodingFailed(streamId, error);
    }
  }

  #previewQueue(): PreviewQueue<Subscriber> | null {
    const { encodePreview } = this.#options;
    if (encodePreview === undefined) return null;
    const queue: PreviewQueue<Subscriber> = new PreviewQueue(encodePreview, {
      done: ({ order, result, recipients }, preview) => {
        // The stream may have gone meanwhile, and another of the same name come.
        if (this.#streams.get(result.message.stream)?.previews !== queue) return;
        const shared = this.#share(order, result.message, preview);
        for (const subscriber of recipients) this.#offer(subscriber, result.message.stream, shared);
      },
      superseded: ({ result, recipients }) => {
        for (const subscriber of recipients) subscriber.countDrop(result.message.stream, 'slow-preview');
      },
      failed: ({ result }, error) => this.#observer.previewFailed(result.message.stream, error),
    });
    return queue;
  }
}

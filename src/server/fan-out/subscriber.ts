/** One connection: what it asked for, what it is sent, and when it has to go. */

import type { RawData, WebSocket } from 'ws';
import { FrameSelector } from '../../pipeline/frame-selector.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { ClassInfo, ClientMessage } from '../../protocol/messages.ts';
import { checkClientMessage, type ParsedClientMessage, parseClientMessage } from './client-message.ts';
import type { FanOutLimits } from './limits.ts';
import type { DropReason, FanOutObserver } from './observer.ts';
import { Outbox } from './outbox.ts';
import { type Payload, textPayload } from './payload.ts';
import { ReadCheck } from './read-check.ts';
import { type Settings, unknownClasses } from './settings.ts';
import type { Encoding, SharedResult } from './shared-result.ts';
import type { Sight } from './sight.ts';
import { SubscriptionBook } from './subscription-book.ts';
import { WindowCounter } from './window-counter.ts';

/** WebSocket close codes we use (RFC 6455 section 7.4.1, and the IANA registry for 1013). */
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_POLICY = 1008;
export const CLOSE_TRY_LATER = 1013;

/** What a subscriber must know of the world around it. */
export interface SubscriberContext {
  readonly classes: readonly ClassInfo[];
  readonly limits: FanOutLimits;
  readonly clock: Clock;
  readonly observer: FanOutObserver;
  readonly sight: Sight;
  /** Every stream there is, with its latest status as it goes out. */
  streams(): Iterable<readonly [streamId: string, status: Payload]>;
  /** The stream's last result, if fresh enough to be worth sending. */
  latest(streamId: string): { ptsUs: number; result: SharedResult } | null;
}

/** One existing stream that this connection is subscribed to. */
interface Feed {
  settings: Settings;
  readonly rate: FrameSelector;
  /** {@link SharedResult.order} of the newest result offered. */
  order: number;
  readonly dropped: Record<DropReason, number>;
}

export class Subscriber {
  readonly encoding: Encoding;
  readonly #socket: WebSocket;
  readonly #context: SubscriberContext;
  readonly #outbox: Outbox;
  readonly #book: SubscriptionBook;
  readonly #feeds = new Map<string, Feed>();
  readonly #malformed: WindowCounter;
  readonly #messages: WindowCounter;
  readonly #reading = new ReadCheck();
  /** Something was sent since the last ping. */
  #sent = true;
  #errors = 0;
  #progress: number | null = null;
  #progressAtMs: number;

  constructor(socket: WebSocket, encoding: Encoding, context: SubscriberContext) {
    const { limits, classes, observer } = context;
    this.encoding = encoding;
    this.#socket = socket;
    this.#context = context;
    this.#book = new SubscriptionBook(classes);
    this.#malformed = new WindowCounter(limits.maxMalformed, limits.malformedWindowMs);
    this.#messages = new WindowCounter(limits.maxClientMessages, limits.clientMessageWindowMs);
    this.#progressAtMs = this.#nowMs();
    this.#outbox = new Outbox(socket, limits.maxQueuedBytes, {
      sent: (kind, bytes) => {
        this.#sent = true;
        observer.sent(kind, bytes);
      },
      dropped: (streamId) => this.countDrop(streamId, 'slow-subscriber'),
    });
    socket.on('pong', (payload) => {
      if (this.#reading.answer(payload.toString('latin1'))) this.#outbox.held = false;
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // Oversize and ill-formed frames: `ws` closes with 1009, 1002 or 1007 by itself and then says so here.
    socket.on('error', () => undefined);
  }

  get sight(): Sight {
    return this.#context.sight;
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** Sends a control message; one of the same key that still waits is replaced. */
  control(key: string, payload: Payload): void {
    this.#outbox.control(key, payload);
  }

  /** A stream appeared or its status changed. */
  streamChanged(streamId: string, status: Payload): void {
    const isNew = this.#reconcile(streamId, status);
    if (!isNew && this.#feeds.has(streamId)) this.#outbox.control(`stream ${streamId}`, status);
  }

  streamRemoved(streamId: string, removed: Payload): void {
    if (!this.#feeds.delete(streamId)) return;
    this.#outbox.discard(streamId);
    this.#outbox.control(`stream ${streamId}`, removed);
  }

  /** Settings under which a result at `ptsUs` is due now; null when it is not wanted. Advances the rate. */
  due(streamId: string, ptsUs: number): Settings | null {
    const feed = this.#feeds.get(streamId);
    return feed?.rate.take(ptsUs) ? feed.settings : null;
  }

  /** Sends the result, or lets it wait in the stream's slot. One older than the last is dropped. */
  offer(streamId: string, result: SharedResult): void {
    const feed = this.#feeds.get(streamId);
    if (feed === undefined) return;
    if (result.order <= feed.order) {
      this.countDrop(streamId, 'slow-preview');
      return;
    }
    feed.order = result.order;
    this.#outbox.heatmap(streamId, result.encode(this.encoding, feed.settings));
  }

  countDrop(streamId: string, reason: DropReason): void {
    const feed = this.#feeds.get(streamId);
    if (feed === undefined) return;
    feed.dropped[reason] += 1;
    this.#context.observer.dropped(streamId, reason, 1);
  }

  /** Gives up on who is gone or stuck, holds results back from who does not read, and tells what was dropped. */
  look(): void {
    const nowMs = this.#nowMs();
    this.#checkReading(nowMs);
    this.#checkProgress(nowMs);
    for (const [stream, { dropped }] of this.#feeds) {
      for (const reason of ['slow-subscriber', 'slow-preview'] as const) {
        if (dropped[reason] === 0) continue;
        const message = textPayload({ type: 'dropped', stream, reason, count: dropped[reason] });
        // Not left to wait: the next notice would take its place, and its count be lost.
        if (this.#outbox.controlNow(message)) dropped[reason] = 0;
      }
    }
  }

  /** One heartbeat, for clients that cannot see pings. */
  beat(alive: Payload): void {
    this.#outbox.control('alive', alive);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #checkReading(nowMs: number): void {
    const { limits } = this.#context;
    const unansweredMs = this.#reading.unansweredMs(nowMs);
    if (unansweredMs !== null) {
      if (unansweredMs >= limits.unreadCutMs) this.#socket.terminate();
      else if (unansweredMs >= limits.unreadHoldMs) this.#outbox.held = true;
    } else if (this.#sent || this.#reading.sinceAskedMs(nowMs) >= limits.aliveIntervalMs) {
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      this.#sent = false;
      this.#socket.ping(this.#reading.ask(nowMs));
    }
  }

  #checkProgress(nowMs: number): void {
    const { limits } = this.#context;
    const { progress, controlBytes } = this.#outbox;
    if (progress === null || progress !== this.#progress) {
      this.#progress = progress;
      this.#progressAtMs = nowMs;
    }
    if (nowMs - this.#progressAtMs >= limits.stallMs || controlBytes > limits.maxQueuedBytes) {
      this.close(CLOSE_TRY_LATER, 'nothing was read for too long');
    }
  }

  /** Takes a subscription that came with the handshake as if it had come as a message. */
  subscribeFirst(value: unknown): void {
    this.#take(checkClientMessage(value));
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#messages.reaches(this.#nowMs())) {
      this.close(CLOSE_POLICY, 'too many messages');
      return;
    }
    // RawData of a text frame is one Buffer under the default binaryType.
    this.#take(
      isBinary || !Buffer.isBuffer(data)
        ? { problem: 'Binary messages are not understood. Send JSON in text frames.' }
        : parseClientMessage(data.toString('utf8')),
    );
  }

  #take(parsed: ParsedClientMessage): void {
    if ('problem' in parsed) {
      this.#refuse('malformed', parsed.problem);
      return;
    }
    const { message } = parsed;
    const unknown = message.type === 'unsubscribe' ? [] : unknownClasses(message, this.#context.classes);
    if (unknown.length > 0) {
      this.#refuse(
        'class-unknown',
        `The model has no class ${quote(unknown)}. Choose from the hello message.`,
      );
      return;
    }
    const { maxStreams } = this.#context.limits;
    if (this.#book.sizeAfter(message) > maxStreams) {
      this.#refuse('too-many-streams', `A connection may name ${maxStreams} streams. Use * for all.`);
      return;
    }
    if (message.type === 'configure') {
      const missing = this.#book.unsubscribedIn(message);
      if (missing.length > 0) {
        this.#refuse('not-subscribed', `Not subscribed to ${quote(missing)}. Subscribe first.`);
        return;
      }
    }
    this.#book.apply(message);
    const existing = this.#reconcileAll(message);
    if (message.type === 'subscribe') this.#warnOfUnknown(message.streams, existing);
  }

  /** Brings the feeds in line with the book. @returns every stream there is. */
  #reconcileAll(message: ClientMessage): Set<string> {
    const named = new Set(message.streams ?? []);
    const existing = new Set<string>();
    for (const [streamId, status] of this.#context.streams()) {
      if (!this.#context.sight.sees(streamId)) continue;
      existing.add(streamId);
      const isNew = this.#reconcile(streamId, status);
      const asked = message.type === 'subscribe' && (named.has(streamId) || named.has('*'));
      if (asked && !isNew && this.#feeds.has(streamId)) this.#outbox.control(`stream ${streamId}`, status);
    }
    return existing;
  }

  /** @returns whether the stream is newly fed; then its state was sent. What may not be seen is never fed. */
  #reconcile(streamId: string, status: Payload): boolean {
    const settings = this.#context.sight.sees(streamId) ? this.#book.settingsOf(streamId) : null;
    const feed = this.#feeds.get(streamId);
    if (settings === null) {
      this.#feeds.delete(streamId);
      this.#outbox.discard(streamId);
      return false;
    }
    if (feed !== undefined) {
      // Setting a rate starts its grid anew, so only where it changed.
      if (settings.maxRateHz !== feed.settings.maxRateHz) feed.rate.maxRateHz = this.#rateHz(settings);
      feed.settings = settings;
      return false;
    }
    this.#feeds.set(streamId, {
      settings,
      rate: new FrameSelector(this.#rateHz(settings)),
      order: -1,
      dropped: { 'slow-subscriber': 0, 'slow-preview': 0 },
    });
    this.#outbox.control(`stream ${streamId}`, status);
    const latest = this.#context.latest(streamId);
    if (latest !== null && this.due(streamId, latest.ptsUs) !== null) this.offer(streamId, latest.result);
    return true;
  }

  /** Not malformed: the name is kept, and holds as soon as such a stream is added. */
  #warnOfUnknown(asked: readonly string[], existing: ReadonlySet<string>): void {
    const missing = asked.filter((id) => id !== '*' && !existing.has(id));
    if (missing.length === 0) return;
    this.#error(
      'stream-unknown',
      `There is no stream ${quote(missing)} yet. It will be sent once it is added.`,
    );
  }

  #refuse(code: string, message: string): void {
    this.#error(code, message);
    if (this.#malformed.reaches(this.#nowMs())) this.close(CLOSE_POLICY, 'too many malformed messages');
  }

  #error(code: string, message: string): void {
    this.#errors += 1;
    this.#outbox.control(`error ${this.#errors}`, textPayload({ type: 'error', code, message }));
  }

  /** What is asked for, within the limit that `hello` told. */
  #rateHz({ maxRateHz }: Settings): number {
    return Math.min(maxRateHz ?? Number.POSITIVE_INFINITY, this.#context.limits.maxRateHz);
  }

  #nowMs(): number {
    return this.#context.clock.monotonicUs() / 1000;
  }
}

/** Names for a sentence: a few, each cut short, since they came from outside. */
function quote(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `'${name.slice(0, 63)}'`);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

/**
 * Subscribes to a server's heatmaps from a browser or Node 22 and later, and stays subscribed: reconnects by itself,
 * for ever, and asks again for what it had. docs/protocol.md is the protocol; this file needs nothing else.
 */

import { decodeServerMessage } from '../protocol/decode.ts';
import {
  type ClientMessage,
  type DroppedMessage,
  type HeatmapMessage,
  type HelloMessage,
  type ServerMessage,
  type StreamInfo,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_JSON,
  type SubscriptionSettings,
} from '../protocol/messages.ts';
import { type Backoff, retryDelayMs } from './subscriber-backoff.ts';
import { type WebSocketConstructor, type WebSocketLike, webSocketUrl } from './subscriber-socket.ts';
import { TicketRefused, withTicket } from './subscriber-ticket.ts';

export type {
  Alignment,
  ClassHeat,
  ClassInfo,
  DroppedMessage,
  HeatmapMessage,
  HelloMessage,
  StreamInfo,
  StreamState,
  SubscriptionSettings,
} from '../protocol/messages.ts';
export { heatAt } from './subscriber-heat.ts';

/** Where a subscription stands. */
export type ConnectionState =
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'open' }
  /** `code` is the WebSocket close code (1006: it never opened, or broke), or 0 where there was no socket. */
  | { readonly state: 'waiting'; readonly retryInMs: number; readonly code: number; readonly reason: string }
  | { readonly state: 'closed' };

/** Something the subscriber was told, or read, that is wrong; the subscription goes on. */
export interface Problem {
  /** The server's code (docs/protocol.md, "Errors"; `unauthorized` and the like for a token), or `protocol-error`. */
  readonly code: string;
  readonly message: string;
}

/**
 * Callbacks are called one at a time, in the order of the wire, and never after `close()` returned.
 * `classes`, `maxRateHz`, `preview` and `minimumProbability` hold for all streams; see also `configure`.
 */
export interface SubscribeOptions extends SubscriptionSettings {
  /** Stream identifiers, or `*` (the default) for every stream, also those added later. */
  streams?: readonly string[];
  /** Default `binary`; `json` is for reading along. Both carry the same. */
  encoding?: 'binary' | 'json';
  /** `heat` and `preview` are views of the received message: copy what you keep and change. */
  onHeatmap?(message: HeatmapMessage, hello: HelloMessage): void;
  /** After every connect. Its list of streams replaces what was known before. */
  onHello?(hello: HelloMessage): void;
  onStatus?(stream: StreamInfo): void;
  onRemoved?(streamId: string): void;
  /** Results the server did not send because this side (or its JPEG encoder) was too slow. */
  onDropped?(dropped: DroppedMessage): void;
  onConnection?(connection: ConnectionState): void;
  onProblem?(problem: Problem): void;
  /**
   * For a server that asks for one; the role `view` is needed. It travels in a header, never in the URL: each attempt
   * to connect gets a ticket for it first. A function is asked anew each time.
   */
  token?: string | (() => string | Promise<string>);
  /** Default: 500 ms at first, 15 s at most. */
  backoff?: Partial<Backoff>;
  /** How long a connection may take up to the server's first message. Default 10 s. */
  connectTimeoutMs?: number;
  /** Default: the global one. */
  WebSocket?: WebSocketConstructor;
}

export interface Subscription {
  readonly connection: ConnectionState;
  /** What the server said on the present or last connection; null before the first. */
  readonly hello: HelloMessage | null;
  /** Changes settings of the named streams, or of all; what is left out stays. Kept over reconnects. */
  configure(settings: SubscriptionSettings, streams?: readonly string[]): void;
  /** Idempotent. No timer and no callback is left. */
  close(): void;
}

/**
 * Opens a subscription.
 * @param url - of the heatmap WebSocket (`ws`, `wss`, `http` or `https`; relative in a browser), or a function that
 *   gives it anew for each attempt, for URLs that carry a short-lived ticket.
 * @throws TypeError when a URL given as such is none; Error when there is no WebSocket implementation.
 */
export function subscribe(
  url: string | URL | (() => string | URL | Promise<string | URL>),
  options: SubscribeOptions,
): Subscription {
  const constructor = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (constructor === undefined) {
    throw new Error('There is no WebSocket here. Use Node 22 or later, or pass one as options.WebSocket.');
  }
  if (typeof url === 'function') return new ReconnectingSubscription(url, constructor, options);
  const fixed = webSocketUrl(url);
  return new ReconnectingSubscription(() => fixed, constructor, options);
}

const BACKOFF: Backoff = { firstMs: 500, maxMs: 15_000 };
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that held this long was a good one: the next wait starts small again. */
const STABLE_MS = 5_000;
/** Silent for this many of the server's intervals: dead. Over two, so that one late message costs nothing. */
const SILENT_INTERVALS = 2.5;

class ReconnectingSubscription implements Subscription {
  readonly #url: () => string | URL | Promise<string | URL>;
  readonly #WebSocket: WebSocketConstructor;
  readonly #options: SubscribeOptions;
  #settings: SubscriptionSettings;
  /** Settings of single streams, where they differ. */
  readonly #perStream = new Map<string, SubscriptionSettings>();
  #connection: ConnectionState = { state: 'connecting', attempt: 1 };
  #hello: HelloMessage | null = null;
  /** The present socket; events of any other are ignored. */
  #socket: WebSocketLike | null = null;
  #failures = 0;
  #openedAtMs = 0;
  #heardAtMs = 0;
  /** One timer at a time: the next attempt while waiting, the watch for silence otherwise. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    url: () => string | URL | Promise<string | URL>,
    WebSocket: WebSocketConstructor,
    options: SubscribeOptions,
  ) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#options = options;
    this.#settings = settingsOf(options);
    // Not before the caller holds the subscription that its callbacks may refer to.
    queueMicrotask(() => void this.#connect());
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  get hello(): HelloMessage | null {
    return this.#hello;
  }

  configure(settings: SubscriptionSettings, streams?: readonly string[]): void {
    const changed = settingsOf(settings);
    if (streams === undefined) {
      this.#settings = { ...this.#settings, ...changed };
      for (const [id, own] of this.#perStream) this.#perStream.set(id, { ...own, ...changed });
      this.#send({ type: 'configure', ...changed });
    } else {
      for (const id of streams) this.#perStream.set(id, { ...this.#perStream.get(id), ...changed });
      this.#send({ type: 'configure', streams: [...streams], ...changed });
    }
  }

  close(): void {
    if (this.#connection.state === 'closed') return;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#become({ state: 'closed' });
    socket?.close(1000);
  }

  async #connect(): Promise<void> {
    if (this.#isClosed()) return;
    this.#become({ state: 'connecting', attempt: this.#failures + 1 });
    let socket: WebSocketLike;
    try {
      const url = await this.#ticketed(webSocketUrl(await this.#url()));
      if (this.#isClosed()) return;
      socket = new this.#WebSocket(url, [
        this.#options.encoding === 'json' ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY,
      ]);
    } catch (error) {
      if (error instanceof TicketRefused && !this.#isClosed()) {
        this.#options.onProblem?.({ code: error.code, message: error.message });
      }
      this.#retry(0, error instanceof Error ? error.message : String(error));
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#heardAtMs = performance.now();
    this.#watch(this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (socket === this.#socket) this.#retry(code, reason);
    });
    // `close` follows every error and says as much as a page may know.
    socket.addEventListener('error', () => undefined);
  }

  async #ticketed(url: string): Promise<string> {
    const { token } = this.#options;
    if (token === undefined) return url;
    return await withTicket(url, typeof token === 'function' ? await token() : token);
  }

  #receive(data: unknown): void {
    this.#heardAtMs = performance.now();
    if (typeof data !== 'string' && !(data instanceof ArrayBuffer)) return;
    let message: ServerMessage | null;
    try {
      message = decodeServerMessage(data);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#options.onProblem?.({ code: 'protocol-error', message: text });
      return;
    }
    if (message !== null) this.#deliver(message);
  }

  #deliver(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#opened(message);
        return;
      case 'heatmap':
        if (this.#hello !== null) this.#options.onHeatmap?.(message, this.#hello);
        return;
      case 'status':
        this.#options.onStatus?.(message.stream);
        return;
      case 'removed':
        this.#options.onRemoved?.(message.stream);
        return;
      case 'dropped':
        this.#options.onDropped?.(message);
        return;
      case 'error':
        this.#options.onProblem?.({ code: message.code, message: message.message });
        return;
      case 'alive':
    }
  }

  /** `hello` is the sign that a server of ours is there; only now is the connection open. */
  #opened(hello: HelloMessage): void {
    this.#hello = hello;
    this.#openedAtMs = performance.now();
    this.#watch(hello.limits.aliveIntervalMs * SILENT_INTERVALS);
    this.#send({ type: 'subscribe', streams: [...(this.#options.streams ?? ['*'])], ...this.#settings });
    for (const [id, settings] of this.#perStream)
      this.#send({ type: 'configure', streams: [id], ...settings });
    this.#become({ state: 'open' });
    if (!this.#isClosed()) this.#options.onHello?.(hello);
  }

  #send(message: ClientMessage): void {
    if (this.#openedAtMs > 0) this.#socket?.send(JSON.stringify(message));
  }

  /** Gives the connection up when nothing was heard for `silenceMs`. Re-arms itself rather than once a message. */
  #watch(silenceMs: number): void {
    clearTimeout(this.#timer);
    const remainingMs = this.#heardAtMs + silenceMs - performance.now();
    this.#timer = setTimeout(() => {
      if (performance.now() - this.#heardAtMs < silenceMs) {
        this.#watch(silenceMs);
        return;
      }
      const socket = this.#socket;
      this.#retry(1006, `nothing was heard for ${Math.round(silenceMs)} ms`);
      socket?.close();
    }, remainingMs);
  }

  #retry(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#socket = null;
    if (this.#isClosed()) return;
    if (this.#openedAtMs > 0 && performance.now() - this.#openedAtMs >= STABLE_MS) this.#failures = 0;
    this.#openedAtMs = 0;
    this.#failures += 1;
    const retryInMs = retryDelayMs(this.#failures, Math.random(), { ...BACKOFF, ...this.#options.backoff });
    this.#timer = setTimeout(() => void this.#connect(), retryInMs);
    this.#become({ state: 'waiting', retryInMs, code, reason });
  }

  #become(connection: ConnectionState): void {
    this.#connection = connection;
    this.#options.onConnection?.(connection);
  }

  #isClosed(): boolean {
    return this.#connection.state === 'closed';
  }
}

/** Only the settings, and of them only those given: `undefined` would be sent as "left out" anyway. */
function settingsOf(options: SubscriptionSettings): SubscriptionSettings {
  const { classes, maxRateHz, preview, minimumProbability } = options;
  return {
    ...(classes === undefined ? {} : { classes }),
    ...(maxRateHz === undefined ? {} : { maxRateHz }),
    ...(preview === undefined ? {} : { preview }),
    ...(minimumProbability === undefined ? {} : { minimumProbability }),
  };
}

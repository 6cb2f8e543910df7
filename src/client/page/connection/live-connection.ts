/**
 * The page's one line to the server: which streams there are, how each is, and their results as they come.
 * Streams keep their cards and histories over a lost connection.
 */

import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import {
  type ConnectionState,
  type HelloMessage,
  type StreamInfo,
  type Subscription,
  type SubscriptionSettings,
  subscribe,
} from '../../subscriber.ts';
import { leave } from '../access/access.ts';
import { pageToken } from '../access/page-token.ts';
import { API_BASE, listStreams, type StreamDetail } from '../api/streams-api.ts';
import { StreamFeed } from '../streams/stream-feed.ts';

/** `lost`: was open or could not be opened, and is tried again by itself. */
export type LinkState = 'connecting' | 'open' | 'lost';

/** A stream for as long as the server has it. */
export interface LiveStream {
  readonly id: string;
  readonly info: Signal<StreamInfo>;
  /** What the HTTP interface adds, renewed every few seconds; null before the first answer. */
  readonly detail: Signal<StreamDetail | null>;
  readonly feed: StreamFeed;
}

/** Readings five times a second: quick enough to follow, slow enough to read. */
const READING_INTERVAL_MS = 200;
const DETAIL_INTERVAL_MS = 3_000;

/** While somebody looks. */
const WATCHED: SubscriptionSettings = { preview: 'jpeg', maxRateHz: null };
/** In a hidden tab: enough for the histories, and no pictures. */
const HIDDEN: SubscriptionSettings = { preview: 'none', maxRateHz: 2 };

export interface LiveConnectionOptions {
  /** What to call streams, by identifier, where this page knows better than the server. */
  ownNames: ReadonlyMap<string, string>;
  /** Told of all streams whenever the line is opened: what changed while it was lost is not told otherwise. */
  onHello: (streams: readonly StreamInfo[]) => void;
  /** Told of every change of a stream. */
  onStatus: (info: StreamInfo) => void;
}

export class LiveConnection {
  readonly #link = signal<LinkState>('connecting');
  readonly #hello = signal<HelloMessage | null>(null);
  readonly #streams = signal<readonly LiveStream[]>([]);
  readonly #subscription: Subscription;
  readonly #stopping = new AbortController();
  readonly #options: LiveConnectionOptions;

  /** Opens the line. */
  constructor(options: LiveConnectionOptions) {
    this.#options = options;
    this.#subscription = subscribe(`${API_BASE}heatmaps`, {
      ...(document.hidden ? HIDDEN : WATCHED),
      backoff: { maxMs: 5_000 },
      onHello: (hello) => batch(() => this.#greet(hello)),
      onHeatmap: (message) => this.#find(message.stream)?.feed.accept(message, performance.now()),
      onStatus: (info) => {
        this.#upsert(info);
        options.onStatus(info);
      },
      onRemoved: (id) => this.#keepOnly((stream) => stream.id !== id),
      onDropped: ({ stream, count }) => this.#find(stream)?.feed.addDrops(count),
      onConnection: (connection) => this.#follow(connection),
      ...(pageToken() === null ? {} : { token: () => pageToken() ?? '' }),
      onProblem: ({ code, message }) => {
        console.warn(`Earsight: ${message} (${code})`);
        if (code === 'unauthorized') leave();
      },
    });
    const reading = setInterval(() => this.#readFeeds(), READING_INTERVAL_MS);
    const details = setInterval(() => void this.#readDetails(), DETAIL_INTERVAL_MS);
    const onVisibility = (): void => this.#subscription.configure(document.hidden ? HIDDEN : WATCHED);
    document.addEventListener('visibilitychange', onVisibility);
    this.#stopping.signal.addEventListener('abort', () => {
      clearInterval(reading);
      clearInterval(details);
      document.removeEventListener('visibilitychange', onVisibility);
    });
  }

  get link(): ReadonlySignal<LinkState> {
    return this.#link;
  }

  /** Of the connection that stands, or of the last one. */
  get hello(): ReadonlySignal<HelloMessage | null> {
    return this.#hello;
  }

  get streams(): ReadonlySignal<readonly LiveStream[]> {
    return this.#streams;
  }

  close(): void {
    this.#stopping.abort();
    this.#subscription.close();
    for (const { feed } of this.#streams.peek()) feed.close();
    this.#streams.value = [];
  }

  #follow({ state }: ConnectionState): void {
    if (state === 'open') this.#link.value = 'open';
    // Stays lost while it is tried again, so that the notice does not flicker.
    else if (state === 'waiting') this.#link.value = 'lost';
  }

  #greet(hello: HelloMessage): void {
    const before = this.#hello.peek()?.model;
    // Histories are by class index: another model starts them afresh.
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(hello.model))
      this.#keepOnly(() => false);
    const ids = new Set(hello.streams.map(({ id }) => id));
    this.#hello.value = hello;
    this.#keepOnly(({ id }) => ids.has(id));
    for (const info of hello.streams) this.#upsert(info);
    this.#options.onHello(hello.streams);
    void this.#readDetails();
  }

  #find(id: string): LiveStream | undefined {
    return this.#streams.peek().find((stream) => stream.id === id);
  }

  #upsert(told: StreamInfo): void {
    const ownName = this.#options.ownNames.get(told.id);
    const info = ownName === undefined ? told : { ...told, name: ownName };
    const known = this.#find(info.id);
    if (known !== undefined) {
      known.info.value = info;
      return;
    }
    const classCount = this.#hello.peek()?.model.classes.length ?? 0;
    const stream: LiveStream = {
      id: info.id,
      info: signal(info),
      detail: signal(null),
      feed: new StreamFeed(info.id, classCount),
    };
    this.#streams.value = [...this.#streams.peek(), stream];
  }

  #keepOnly(wanted: (stream: LiveStream) => boolean): void {
    const [kept, gone] = [
      this.#streams.peek().filter(wanted),
      this.#streams.peek().filter((s) => !wanted(s)),
    ];
    if (gone.length === 0) return;
    for (const { feed } of gone) feed.close();
    this.#streams.value = kept;
  }

  #readFeeds(): void {
    if (document.hidden) return;
    const nowMs = performance.now();
    batch(() => {
      for (const { feed } of this.#streams.peek()) feed.tick(nowMs);
    });
  }

  async #readDetails(): Promise<void> {
    if (document.hidden || this.#link.peek() !== 'open') return;
    try {
      const details = await listStreams(this.#stopping.signal);
      batch(() => {
        for (const detail of details) {
          const stream = this.#find(detail.id);
          if (stream !== undefined) stream.detail.value = detail;
        }
      });
    } catch {
      // The figures shown stay until the next answer; a lost server is told of by the link.
    }
  }
}

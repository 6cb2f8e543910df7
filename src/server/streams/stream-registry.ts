/** The streams of the server: adds, lists, changes and removes them, and tells listeners of every change. */

import { EarsightError } from '../../pipeline/errors.ts';
import type { StreamInfo } from '../../protocol/messages.ts';
import type { StreamCreate, StreamPatch, StreamSpec } from '../config/stream-spec.ts';
import type { StreamListener } from './ports.ts';
import { Stream, type StreamDeps, type StreamOrigin } from './stream.ts';
import { idFromName } from './stream-ids.ts';

/** What a new configuration may change of a registry. */
export interface RegistrySettings extends Pick<StreamDeps, 'defaults' | 'sources'> {
  maxStreams: number;
  /** How many of them one owner may have; left out: as many. */
  maxPerOwner?: number;
  /** How long a webcam that made its own stream may be gone before the stream is removed, in milliseconds. */
  departureMs: number;
}

export interface StreamRegistryDeps extends StreamDeps, RegistrySettings {
  listeners: readonly StreamListener[];
  /** Gets the streams that the API added, whenever one of them may have changed; not when the server ends. */
  keep?: (specs: StreamSpec[]) => void;
}

/** A publisher whose offer was answered has this long to connect: ICE may try many pairs, one after the other. */
const CONNECT_MS = 30_000;

/** Owns every stream; closing it closes them all. */
export class StreamRegistry {
  #deps: StreamRegistryDeps;
  readonly #streams = new Map<string, Stream>();
  readonly #departures = new Map<string, { timer: NodeJS.Timeout; waitMs: number }>();
  #closed: Promise<void> | null = null;

  constructor(deps: StreamRegistryDeps) {
    this.#deps = deps;
  }

  list(): Stream[] {
    return [...this.#streams.values()];
  }

  /** What subscribers may know, in the order the streams were added. */
  infos(): StreamInfo[] {
    return this.list().map((stream) => stream.info());
  }

  find(id: string): Stream | null {
    return this.#streams.get(id) ?? null;
  }

  /** @throws EarsightError `stream-unknown` */
  get(id: string): Stream {
    const stream = this.find(id);
    if (stream === null) {
      throw new EarsightError(
        'stream-unknown',
        `There is no stream "${id}". GET /api/v1/streams lists those there are.`,
      );
    }
    return stream;
  }

  /**
   * Connects at once; whether the camera answers shows in the stream's state, not here.
   * @param options.owner the name of the token that adds it; null where nobody is told apart
   * @param options.origin who wants it; default: the API. A publisher's goes some seconds after it stops delivering
   * @throws EarsightError `stream-exists`, `limit-reached`, `closed`, and what {@link SourceFactory.check} throws
   */
  add(create: StreamCreate, options: { origin?: StreamOrigin; owner?: string | null } = {}): Stream {
    if (this.#closed !== null) {
      throw new EarsightError('closed', 'The server is shutting down and takes no new streams.', {
        retryable: true,
      });
    }
    const id =
      create.id ?? idFromName(create.name ?? create.kind, (candidate) => this.#streams.has(candidate));
    if (this.#streams.has(id)) {
      throw new EarsightError(
        'stream-exists',
        `There is a stream "${id}" already. Choose another id, or change that one with PATCH.`,
      );
    }
    if (this.#streams.size >= this.#deps.maxStreams) {
      throw new EarsightError(
        'limit-reached',
        `This server takes ${this.#deps.maxStreams} streams and has them. Remove one, or raise limits.streams.`,
        { retryable: true },
      );
    }
    const { owner = null } = options;
    this.#requireShare(owner);
    const spec: StreamSpec = { ...create, id };
    const { origin = 'api' } = options;
    this.#deps.sources.check(spec, origin === 'configuration');
    const stream = new Stream(spec, this.#deps, {
      origin,
      owner,
      onChange: (changed) => this.#changed(changed),
    });
    this.#streams.set(id, stream);
    try {
      stream.start();
    } catch (thrown) {
      this.#streams.delete(id);
      throw thrown;
    }
    this.#changed(stream);
    this.#keep();
    return stream;
  }

  #requireShare(owner: string | null): void {
    const { maxPerOwner = Number.POSITIVE_INFINITY } = this.#deps;
    if (owner === null || this.list().filter((stream) => stream.owner === owner).length < maxPerOwner) return;
    throw new EarsightError(
      'limit-reached',
      `The token "${owner}" has ${maxPerOwner} streams, as many as one may. Remove one, or raise limits.streamsPerToken.`,
      { retryable: true },
    );
  }

  /** @throws EarsightError `stream-unknown`, `bad-request` for a URL on a stream that has none, and as {@link add} */
  async patch(id: string, patch: StreamPatch): Promise<Stream> {
    const stream = this.get(id);
    if (patch.url !== undefined && stream.spec.kind !== 'url') {
      throw new EarsightError(
        'bad-request',
        `url cannot be set: "${id}" is a ${stream.spec.kind} stream and has none.`,
        {
          details: { field: 'url' },
        },
      );
    }
    await stream.patch(patch);
    this.#keep();
    return stream;
  }

  /**
   * Puts a new configuration in force. Streams that it does not touch go on as they are.
   * @param removed ids of streams that the file named and names no more
   * @param placed what the file says of streams that it did not name so before; they are made, or become so
   */
  async reconfigure(
    settings: RegistrySettings,
    removed: readonly string[],
    placed: readonly StreamSpec[],
  ): Promise<void> {
    this.#deps = { ...this.#deps, ...settings };
    const gone = removed.filter((id) => this.find(id)?.origin === 'configuration');
    // A place is free before it is taken.
    await Promise.all(gone.map((id) => this.remove(id)));
    const specs = new Map(placed.map((spec) => [spec.id, spec]));
    const work = this.list().map((stream) => stream.reconfigure(settings, specs.get(stream.id) ?? null));
    for (const spec of placed) {
      this.#forgetDeparture(spec.id);
      if (this.find(spec.id) === null) this.add(spec, { origin: 'configuration' });
    }
    await Promise.all(work);
    this.#keep();
  }

  /** Resolves when source and session are closed. @throws EarsightError `stream-unknown` */
  async remove(id: string): Promise<void> {
    const stream = this.get(id);
    this.#forgetDeparture(id);
    await stream.close();
    // Two removals may wait for the same close; listeners hear of it once.
    if (this.#streams.get(id) !== stream) return;
    this.#streams.delete(id);
    this.#forgetDeparture(id);
    for (const listener of this.#deps.listeners) listener.streamRemoved(id);
    this.#keep();
  }

  /** Idempotent: closes every stream, all at a time. */
  close(): Promise<void> {
    this.#closed ??= Promise.all(this.list().map((stream) => this.remove(stream.id))).then(() => undefined);
    return this.#closed;
  }

  #keep(): void {
    if (this.#closed !== null) return;
    this.#deps.keep?.(this.list().flatMap(({ origin, spec }) => (origin === 'api' ? [spec] : [])));
  }

  #changed(stream: Stream): void {
    if (this.#streams.get(stream.id) !== stream) return;
    const info = stream.info();
    for (const listener of this.#deps.listeners) listener.streamChanged(info);
    if (stream.ephemeral) this.#watchDeparture(info);
  }

  /** One that delivers stays; one that connects gets longer than one that is gone. */
  #watchDeparture({ id, state, reason }: StreamInfo): void {
    const connecting = state === 'connecting' || (state === 'reconnecting' && reason === 'connecting');
    const waitMs =
      state === 'live' || state === 'degraded'
        ? null
        : Math.max(this.#deps.departureMs, connecting ? CONNECT_MS : 0);
    if (this.#departures.get(id)?.waitMs === waitMs) return;
    this.#forgetDeparture(id);
    if (waitMs === null || this.#closed !== null) return;
    const timer = setTimeout(() => {
      this.#departures.delete(id);
      // A removal by somebody else may have won.
      this.remove(id).catch(() => undefined);
    }, waitMs);
    this.#departures.set(id, { timer, waitMs });
  }

  #forgetDeparture(id: string): void {
    clearTimeout(this.#departures.get(id)?.timer);
    this.#departures.delete(id);
  }
}

/** The running server: everything constructed, connected, and closed again in order. The one composition root. */

import { existsSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { ThreadedModel } from '../model/engine/threads/threaded-model.ts';
import { loadManifest, type ModelFolder } from '../model/load-manifest.ts';
import { systemClock } from '../pipeline/clock.ts';
import { EarsightError } from '../pipeline/errors.ts';
import { heatGrid } from '../pipeline/heatmap/class-map.ts';
import { SharedPorts } from '../pipeline/ingest/whip/shared-port/shared-port.ts';
import { LocalizationPipeline } from '../pipeline/session-pipeline.ts';
import type { ClassInfo } from '../protocol/messages.ts';
import { clientAddress } from './access/client-address.ts';
import { Viewers } from './access/viewers.ts';
import { differenceOf, type WaitingForRestart } from './config/difference.ts';
import type { Config } from './config/schema.ts';
import { type LogLevel, logLevelSchema } from './config/sections/log.ts';
import { createModel } from './create-model.ts';
import { type Door, type DoorParts, openDoor, pageDirectory } from './door.ts';
import { FanOut } from './fan-out/fan-out.ts';
import { attachHeatmapSocket, type HeatmapSocket } from './fan-out/upgrade.ts';
import type { Readiness } from './http/context.ts';
import { locate, version } from './installation.ts';
import { listen } from './listen.ts';
import { StreamLog } from './log/stream-log.ts';
import { Metrics } from './metrics/metrics.ts';
import { JpegEncoder } from './picture/jpeg-encoder.ts';
import { renderSnapshot } from './picture/snapshot.ts';
import { checkStreams } from './streams/check-streams.ts';
import { KeptStreams } from './streams/kept-streams.ts';
import { Publications } from './streams/publications.ts';
import { createSources } from './streams/source-factory.ts';
import { type RegistrySettings, StreamRegistry } from './streams/stream-registry.ts';
import type { StreamStore } from './streams/stream-store.ts';
import type { Certificate } from './tls/certificate.ts';
import { certificateFor, createListener, type Listener } from './tls/listener.ts';
import { openTracing } from './tracing/load-tracing.ts';
import { TracedSink } from './tracing/traced-sink.ts';

/** A slow client may take this long over the head and body of a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Answers that are under way when everything else has ended may take this much longer, in milliseconds. */
const LAST_ANSWERS_MS = 500;
/** Connections at a time for all but the heatmaps. */
const SPARE_CONNECTIONS = 1_000;

export interface EarsightServerParts {
  /** Keeps the streams that the API adds; the server closes it. Without it they are gone with the server. */
  store?: StreamStore;
  /** Where a certificate of our own making is kept; without it, each start makes another. */
  folder?: string | null;
  /** Runs in place of the engine's own worker: for tests that need it to be slow or to fail. */
  engineWorkerUrl?: URL;
}

/** Listens as soon as it can, and is ready when the model is warm; `/readyz` tells the difference. */
export class EarsightServer {
  #config: Config;
  /** What the configuration that was read last has otherwise, and what a restart would change. */
  #waiting: readonly string[] = [];
  readonly #log: Logger;
  readonly #folder: ModelFolder;
  readonly #metrics = new Metrics();
  readonly #previews = new JpegEncoder();
  readonly #model: ThreadedModel;
  readonly #fanOut: FanOut;
  readonly #traced: TracedSink;
  readonly #pipeline: LocalizationPipeline;
  readonly #publications: Publications;
  readonly #registry: StreamRegistry;
  readonly #kept: KeptStreams;
  readonly #sharedPorts = new SharedPorts();
  readonly #viewers: Viewers;
  readonly #doorParts: DoorParts;
  #door: Door;
  readonly #listener: Listener;
  readonly #http: Server;
  #socket: HeatmapSocket | null = null;
  #state: 'starting' | 'ready' | 'closing' = 'starting';
  #closing: Promise<void> | null = null;

  private constructor(
    config: Config,
    log: Logger,
    folder: ModelFolder,
    certificate: Certificate | null,
    parts: EarsightServerParts,
  ) {
    const { manifest } = folder;
    const classes: ClassInfo[] = manifest.classes.map((entry, index) => ({ index, ...entry }));
    const grid = heatGrid(manifest.grid, manifest.calibration);
    this.#config = config;
    this.#log = log;
    this.#folder = folder;
    this.#kept = new KeptStreams(parts.store ?? null, log);
    this.#model = createModel(folder, config.engine, {
      workerUrl: parts.engineWorkerUrl,
      onFault: ({ worker, error, retryInMs }) => {
        if (retryInMs === null) this.#metrics.batchRefused();
        else this.#metrics.engineRestarted();
        log.error({ worker, retryInMs }, error.message);
      },
    });
    this.#fanOut = new FanOut({
      server: { name: 'earsight', version },
      model: { name: manifest.name, classes, grid },
      limits: fanOutLimits(config),
      encodePreview: (frame) => this.#previews.encode(frame),
      observer: this.#metrics.fanOut,
    });
    this.#traced = new TracedSink(this.#fanOut);
    this.#pipeline = new LocalizationPipeline({
      model: this.#model,
      resampler: manifest.frame.resampler,
      logmel: manifest.logmel,
      calibration: manifest.calibration,
      sink: this.#traced,
      clock: systemClock,
      observer: this.#metrics,
      batch: { maxBatch: config.engine.maxBatch, maxDelayMs: config.engine.maxBatchDelayMs },
    });
    const listeners = [this.#fanOut, this.#metrics, new StreamLog(log)];
    this.#registry = new StreamRegistry({
      pipeline: this.#pipeline,
      ...this.#registrySettings(config),
      clock: systemClock,
      listeners: [
        ...listeners,
        { streamChanged: () => undefined, streamRemoved: (id) => this.#publications.streamRemoved(id) },
      ],
      keep: (specs) => this.#kept.take(specs),
    });
    this.#publications = new Publications(this.#registry, (holder) => this.#door.access.stands(holder));
    this.#doorParts = {
      registry: this.#registry,
      publications: this.#publications,
      model: {
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        classes,
        frame: { width: manifest.frame.width, height: manifest.frame.height },
        grid,
        engine: config.engine.provider,
      },
      readiness: () => this.readiness(),
      isStopping: () => this.#state === 'closing',
      waitsForRestart: () => this.#waiting,
      metrics: this.#metrics,
      renderSnapshot,
      addressOf: (context) => this.#addressOf((context.env as HttpBindings).incoming),
      version,
      log: levelOf(log),
      kept: () => this.#kept.settled(),
      reportError: (thrown) => log.error({ err: thrown }, 'a request failed'),
    };
    this.#door = this.#openDoor(config);
    this.#viewers = new Viewers(
      () => this.#door.access,
      (request) => this.#addressOf(request),
    );
    const fetch: Door['fetch'] = (request, bindings) => this.#door.fetch(request, bindings);
    this.#listener = createListener(config, certificate, fetch, log);
    this.#http = this.#listener.http;
    this.#http.requestTimeout = REQUEST_TIMEOUT_MS;
    // Beyond what subscribers may take, so that a crowd of them shuts nobody out of the API.
    this.#http.maxConnections = config.limits.subscribers + SPARE_CONNECTIONS;
  }

  /**
   * @throws EarsightError `model-missing`, `bad-manifest`, `model-mismatch`, `engine-unavailable`, or `bad-config` for
   * an address that cannot be listened on or a stream that can never work. Nothing is left open then.
   */
  static async start(config: Config, log: Logger, parts: EarsightServerParts = {}): Promise<EarsightServer> {
    const folder = await loadManifest(locate(config.model.path));
    const certificate = await certificateFor(config, parts.folder ?? null);
    const server = new EarsightServer(config, log, folder, certificate, parts);
    try {
      await server.#open();
    } catch (thrown) {
      await server.close();
      throw thrown;
    }
    return server;
  }

  /** Where it listens, for a browser on this machine. */
  get url(): string {
    const { address, port, family } = this.#http.address() as AddressInfo;
    const host = ['0.0.0.0', '::'].includes(address)
      ? 'localhost'
      : family === 'IPv6'
        ? `[${address}]`
        : address;
    return `${this.#listener.fingerprint() === null ? 'http' : 'https'}://${host}:${port}`;
  }

  /** Facts for the summary at the start. */
  get facts(): {
    model: string;
    classes: string[];
    workers: number;
    streams: string[];
    page: boolean;
    certificate: string | null;
  } {
    const { manifest } = this.#folder;
    return {
      model: manifest.name,
      classes: manifest.classes.map(({ name }) => name),
      workers: this.#model.parallelism,
      streams: this.#registry.list().map(({ id }) => id),
      certificate: this.#listener.fingerprint(),
      page: existsSync(join(pageDirectory(this.#config), 'index.html')),
    };
  }

  readiness(): Readiness {
    switch (this.#state) {
      case 'starting':
        return { ready: false, reason: 'The model is warming up.' };
      case 'closing':
        return { ready: false, reason: 'The server is shutting down.' };
      case 'ready':
        return this.#model.liveWorkers > 0
          ? { ready: true, reason: null }
          : { ready: false, reason: 'The workers of the model are being restarted.' };
    }
  }

  /**
   * Puts another configuration in force, all of it or nothing. Streams, subscribers and publishers that it does not
   * touch go on; a subscriber whose token changed is closed with 1008, a publisher is hung up.
   * @throws EarsightError `bad-config` when the server could not be run so; the old one stays
   */
  async reconfigure(next: Config): Promise<WaitingForRestart> {
    const before = this.#config;
    const { effective, waiting, removed, placed } = differenceOf(before, next);
    const settings = this.#registrySettings(effective);
    const running = this.#registry.list();
    const { streams, limits } = effective;
    checkStreams(settings.sources, streams, running, new Set(removed), limits.streams);
    const door = this.#openDoor(effective, this.#door);
    // Nothing can fail from here on.
    this.#config = effective;
    const takenBack = this.#waiting.filter((name) => !waiting.includes(name));
    this.#waiting = waiting;
    this.#door = door;
    if (effective.log.level !== before.log.level) this.#log.level = effective.log.level;
    this.#fanOut.setLimits(fanOutLimits(effective));
    this.#fanOut.dismiss((sight) => !this.#viewers.isWelcome(sight));
    this.#publications.dismissUnwelcome();
    await this.#registry.reconfigure(settings, removed, placed);
    if (effective.tracing.sampleRatio !== before.tracing.sampleRatio) await this.#trace();
    return { waiting, takenBack };
  }

  /** How long the operator gives it for a clean end. */
  get drainMs(): number {
    return this.#config.server.drainMs;
  }

  /** Counts a try to take another configuration. */
  configurationRead(taken: boolean): void {
    this.#metrics.configurationRead(taken);
  }

  /** Idempotent. Subscribers are told to go (1001), streams end, then the model; ends within the fan-out's grace. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    await listen(this.#http, this.#config.server);
    const door = (): Door => this.#door;
    this.#socket = attachHeatmapSocket(this.#http, {
      fanOut: this.#fanOut,
      get allowedOrigins() {
        return door().allowedOrigins;
      },
      get expectedHosts() {
        return door().expectedHosts;
      },
      isStopping: () => this.#state === 'closing',
      admit: (request, ticket) => this.#viewers.admit(request, ticket),
    });
    this.#metrics.collectProcess();
    this.#metrics.collectServer({
      version,
      model: this.#folder.manifest.name,
      engine: this.#config.engine.provider,
      isReady: () => this.readiness().ready,
      workers: () => ({ live: this.#model.liveWorkers, all: this.#model.parallelism }),
      queuedBytes: () => this.#fanOut.queuedBytes,
      isKept: () => this.#kept.isSound,
      certificateExpiryMs: () => this.#listener.expiryMs(),
      waitsForRestart: () => this.#waiting,
    });
    await this.#trace();
    await this.#model.initialize();
    for (const [index, spec] of this.#config.streams.entries()) this.#addConfigured(index, spec);
    this.#kept.restore(this.#registry, new Set(this.#config.streams.map(({ id }) => id)));
    this.#state = 'ready';
  }

  async #trace(): Promise<void> {
    const { tracing } = this.#config;
    this.#traced.sample(await openTracing(tracing, this.#log), tracing.sampleRatio);
  }

  #addConfigured(index: number, spec: Config['streams'][number]): void {
    try {
      this.#registry.add(spec, { origin: 'configuration' });
    } catch (thrown) {
      if (!(thrown instanceof EarsightError)) throw thrown;
      throw new EarsightError('bad-config', `streams[${index}] (${spec.id}): ${thrown.message}`, {
        cause: thrown,
      });
    }
  }

  #registrySettings(config: Config): RegistrySettings {
    const { rateHz } = this.#folder.manifest.logmel;
    return {
      sources: createSources(config, { audioRateHz: rateHz, log: this.#log, sharedPorts: this.#sharedPorts }),
      defaults: config.session,
      maxStreams: config.limits.streams,
      maxPerOwner: config.limits.streamsPerToken,
      departureMs: config.webrtc.departureMs,
    };
  }

  #openDoor(config: Config, before: Door | null = null): Door {
    return openDoor(config, this.#doorParts, (reason) => this.#metrics.requestLimited(reason), before);
  }

  #addressOf({ socket, headers }: IncomingMessage): string {
    const forwarded = headers['x-forwarded-for'];
    return clientAddress(socket.remoteAddress, String(forwarded ?? ''), this.#door.trustedProxies);
  }

  async #close(): Promise<void> {
    // It goes on to listen meanwhile, so that balancers and publishers are told rather than refused.
    this.#state = 'closing';
    await Promise.all([this.#fanOut.close(), this.#registry.close()]);
    await this.#pipeline.close();
    await Promise.all([this.#model.close(), this.#previews.close(), this.#kept.close()]);
    this.#socket?.close();
    this.#listener.close();
    const unlistened = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const lastAnswers = setTimeout(() => this.#http.closeAllConnections(), LAST_ANSWERS_MS);
    await unlistened;
    clearTimeout(lastAnswers);
    this.#log.debug('closed');
  }
}

function fanOutLimits({ limits }: Config): Parameters<FanOut['setLimits']>[0] {
  return {
    maxSubscribers: limits.subscribers,
    maxPerHolder: limits.subscribersPerToken,
    maxRateHz: limits.subscriberRateHz,
  };
}

/** The level is one of pino's own, which our schema lists. */
function levelOf(log: Logger): { level: LogLevel } {
  return {
    get level() {
      return logLevelSchema.parse(log.level);
    },
    set level(level) {
      log.level = level;
    },
  };
}

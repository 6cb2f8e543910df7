/** The running server: everything constructed, connected, and closed again in order. The one composition root. */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { ThreadedModel } from '../model/engine/threads/threaded-model.ts';
import { loadManifest, type ModelFolder } from '../model/load-manifest.ts';
import { systemClock } from '../pipeline/clock.ts';
import { EarsightError } from '../pipeline/errors.ts';
import { AddressRanges } from '../pipeline/ip-ranges.ts';
import { LocalizationPipeline } from '../pipeline/session-pipeline.ts';
import type { ClassInfo } from '../protocol/messages.ts';
import { Access } from './access/access.ts';
import { clientAddress } from './access/client-address.ts';
import { expectedNames, isTokenRequired } from './access/listening.ts';
import { hasRole, mayOn } from './access/principal.ts';
import type { Config } from './config/schema.ts';
import { createModel } from './create-model.ts';
import { FanOut } from './fan-out/fan-out.ts';
import type { Sight } from './fan-out/sight.ts';
import { attachHeatmapSocket, type HeatmapSocket } from './fan-out/upgrade.ts';
import { createApp } from './http/app.ts';
import type { Readiness } from './http/context.ts';
import { locate, packageRoot, version } from './installation.ts';
import { StreamLog } from './log/stream-log.ts';
import { Metrics } from './metrics/metrics.ts';
import { JpegEncoder } from './picture/jpeg-encoder.ts';
import { renderSnapshot } from './picture/snapshot.ts';
import { Publications } from './streams/publications.ts';
import { createSources } from './streams/source-factory.ts';
import { StreamRegistry } from './streams/stream-registry.ts';

/** A slow client may take this long over the head and body of a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/** For tests that need a part to be slow or to fail. */
export interface EarsightServerParts {
  /** Runs in place of the engine's own worker. */
  engineWorkerUrl?: URL;
}

/** Listens as soon as it can, and is ready when the model is warm; `/readyz` tells the difference. */
export class EarsightServer {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #folder: ModelFolder;
  readonly #pageDirectory: string;
  readonly #metrics = new Metrics();
  readonly #previews = new JpegEncoder();
  readonly #model: ThreadedModel;
  readonly #fanOut: FanOut;
  readonly #pipeline: LocalizationPipeline;
  readonly #publications: Publications;
  readonly #access: Access;
  readonly #trustedProxies: AddressRanges;
  readonly #expectedHosts: ReadonlySet<string> | null;
  readonly #registry: StreamRegistry;
  readonly #http: Server;
  #socket: HeatmapSocket | null = null;
  #state: 'starting' | 'ready' | 'closing' = 'starting';
  #closing: Promise<void> | null = null;

  private constructor(config: Config, log: Logger, folder: ModelFolder, parts: EarsightServerParts) {
    const { manifest } = folder;
    const classes: ClassInfo[] = manifest.classes.map((entry, index) => ({ index, ...entry }));
    this.#config = config;
    this.#log = log;
    this.#folder = folder;
    this.#pageDirectory =
      config.server.page === null ? join(packageRoot, 'dist', 'page') : locate(config.server.page);
    this.#model = createModel(folder, config.engine, {
      workerUrl: parts.engineWorkerUrl,
      onFault: ({ worker, error, retryInMs }) => log.error({ worker, retryInMs }, error.message),
    });
    this.#fanOut = new FanOut({
      server: { name: 'earsight', version },
      model: { name: manifest.name, classes, grid: manifest.grid },
      limits: { maxSubscribers: config.limits.subscribers, maxRateHz: config.limits.subscriberRateHz },
      encodePreview: (frame) => this.#previews.encode(frame),
      observer: this.#metrics.fanOut,
    });
    this.#pipeline = new LocalizationPipeline({
      model: this.#model,
      resampler: manifest.frame.resampler,
      logmel: manifest.logmel,
      calibration: manifest.calibration,
      sink: this.#fanOut,
      clock: systemClock,
      observer: this.#metrics,
      batch: { maxBatch: config.engine.maxBatch, maxDelayMs: config.engine.maxBatchDelayMs },
    });
    const listeners = [this.#fanOut, this.#metrics, new StreamLog(log)];
    this.#registry = new StreamRegistry({
      pipeline: this.#pipeline,
      sources: createSources(config, { audioRateHz: manifest.logmel.rateHz, log }),
      clock: systemClock,
      defaults: config.session,
      listeners: [
        ...listeners,
        { streamChanged: () => undefined, streamRemoved: (id) => this.#publications.streamRemoved(id) },
      ],
      maxStreams: config.limits.streams,
      departureMs: config.webrtc.departureMs,
    });
    this.#publications = new Publications(this.#registry);
    this.#access = new Access({
      required: isTokenRequired(config.auth.mode, config.server.host),
      tokens: config.auth.tokens,
      ticketMs: config.auth.ticketMs,
    });
    this.#trustedProxies = new AddressRanges(config.server.trustedProxies);
    this.#expectedHosts = this.#access.required ? null : expectedNames(config.server);
    const app = createApp({
      registry: this.#registry,
      publications: this.#publications,
      model: {
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        classes,
        frame: { width: manifest.frame.width, height: manifest.frame.height },
        grid: manifest.grid,
        engine: config.engine.provider,
      },
      readiness: () => this.readiness(),
      metrics: this.#metrics,
      renderSnapshot,
      pageDirectory:
        config.server.page === null ? join(packageRoot, 'dist', 'page') : locate(config.server.page),
      allowedOrigins: config.server.allowedOrigins,
      access: this.#access,
      expectedHosts: this.#expectedHosts,
      addressOf: (context) => this.#addressOf((context.env as HttpBindings).incoming),
      iceServers: config.webrtc.iceServers,
      limits: config.limits,
      version,
      reportError: (thrown) => log.error({ err: thrown }, 'a request failed'),
    });
    // No TLS and no HTTP/2 is asked for, so this is node:http's server.
    this.#http = createAdaptorServer({ fetch: app.fetch }) as Server;
    this.#http.requestTimeout = REQUEST_TIMEOUT_MS;
  }

  /**
   * @throws EarsightError `model-missing`, `bad-manifest`, `model-mismatch`, `engine-unavailable`, or `bad-config` for
   * an address that cannot be listened on or a stream that can never work. Nothing is left open then.
   */
  static async start(config: Config, log: Logger, parts: EarsightServerParts = {}): Promise<EarsightServer> {
    const folder = await loadManifest(locate(config.model.path));
    const server = new EarsightServer(config, log, folder, parts);
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
    return `http://${host}:${port}`;
  }

  /** Facts for the summary at the start. */
  get facts(): { model: string; classes: string[]; workers: number; streams: string[]; page: boolean } {
    const { manifest } = this.#folder;
    return {
      model: manifest.name,
      classes: manifest.classes.map(({ name }) => name),
      workers: this.#model.parallelism,
      streams: this.#registry.list().map(({ id }) => id),
      page: existsSync(join(this.#pageDirectory, 'index.html')),
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

  /** Idempotent. Subscribers are told to go (1001), streams end, then the model; ends within the fan-out's grace. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    await listen(this.#http, this.#config.server);
    this.#socket = attachHeatmapSocket(this.#http, {
      fanOut: this.#fanOut,
      allowedOrigins: this.#config.server.allowedOrigins,
      expectedHosts: this.#expectedHosts,
      admit: (request, ticket) => this.#admit(request, ticket),
    });
    this.#metrics.collectProcess();
    await this.#model.initialize();
    for (const [index, spec] of this.#config.streams.entries()) this.#addConfigured(index, spec);
    this.#state = 'ready';
  }

  #addConfigured(index: number, spec: Config['streams'][number]): void {
    try {
      this.#registry.add(spec);
    } catch (thrown) {
      if (!(thrown instanceof EarsightError)) throw thrown;
      throw new EarsightError('bad-config', `streams[${index}] (${spec.id}): ${thrown.message}`, {
        cause: thrown,
      });
    }
  }

  #addressOf({ socket, headers }: IncomingMessage): string {
    const forwarded = headers['x-forwarded-for'];
    return clientAddress(socket.remoteAddress, String(forwarded ?? ''), this.#trustedProxies);
  }

  /** @throws EarsightError `unauthorized`, `forbidden`, `too-many-attempts` */
  async #admit(request: IncomingMessage, ticket: string | null): Promise<Sight> {
    const address = this.#addressOf(request);
    const principal =
      ticket === null
        ? await this.#access.authenticate(request.headers.authorization, address)
        : await this.#access.redeem(ticket, address);
    if (!hasRole(principal, 'view')) {
      throw new EarsightError(
        'forbidden',
        `The token "${principal.name}" may not see heatmaps: it lacks the role view.`,
      );
    }
    return { sees: (streamId) => mayOn(principal, 'view', streamId) };
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    this.#socket?.close();
    const unlistened = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    await Promise.all([this.#fanOut.close(), this.#registry.close()]);
    await this.#pipeline.close();
    await Promise.all([this.#model.close(), this.#previews.close()]);
    this.#http.closeAllConnections();
    await unlistened;
    this.#log.debug('closed');
  }
}

/** @throws EarsightError `bad-config` with the mend */
async function listen(http: Server, { host, port }: Config['server']): Promise<void> {
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use, perhaps by another Earsight. Stop that one, or choose another with --port.`
        : code === 'EACCES'
          ? `Port ${port} may not be used by this user. Choose one from 1024 on with --port.`
          : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
            ? `${host} is no address of this machine. Choose another with --host, such as 127.0.0.1 or 0.0.0.0.`
            : `Cannot listen on ${host}:${port}: ${message}. Choose another address with --host and --port.`;
    throw new EarsightError('bad-config', why, { cause: thrown });
  }
}

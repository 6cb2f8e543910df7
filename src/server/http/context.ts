/** What the routes are given; server.ts fills it in, tests use fakes. */

import type { Context } from 'hono';
import type { HeatmapResult } from '../../pipeline/ports.ts';
import type { Secret } from '../../pipeline/secret.ts';
import type { Access } from '../access/access.ts';
import type { PublishingLimits } from '../access/publishing-limits.ts';
import type { LogLevel } from '../config/sections/log.ts';
import type { SnapshotOptions } from '../picture/snapshot.ts';
import type { Publications } from '../streams/publications.ts';
import type { StreamRegistry } from '../streams/stream-registry.ts';
import type { ModelView } from './schemas.ts';

export interface Readiness {
  ready: boolean;
  /** One sentence; null when ready. */
  reason: string | null;
}

export interface IceServer {
  urls: readonly string[];
  username?: string | undefined;
  credential?: Secret | undefined;
}

export interface AppContext {
  registry: StreamRegistry;
  publications: Publications;
  model: ModelView;
  /** Warm and not shutting down. */
  readiness(): Readiness;
  /** Streams and connections are being ended; what is asked for is still answered. */
  isStopping(): boolean;
  /** Settings that the configuration has otherwise and that are not in force yet, as `engine.workers`. */
  waitsForRestart(): readonly string[];
  metrics: { contentType: string; text(): Promise<string> };
  renderSnapshot(result: HeatmapResult, options: SnapshotOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Folder of the built page. */
  pageDirectory: string;
  /** Origins beside its own that may use the API from a browser. */
  allowedOrigins: readonly string[];
  access: Access;
  /** Names that the server may be asked for by; null for any, where a token is asked for. */
  expectedHosts: ReadonlySet<string> | null;
  /** Where a request comes from. */
  addressOf(context: Context): string;
  iceServers: readonly IceServer[];
  whip: {
    /** Takes PATCH requests that lack their entity tag or its quotes. */
    lenient: boolean;
    /** Base URL of another server, for publishers when this one is full; without a slash at its end. */
    redirectTo: string | null;
  };
  publishingLimits: PublishingLimits;
  limits: { bodyBytes: number; sdpBytes: number };
  version: string;
  /** How much is written; setting it takes effect at once. */
  log: { level: LogLevel };
  /** Resolves when the streams as they are now would survive a restart, or cannot. */
  kept(): Promise<void>;
  /** Gets errors that are a fault of ours. */
  reportError(thrown: unknown): void;
}

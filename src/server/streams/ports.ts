/** What the registry needs of its neighbours; server.ts hands over the real ones, tests hand over fakes. */

import type { HeatmapResult, MediaSource } from '../../pipeline/ports.ts';
import type { SessionOptions, SessionStats, SessionStatus } from '../../pipeline/session.ts';
import type { StreamInfo } from '../../protocol/messages.ts';
import type { StreamSpec } from '../config/stream-spec.ts';

/** A stream at work. `close` closes the source too. */
export interface RunningSession {
  status(): SessionStatus;
  stats(): SessionStats;
  lastResult(): HeatmapResult | null;
  configure(options: Partial<SessionOptions>): void;
  close(): Promise<void>;
}

/** Implementer: `LocalizationPipeline`. Opens the source. */
export interface SessionPipeline {
  attach(
    source: MediaSource,
    options: SessionOptions,
    onStatus: (status: SessionStatus) => void,
  ): RunningSession;
}

/**
 * Builds the source of a stream by its kind. Implementer: source-factory.ts. `trusted`: its address stands in the
 * operator's own file, so it may be anywhere; one from the API is held to `ingest.allowedNetworks`.
 */
export interface SourceFactory {
  /**
   * @throws EarsightError `bad-url`, `forbidden-path`, `forbidden-address` when the spec can never work;
   * `details.field` names why.
   */
  check(spec: StreamSpec, trusted: boolean): void;
  /** Equal as long as {@link create} would make the same source, so that nothing has to be restarted. */
  fingerprint(spec: StreamSpec, options: SessionOptions, trusted: boolean): string;
  /** Nothing is opened yet. */
  create(spec: StreamSpec, options: SessionOptions, trusted: boolean): MediaSource;
}

/** Told of every change, at once and in order. Implementers: `FanOut`, `Metrics`. Never throws. */
export interface StreamListener {
  streamChanged(info: StreamInfo): void;
  /** The last call about this stream. */
  streamRemoved(streamId: string): void;
}

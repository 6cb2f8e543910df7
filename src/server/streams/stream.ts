/** One stream: what it was asked to be, and the source and session that run for it while it is enabled. */

import { isDeepStrictEqual } from 'node:util';
import type { Clock, HeatmapResult, MediaSource } from '../../pipeline/ports.ts';
import type { SessionOptions, SessionStats, SessionStatus } from '../../pipeline/session.ts';
import type { StreamInfo } from '../../protocol/messages.ts';
import { withOverrides } from '../config/session-options.ts';
import type { StreamPatch, StreamSpec } from '../config/stream-spec.ts';
import type { RunningSession, SessionPipeline, SourceFactory } from './ports.ts';

export interface StreamDeps {
  pipeline: SessionPipeline;
  sources: SourceFactory;
  /** The configuration's section `session`. */
  defaults: SessionOptions;
  clock: Clock;
}

/** Who wants the stream: the configuration file, the API, or a publisher that is there. */
export type StreamOrigin = 'configuration' | 'api' | 'publisher';

/** What runs, and what it was started with. */
type Run = {
  source: MediaSource;
  session: RunningSession;
  fingerprint: string;
  options: SessionOptions;
} | null;

/**
 * Owns its source and session. Operations that stop or start them queue behind each other, so that a patch and a
 * removal at the same time cannot leave a camera open.
 */
export class Stream {
  readonly id: string;
  /** The name of the token that added it; null where nobody is told apart, and after a restart. */
  readonly owner: string | null;
  #origin: StreamOrigin;
  #trusted: boolean;
  #deps: StreamDeps;
  readonly #onChange: (stream: Stream) => void;
  #spec: StreamSpec;
  #run: Run = null;
  #disabledSinceWallMs: number;
  #queue: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(
    spec: StreamSpec,
    deps: StreamDeps,
    options: { origin: StreamOrigin; owner: string | null; onChange: (stream: Stream) => void },
  ) {
    this.id = spec.id;
    this.owner = options.owner;
    this.#origin = options.origin;
    this.#trusted = options.origin === 'configuration';
    this.#spec = spec;
    this.#deps = deps;
    this.#onChange = options.onChange;
    this.#disabledSinceWallMs = deps.clock.wallMs();
  }

  get origin(): StreamOrigin {
    return this.#origin;
  }

  /** Made by a publisher rather than by configuration or the API; goes when the publisher is gone. */
  get ephemeral(): boolean {
    return this.#origin === 'publisher';
  }

  /** Its address stands in the configuration file; one that a patch brought does not. */
  get trusted(): boolean {
    return this.#trusted;
  }

  get spec(): StreamSpec {
    return this.#spec;
  }

  /** The running source; null while disabled. */
  get source(): MediaSource | null {
    return this.#run?.source ?? null;
  }

  /** The options in force: the defaults with this stream's overrides. */
  get options(): SessionOptions {
    return withOverrides(this.#deps.defaults, this.#spec.session);
  }

  stats(): SessionStats | null {
    return this.#run?.session.stats() ?? null;
  }

  /** The newest result with its picture; null before the first. */
  lastResult(): HeatmapResult | null {
    return this.#run?.session.lastResult() ?? null;
  }

  info(): StreamInfo {
    const status = this.#run?.session.status() ?? this.#disabledStatus();
    return { id: this.id, name: this.#spec.name ?? this.id, kind: this.#spec.kind, ...status };
  }

  /** Connects, when enabled. */
  start(): void {
    if (!this.#spec.enabled || this.#run !== null || this.#closed !== null) return;
    const { options } = this;
    const { sources, pipeline } = this.#deps;
    const source = sources.create(this.#spec, options, this.#trusted);
    // Statuses may come before attach has returned; info() would not know the session yet.
    let attached = false;
    const session = pipeline.attach(source, options, () => {
      if (attached) this.#onChange(this);
    });
    attached = true;
    this.#run = { source, session, options, fingerprint: this.#fingerprint(options) };
  }

  /** Resolves when the change is in force. A new URL restarts the source, the rest is applied as it runs. */
  patch(patch: StreamPatch): Promise<void> {
    const work = this.#queue.then(async () => {
      if (this.#closed !== null) return;
      const before = this.#spec;
      const session = { ...before.session, ...patch.session };
      const name = patch.name ?? before.name;
      const common = {
        session,
        enabled: patch.enabled ?? before.enabled,
        ...(name === undefined ? {} : { name }),
      };
      const next: StreamSpec =
        before.kind === 'url' && patch.url !== undefined
          ? { ...withoutCredentials(before), ...common, url: patch.url }
          : { ...before, ...common };
      const trusted = this.#trusted && patch.url === undefined;
      this.#deps.sources.check(next, trusted);
      if (patch.url !== undefined) await this.#stop();
      this.#trusted = trusted;
      await this.#become(next);
      this.#onChange(this);
    });
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /**
   * Takes over what a new configuration says. What runs goes on, unless its source would be another one.
   * @param spec what the file now says of this stream, which is the file's from then on; null: nothing new
   */
  reconfigure(settings: Pick<StreamDeps, 'defaults' | 'sources'>, spec: StreamSpec | null): Promise<void> {
    const work = this.#queue.then(async () => {
      if (this.#closed !== null) return;
      const before = this.info();
      this.#deps = { ...this.#deps, ...settings };
      if (spec !== null) {
        this.#origin = 'configuration';
        this.#trusted = true;
      }
      await this.#become(spec ?? this.#spec);
      if (!isDeepStrictEqual(this.info(), before)) this.#onChange(this);
    });
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Idempotent; ends the source and the session. */
  close(): Promise<void> {
    this.#closed ??= this.#queue.then(() => this.#stop());
    return this.#closed;
  }

  /** Restarts the source if it would be another one; everything else is applied as it runs. */
  async #become(next: StreamSpec): Promise<void> {
    this.#spec = next;
    const { options } = this;
    const run = this.#run;
    if (run !== null) {
      if (!next.enabled || this.#fingerprint(options) !== run.fingerprint) await this.#stop();
      else if (!isDeepStrictEqual(options, run.options)) {
        run.session.configure(options);
        run.options = options;
      }
    }
    this.start();
  }

  #fingerprint(options: SessionOptions): string {
    return this.#deps.sources.fingerprint(this.#spec, options, this.#trusted);
  }

  async #stop(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    await run.session.close();
    await run.source.close();
    this.#run = null;
    this.#disabledSinceWallMs = this.#deps.clock.wallMs();
  }

  #disabledStatus(): SessionStatus {
    return {
      state: 'ended',
      reason: 'disabled',
      detail: 'Switched off; enable it to connect.',
      sinceWallMs: this.#disabledSinceWallMs,
      tracks: { video: false, audio: false },
      picture: null,
    };
  }
}

/** A new address must not inherit the password of the old one. */
function withoutCredentials(
  spec: Extract<StreamSpec, { kind: 'url' }>,
): Extract<StreamSpec, { kind: 'url' }> {
  const copy = { ...spec };
  delete copy.username;
  delete copy.password;
  return copy;
}

/** One stream: what it was asked to be, and the source and session that run for it while it is enabled. */

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

type Run = { source: MediaSource; session: RunningSession } | null;

/**
 * Owns its source and session. Operations that stop or start them queue behind each other, so that a patch and a
 * removal at the same time cannot leave a camera open.
 */
export class Stream {
  readonly id: string;
  /** Made by a publisher rather than by configuration or the API; goes when the publisher is gone. */
  readonly ephemeral: boolean;
  readonly #deps: StreamDeps;
  readonly #onChange: (stream: Stream) => void;
  #spec: StreamSpec;
  #run: Run = null;
  #disabledSinceWallMs: number;
  #queue: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(
    spec: StreamSpec,
    deps: StreamDeps,
    options: { ephemeral: boolean; onChange: (stream: Stream) => void },
  ) {
    this.id = spec.id;
    this.ephemeral = options.ephemeral;
    this.#spec = spec;
    this.#deps = deps;
    this.#onChange = options.onChange;
    this.#disabledSinceWallMs = deps.clock.wallMs();
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
    const source = this.#deps.sources.create(this.#spec, this.options);
    // Statuses may come before attach has returned; info() would not know the session yet.
    let attached = false;
    const session = this.#deps.pipeline.attach(source, this.options, () => {
      if (attached) this.#onChange(this);
    });
    attached = true;
    this.#run = { source, session };
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
      this.#deps.sources.check(next);
      this.#spec = next;
      if (!next.enabled || patch.url !== undefined || capsAtSource(before, next)) await this.#stop();
      this.start();
      if (patch.session !== undefined) this.#run?.session.configure(this.options);
      this.#onChange(this);
    });
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Idempotent; ends the source and the session. */
  close(): Promise<void> {
    this.#closed ??= this.#queue.then(() => this.#stop());
    return this.#closed;
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

/** Cameras and files pass frames over before they are handed on, which a new rate can only change by a restart. */
function capsAtSource(before: StreamSpec, next: StreamSpec): boolean {
  return next.kind === 'url' && before.session.maxRateHz !== next.session.maxRateHz;
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

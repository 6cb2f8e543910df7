/** All streams through one model: newest window of each source, batched fairly, back to its session as heat. */

import { Subject, type Subscription } from 'rxjs';
import type { AlignedWindow } from './align/window-aligner.ts';
import { EarsightError } from './errors.ts';
import { batchNewest } from './operators/batch-newest.ts';
import type { LocalizationModel, MediaSource, ModelBatch, ModelOutput } from './ports.ts';
import { FrameResizer, type Resampler } from './prep/resize.ts';
import type { SessionOptions, SessionStatus } from './session.ts';
import { type SessionParts, StreamSession } from './stream-session.ts';
import { Suspects } from './suspects.ts';
import type { Localization } from './types.ts';

export interface PipelineParts extends Omit<SessionParts, 'shape'> {
  /** Initialised; closed by whoever made it, after the pipeline. */
  model: LocalizationModel;
  resampler: Resampler;
  batch: {
    /** At most the model's own. */
    maxBatch: number;
    /** How long a window may wait for company when a worker is free. */
    maxDelayMs: number;
  };
}

interface Request {
  session: StreamSession;
  window: AlignedWindow;
}

/**
 * The composition root of the streams: sessions put their windows into one stream of requests, `batchNewest` forms
 * batches, the model answers. Policy keep-newest, bound one window per session; drops are counted `superseded`.
 */
export class LocalizationPipeline {
  readonly #parts: PipelineParts;
  readonly #resizer: FrameResizer;
  readonly #sessions = new Map<string, StreamSession>();
  readonly #requests = new Subject<Request>();
  readonly #subscription: Subscription;
  readonly #suspects = new Suspects<StreamSession>();
  #closed = false;

  constructor(parts: PipelineParts) {
    const { model, batch } = parts;
    this.#parts = parts;
    this.#resizer = new FrameResizer({ ...model.shape.frame, resampler: parts.resampler });
    this.#subscription = this.#requests
      .pipe(
        batchNewest({
          key: (request) => request.session,
          maxBatch: Math.min(batch.maxBatch, model.shape.maxBatch),
          maxDelayMs: batch.maxDelayMs,
          alone: (session) => this.#suspects.has(session),
          concurrency: model.parallelism,
          project: (requests) => this.#answer(requests),
          onDrop: ({ session }, reason) => session.fail(reason),
        }),
      )
      .subscribe();
  }

  /**
   * Opens the source and works on it until the session is closed. `onStatus` is called at every change, at the
   * earliest before this returns.
   * @throws EarsightError `stream-exists` when a session of the source's id is open, `closed`.
   */
  attach(
    source: MediaSource,
    options: SessionOptions,
    onStatus: (status: SessionStatus) => void,
  ): StreamSession {
    if (this.#closed) throw new EarsightError('closed', 'The pipeline is closed.');
    if (this.#sessions.get(source.id)?.closed === false) {
      throw new EarsightError('stream-exists', `Stream '${source.id}' is open already; close it first.`);
    }
    const session = new StreamSession(
      source,
      options,
      { ...this.#parts, shape: this.#parts.model.shape },
      {
        request: (of, window) => this.#request(of, window),
        onStatus,
        // Its sound and last pictures would stay for ever otherwise: half a megabyte for each webcam that ever called.
        onClosed: (closed) => {
          if (this.#sessions.get(source.id) === closed) this.#sessions.delete(source.id);
        },
      },
    );
    this.#sessions.set(source.id, session);
    return session;
  }

  /** Idempotent; closes every session, then stops asking the model. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    this.#sessions.clear();
    this.#subscription.unsubscribe();
  }

  #request(session: StreamSession, window: AlignedWindow): void {
    if (this.#suspects.isPaused(session, this.#parts.clock.monotonicUs()))
      session.fail('input-spoils-batches');
    else this.#requests.next({ session, window });
  }

  /** Never rejects: a failed batch is counted on each of its sessions, and the stream of requests goes on. */
  async #answer(requests: readonly Request[]): Promise<void> {
    const { clock, model, observer } = this.#parts;
    const dispatchedUs = clock.monotonicUs();
    const { members, batch } = this.#prepare(requests);
    if (members.length === 0) return;
    observer.batch(members.length);
    try {
      const output = await model.run(batch);
      const inferredUs = clock.monotonicUs();
      members.forEach(({ session, window }, i) => {
        this.#suspects.succeeded(session, inferredUs);
        session.complete(window, localizationOf(output, members.length, i), { dispatchedUs, inferredUs });
      });
    } catch (error) {
      // The engine says and counts what went wrong with it; here only whose windows were lost.
      const reason =
        error instanceof EarsightError && error.code === 'closed' ? 'closed' : 'inference-failed';
      const open = members.filter(({ session }) => !session.closed);
      this.#suspects.failed(
        open.map(({ session }) => session),
        clock.monotonicUs(),
      );
      for (const { session } of members) session.fail(reason);
    }
  }

  /** Passes on what needs no model, and writes the rest into one batch, given away to the model. */
  #prepare(requests: readonly Request[]): { members: Request[]; batch: ModelBatch } {
    const { frame, logmel } = this.#parts.model.shape;
    const frameBytes = frame.width * frame.height * 3;
    const logmelNumbers = logmel.columns * logmel.mels;
    const frames = new Uint8Array(requests.length * frameBytes);
    const logmels = new Float32Array(requests.length * logmelNumbers);
    const members: Request[] = [];
    for (const request of requests) {
      const { session, window } = request;
      if (session.closed) continue;
      if (window.endSample === null) {
        session.pass(window);
      } else if (session.writeLogMel(window, logmels, members.length * logmelNumbers)) {
        this.#resizer.write(window.frame, frames, members.length * frameBytes);
        members.push(request);
      } else {
        session.fail('audio-overtaken');
      }
    }
    const size = members.length;
    const batch = {
      size,
      frames: size === requests.length ? frames : frames.slice(0, size * frameBytes),
      logmel: size === requests.length ? logmels : logmels.slice(0, size * logmelNumbers),
    };
    return { members, batch };
  }
}

/** Views of one member's part of a batch's output. */
function localizationOf(output: ModelOutput, size: number, index: number): Localization {
  const part = (all: Float32Array): Float32Array => {
    const length = all.length / size;
    return all.subarray(index * length, (index + 1) * length);
  };
  return {
    audioProbability: part(output.audioProbability),
    visualProbability: part(output.visualProbability),
    similarity: part(output.similarity),
    ...(output.activation === undefined ? {} : { activation: part(output.activation) }),
  };
}

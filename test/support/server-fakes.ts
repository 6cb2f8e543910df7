/** Fakes for the server's ports: sources that do nothing by themselves, sessions that tests steer. */

import { EarsightError } from '../../src/pipeline/errors.ts';
import type { Clock, HeatmapResult, MediaSource } from '../../src/pipeline/ports.ts';
import type { SessionOptions, SessionStats, SessionStatus } from '../../src/pipeline/session.ts';
import type { HeatmapMessage, StreamInfo } from '../../src/protocol/messages.ts';
import { revealed } from '../../src/server/config/revealed.ts';
import type { StreamSpec } from '../../src/server/config/stream-spec.ts';
import type {
  RunningSession,
  SessionPipeline,
  SourceFactory,
  StreamListener,
} from '../../src/server/streams/ports.ts';
import type { WebcamSession, WebcamSource } from '../../src/server/streams/publications.ts';

export class FakeSource implements MediaSource {
  readonly id: string;
  readonly spec: StreamSpec;
  closed = false;

  constructor(spec: StreamSpec) {
    this.id = spec.id;
    this.spec = spec;
  }

  open(): void {
    // Tests speak through the session.
  }

  restart(): void {
    // Nothing to restart.
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Accepts any offer but those whose text is in `refusals`. */
export class FakeWebcam extends FakeSource implements WebcamSource {
  readonly offers: string[] = [];
  readonly sessions: FakeWebcamSession[] = [];
  hangUps = 0;
  refusal: Error | null = null;

  accept(offerSdp: string): Promise<WebcamSession> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    this.offers.push(offerSdp);
    const session = new FakeWebcamSession(this, `answer to ${offerSdp}`);
    this.sessions.push(session);
    return Promise.resolve(session);
  }
}

/** A fragment that begins with `restart` restarts ICE; one that is `bad` is refused. */
export class FakeWebcamSession implements WebcamSession {
  readonly answerSdp: string;
  readonly updates: { fragment: string; anySession: boolean }[] = [];
  isOver = false;
  /** Awaited by each update. */
  gate: Promise<void> = Promise.resolve();
  readonly #webcam: FakeWebcam;
  #generation = 0;

  constructor(webcam: FakeWebcam, answerSdp: string) {
    this.#webcam = webcam;
    this.answerSdp = answerSdp;
  }

  async update(
    fragment: string,
    anySession: boolean,
  ): Promise<{ answerFragment: string | null; iceGeneration: number }> {
    this.updates.push({ fragment, anySession });
    await this.gate;
    if (fragment === 'bad') throw new EarsightError('bad-sdp', 'It is no fragment.');
    const isRestart = fragment.startsWith('restart');
    if (isRestart) this.#generation += 1;
    return {
      answerFragment: isRestart ? `answer to ${fragment}` : null,
      iceGeneration: this.#generation,
    };
  }

  hangUp(): Promise<void> {
    this.isOver = true;
    this.#webcam.hangUps++;
    return Promise.resolve();
  }
}

export class FakeSources implements SourceFactory {
  readonly made: FakeSource[] = [];
  /** Thrown by `check` when set. */
  refusal: Error | null = null;
  /** Thrown by the next webcam's `accept` when set. */
  webcamRefusal: Error | null = null;

  /** Told whether an address counts as the operator's own. */
  onTrust: (what: 'check' | 'create', trusted: boolean) => void = () => undefined;

  check(_spec: StreamSpec, trusted: boolean): void {
    this.onTrust('check', trusted);
    if (this.refusal !== null) throw this.refusal;
  }

  /** Differs where {@link UrlSource} and its kind would: not by name, nor by what the session does. */
  fingerprint(spec: StreamSpec, { maxRateHz }: SessionOptions): string {
    const ofSource = Object.entries(spec).filter(([key]) => !['name', 'enabled', 'session'].includes(key));
    return JSON.stringify([revealed(ofSource), spec.kind === 'url' ? maxRateHz : null]);
  }

  create(spec: StreamSpec, _options: SessionOptions, trusted: boolean): FakeSource {
    this.onTrust('create', trusted);
    const source = spec.kind === 'webcam' ? new FakeWebcam(spec) : new FakeSource(spec);
    if (source instanceof FakeWebcam) source.refusal = this.webcamRefusal;
    this.made.push(source);
    return source;
  }
}

export class FakeSession implements RunningSession {
  readonly source: MediaSource;
  options: SessionOptions;
  closed = false;
  result: HeatmapResult | null = null;
  readonly #onStatus: (status: SessionStatus) => void;
  #status: SessionStatus = {
    state: 'connecting',
    reason: 'connecting',
    detail: null,
    sinceWallMs: 1000,
    tracks: { video: false, audio: false },
    picture: null,
  };

  constructor(source: MediaSource, options: SessionOptions, onStatus: (status: SessionStatus) => void) {
    this.source = source;
    this.options = options;
    this.#onStatus = onStatus;
  }

  /** Changes the status as the monitor would. */
  become(status: Partial<SessionStatus>): void {
    this.#status = { ...this.#status, ...status };
    this.#onStatus(this.#status);
  }

  status(): SessionStatus {
    return this.#status;
  }

  stats(): SessionStats {
    return {
      framesReceived: 3,
      audioSamplesReceived: 22_050,
      results: 2,
      drops: { superseded: 1 },
      restarts: 0,
      resultRateHz: 10,
      captureToSendMs: { p50: 40, p95: 60, p99: 70 },
      stages: { decodeUs: 1, alignUs: 2, queueUs: 3, inferenceUs: 4, heatUs: 5 },
      skewUs: null,
      senderReportAgeMs: null,
      clockFaults: [],
    };
  }

  lastResult(): HeatmapResult | null {
    return this.result;
  }

  configure(options: Partial<SessionOptions>): void {
    this.options = { ...this.options, ...options };
  }

  async close(): Promise<void> {
    await this.source.close();
    this.closed = true;
  }
}

export class FakePipeline implements SessionPipeline {
  readonly sessions: FakeSession[] = [];

  attach(
    source: MediaSource,
    options: SessionOptions,
    onStatus: (status: SessionStatus) => void,
  ): FakeSession {
    const session = new FakeSession(source, options, onStatus);
    this.sessions.push(session);
    return session;
  }

  /** The newest session of a stream. */
  of(streamId: string): FakeSession {
    const session = this.sessions.findLast(({ source }) => source.id === streamId);
    if (session === undefined) throw new Error(`no session of ${streamId}`);
    return session;
  }
}

/** Remembers what it was told, in order. */
export class RecordingListener implements StreamListener {
  readonly events: (StreamInfo | { removed: string })[] = [];

  streamChanged(info: StreamInfo): void {
    this.events.push(info);
  }

  streamRemoved(streamId: string): void {
    this.events.push({ removed: streamId });
  }

  /** `id:state` and `-id`, for short assertions. */
  get log(): string[] {
    return this.events.map((event) =>
      'removed' in event ? `-${event.removed}` : `${event.id}:${event.state}`,
    );
  }
}

export const fixedClock: Clock = { monotonicUs: () => 5_000_000, wallMs: () => 1_700_000_000_000 };

/** A grey picture with one class hot in its left half. */
export function exampleResult(streamId: string, width = 64, height = 48): HeatmapResult {
  const data = new Uint8Array(width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2)).fill(128);
  const message: HeatmapMessage = {
    type: 'heatmap',
    stream: streamId,
    sequence: 7,
    ptsUs: 1_000_000,
    captureWallMs: 1000,
    sendWallMs: 1050,
    alignment: 'aligned',
    skewUs: 0,
    audioWindow: { startUs: 0, endUs: 1_000_000 },
    picture: { width, height },
    grid: { rows: 2, cols: 4 },
    stages: { decodeUs: 1000, alignUs: 2000, queueUs: 3000, inferenceUs: 4000, heatUs: 500 },
    classes: [
      {
        index: 1,
        heard: 0.9,
        seen: 0.8,
        active: true,
        heat: Uint8Array.of(255, 255, 0, 0, 255, 255, 0, 0),
        peak: { x: 0.125, y: 0.25, value: 1 },
        box: { x0: 0, y0: 0, x1: 0.5, y1: 1 },
      },
    ],
    preview: null,
  };
  return {
    message,
    frame: {
      sourceId: streamId,
      ptsUs: 1_000_000,
      epoch: 0,
      arrivalUs: 0,
      decodedUs: 0,
      width,
      height,
      data,
    },
  };
}

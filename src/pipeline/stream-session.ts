/** One running stream: its source's events in, its aligned windows out to the model, its results to the sink. */

import { interval, type Subscription } from 'rxjs';
import type { HeatmapMessage } from '../protocol/messages.ts';
import { type AlignedWindow, WindowAligner } from './align/window-aligner.ts';
import { type ClockFault, clockSentence } from './clock-faults.ts';
import { FrameSelector } from './frame-selector.ts';
import { type HeatCalibration, HeatStage } from './heatmap/heat-stage.ts';
import type { PipelineObserver } from './observer.ts';
import type { Clock, HeatmapResult, HeatmapSink, MediaSink, MediaSource, ModelShape } from './ports.ts';
import type { LogMelParameters } from './prep/log-mel-parameters.ts';
import { LogMelStream } from './prep/log-mel-stream.ts';
import type { SessionOptions, SessionStats, SessionStatus } from './session.ts';
import { SessionFigures } from './session-figures.ts';
import { heatmapMessage, type InferenceStamps } from './session-message.ts';
import { StatusKeeper } from './status-keeper.ts';
import { StreamMonitor } from './stream-monitor.ts';
import type {
  AudioChunk,
  ConnectionPhase,
  IngestDrop,
  Localization,
  SenderReport,
  TracksInfo,
  VideoFrame,
} from './types.ts';
import { WaitingLine } from './waiting-line.ts';

/** How often deadlines and the monitor are looked at when nothing arrives. */
const TICK_MS = 50;

/** What all sessions of a pipeline share. */
export interface SessionParts {
  shape: ModelShape;
  logmel: LogMelParameters;
  calibration: HeatCalibration;
  sink: HeatmapSink;
  clock: Clock;
  observer: PipelineObserver;
}

/**
 * Owns its source from `open` to `close`. A window goes to `request` as soon as its sound is complete; the pipeline
 * answers with `complete`, `pass` or `fail`. A recording that waits is asked for window by window, and held meanwhile; of
 * everything else the newest window wins. What is closed answers nothing and publishes nothing.
 */
export class StreamSession implements MediaSink {
  readonly id: string;
  readonly #source: MediaSource;
  readonly #parts: SessionParts;
  readonly #request: (session: StreamSession, window: AlignedWindow) => void;
  readonly #onClosed: (session: StreamSession) => void;
  readonly #rate: FrameSelector;
  readonly #logmel: LogMelStream;
  readonly #figures = new SessionFigures();
  readonly #ticks: Subscription;
  #options: SessionOptions;
  readonly #aligner: WindowAligner;
  #heat: HeatStage;
  readonly #monitor: StreamMonitor;
  readonly #status: StatusKeeper;
  #epoch = 0;
  /** Why the connection was given up that is being made anew; null while none is. */
  #restartReason: string | null = null;
  /** Windows of a recording that waits; null for everything that does not. */
  #line: WaitingLine<AlignedWindow> | null = null;
  /** How the recording ended, while its last windows stand in line. */
  #ended: ConnectionPhase | null = null;
  #sequence = 0;
  #last: HeatmapResult | null = null;
  #closing: Promise<void> | null = null;

  constructor(
    source: MediaSource,
    options: SessionOptions,
    parts: SessionParts,
    hooks: {
      request: (session: StreamSession, window: AlignedWindow) => void;
      onStatus: (status: SessionStatus) => void;
      /** Its source is closed; nothing of it is needed any more. */
      onClosed: (session: StreamSession) => void;
    },
  ) {
    this.id = source.id;
    this.#source = source;
    this.#options = options;
    this.#parts = parts;
    this.#request = hooks.request;
    this.#onClosed = hooks.onClosed;
    this.#rate = new FrameSelector(options.maxRateHz);
    this.#logmel = new LogMelStream(parts.logmel);
    this.#aligner = this.#newAligner();
    this.#heat = this.#newHeat();
    this.#monitor = new StreamMonitor({ stallMs: options.stallMs });
    this.#status = new StatusKeeper(parts.clock.wallMs(), hooks.onStatus);
    this.#ticks = interval(TICK_MS).subscribe(() => this.#tick());
    source.open(this);
  }

  // --- MediaSink: called by the source, each returns at once.

  frame(frame: VideoFrame): void {
    if (this.#closing) return;
    this.#parts.observer.frameReceived(this.id, frame.data.byteLength);
    this.#figures.framesReceived++;
    this.#monitor.frame(frame.arrivalUs);
    this.#epoch = Math.max(this.#epoch, frame.epoch);
    this.#status.see(frame.width, frame.height);
    if (this.#rate.take(frame.ptsUs)) {
      this.#aligner.pushFrame(frame);
      this.#advance();
    } else {
      this.#dropped('rate-cap', 1);
    }
  }

  audio(chunk: AudioChunk): void {
    if (this.#closing) return;
    this.#parts.observer.audioReceived(this.id, chunk.samples.length);
    this.#figures.audioSamplesReceived += chunk.samples.length;
    this.#monitor.audio(chunk.arrivalUs);
    this.#epoch = Math.max(this.#epoch, chunk.epoch);
    this.#aligner.pushAudio(chunk);
    this.#advance();
  }

  report(report: SenderReport): void {
    if (this.#closing) return;
    this.#aligner.pushReport(report);
    this.#figures.lastReportUs = report.arrivalUs;
  }

  tracks(info: TracksInfo): void {
    if (this.#closing) return;
    this.#monitor.tracks(info);
    this.#aligner.setTracks(info);
  }

  phase(phase: ConnectionPhase): void {
    if (this.#closing) return;
    const nowUs = this.#parts.clock.monotonicUs();
    if (phase.phase === 'ended') {
      this.#aligner.finish();
      this.#advance();
      if (this.#line?.busy === true) {
        this.#ended = phase;
        return;
      }
    }
    if (phase.phase === 'reconnecting') this.#restartReason ??= phase.reason;
    if (phase.phase === 'connected') {
      this.#formLine(phase.waits ?? false);
      if (phase.epoch > 0) this.#reconnected();
      this.#rate.reset();
      this.#figures.lastReportUs = null;
    }
    this.#monitor.phase(phase, nowUs);
    this.#judge(nowUs);
  }

  drop(drop: IngestDrop): void {
    if (this.#closing) return;
    if (drop.what === 'packet') this.#parts.observer.packetsLost(this.id, drop.count);
    else this.#dropped(drop.reason, drop.count);
  }

  // --- Called by the pipeline.

  /** Whether an answer would still be heard. */
  get closed(): boolean {
    return this.#closing !== null;
  }

  /**
   * Writes the log-mel of a window, `columns * mels` numbers from `offset`.
   * @returns false when the sound has meanwhile been overtaken (reconnect, jump): the window must not be used.
   */
  writeLogMel(window: AlignedWindow, out: Float32Array, offset: number): boolean {
    const { endSample, missingSamples, frame } = window;
    if (endSample === null || frame.epoch !== this.#epoch) return false;
    const audio = this.#aligner.audio;
    const missing = audio.missing(endSample - this.#parts.logmel.windowSamples, endSample);
    if (missing > (missingSamples ?? 0)) return false;
    this.#logmel.write(audio, endSample, out, offset);
    return true;
  }

  /** The model's answer to a window. `localization` is only read. */
  complete(window: AlignedWindow, localization: Localization, stamps: InferenceStamps): void {
    if (this.#closing) return;
    const classes = this.#heat.process(localization, window.frame.ptsUs, window.frame.epoch);
    this.#publish(window, classes, stamps);
    this.#answered();
  }

  /** A window from which nothing is computed (`late`, `no-audio`): subscribers still learn of the frame. */
  pass(window: AlignedWindow): void {
    if (this.#closing) return;
    this.#heat.reset();
    const nowUs = this.#parts.clock.monotonicUs();
    this.#publish(window, [], { dispatchedUs: nowUs, inferredUs: nowUs });
    this.#answered();
  }

  /** A window that is not answered, by reason. */
  fail(reason: string): void {
    if (this.#closing) return;
    this.#dropped(reason, 1);
    this.#answered();
  }

  // --- Called by the server.

  status(): SessionStatus {
    return this.#status.status;
  }

  stats(): SessionStats {
    const nowUs = this.#parts.clock.monotonicUs();
    return this.#figures.stats(nowUs, this.#skewUs(nowUs), this.#clockFaults(nowUs));
  }

  /** The newest result with its picture; null before the first. */
  lastResult(): HeatmapResult | null {
    return this.#last;
  }

  /** Takes effect at once and in place: sound, ties and waiting frames stay. Only smoothed heat begins anew. */
  configure(changes: Partial<SessionOptions>): void {
    const before = this.#options;
    const after = { ...before, ...changes };
    const differs = (...keys: (keyof SessionOptions)[]): boolean =>
      keys.some((key) => before[key] !== after[key]);
    this.#options = after;
    if (differs('maxRateHz')) this.#rate.maxRateHz = after.maxRateHz;
    if (differs('smoothingMs', 'normalise')) this.#heat = this.#newHeat();
    this.#aligner.configure({ ...after, waits: this.#line !== null });
    this.#monitor.stallMs = after.stallMs;
  }

  /** Idempotent; resolves when the source is closed. */
  close(): Promise<void> {
    if (this.#closing === null) {
      this.#ticks.unsubscribe();
      this.#aligner.reset();
      this.#last = null;
      this.#closing = this.#source.close().finally(() => this.#onClosed(this));
    }
    return this.#closing;
  }

  // --- Inside.

  #tick(): void {
    const nowUs = this.#parts.clock.monotonicUs();
    this.#advance();
    if (this.#line?.busy === true) this.#monitor.held(nowUs);
    this.#judge(nowUs);
    const ageMs = this.#figures.senderReportAgeMs(nowUs);
    this.#parts.observer.clock(this.id, this.#skewUs(nowUs), ageMs, this.#clockFaults(nowUs));
    const reason = this.#monitor.takeRestart(nowUs);
    if (reason !== null) {
      this.#restartReason = reason;
      this.#source.restart(reason);
    }
  }

  #skewUs(nowUs: number): number | null {
    return this.#aligner.clock(nowUs)?.skewUs ?? null;
  }

  #clockFaults(nowUs: number): ClockFault[] {
    const reason = this.#aligner.clock(nowUs)?.reason ?? null;
    const faults: ClockFault[] = reason === null ? [] : [reason];
    if (this.#aligner.wallIsWrong) faults.push('wrong-wall-clock');
    return faults;
  }

  #advance(): void {
    const { clock, logmel, observer } = this.#parts;
    const windows = this.#aligner.advance(clock.monotonicUs(), clock.wallMs());
    for (const window of windows) {
      if (window.missingSamples !== null)
        observer.windowFilled(this.id, 1 - window.missingSamples / logmel.windowSamples);
      if (this.#line === null) this.#request(this, window);
      else this.#line.push(window);
    }
  }

  /** Each connection says anew whether it waits; windows of the one before are void. */
  #formLine(waits: boolean): void {
    const source = this.#source;
    const left = this.#line?.clear() ?? 0;
    if (left > 0) this.#dropped('stale-epoch', left);
    // The line is kept over connections: it knows whether an answer of the last one is still to come.
    if (!waits) this.#line = null;
    else
      this.#line ??= new WaitingLine({
        request: (window) => this.#request(this, window),
        pause: () => source.pause?.(),
        resume: () => source.resume?.(),
      });
    this.#aligner.configure({ ...this.#options, waits });
  }

  #answered(): void {
    this.#line?.answered();
    if (this.#ended === null || this.#line?.busy === true) return;
    const ended = this.#ended;
    this.#ended = null;
    this.phase(ended);
  }

  #publish(window: AlignedWindow, classes: HeatmapMessage['classes'], stamps: InferenceStamps): void {
    const { clock, sink, observer } = this.#parts;
    const nowUs = clock.monotonicUs();
    const message = heatmapMessage(window, classes, stamps, {
      stream: this.id,
      sequence: this.#sequence++,
      grid: this.#heat.grid,
      nowUs,
      wallMs: clock.wallMs(),
    });
    this.#last = { message, frame: window.frame };
    this.#figures.result(nowUs, message);
    observer.result(message);
    sink.publish(this.#last);
  }

  #dropped(reason: string, count: number): void {
    this.#figures.drop(reason, count);
    this.#parts.observer.dropped(this.id, reason, count);
  }

  #reconnected(): void {
    this.#figures.restarts++;
    this.#parts.observer.restarted(this.id, this.#restartReason ?? 'connection-lost');
    this.#restartReason = null;
  }

  #judge(nowUs: number): void {
    const judged = this.#monitor.judge(nowUs);
    const verdict =
      judged.state === 'live' ? { ...judged, detail: clockSentence(this.#clockFaults(nowUs)) } : judged;
    this.#status.judge(verdict, this.#parts.clock.wallMs());
  }

  #newAligner(): WindowAligner {
    const { rateHz, windowSamples } = this.#parts.logmel;
    return new WindowAligner({ ...this.#options, rateHz, windowSamples }, (reason, count) =>
      this.#dropped(reason, count),
    );
  }

  #newHeat(): HeatStage {
    return new HeatStage(this.#parts.calibration, this.#parts.shape.grid, this.#options);
  }
}

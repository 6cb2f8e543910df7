/** Gives every frame the second of sound that ends at it, or says why it has none. */

import type { Alignment } from '../../protocol/messages.ts';
import type { AudioChunk, SenderReport, TracksInfo, VideoFrame } from '../types.ts';
import { AudioRing } from './audio-ring.ts';
import { AudioTimeline } from './audio-timeline.ts';
import { FrameQueue } from './frame-queue.ts';
import { type ClockReading, MediaClock } from './media-clock.ts';

/** What may change while an aligner runs. */
export interface WindowAlignerSettings {
  /** The window ends so long after the frame, 0..500. */
  lookaheadMs: number;
  /** Past its look-ahead, a frame waits so long for its sound, counted from its arrival; then it is `late`. */
  maxAudioWaitMs: number;
  /** Added to the audio's time; positive when the sound is stamped too early. */
  avOffsetMs: number;
  /** No chunk for so long: there is no sound. */
  stallMs: number;
  /**
   * The source waits for us, so the machine's clock says nothing of lateness: a frame waits for its sound until
   * frames two seconds (or `maxAudioWaitMs`) later are there, for as far may a file's tracks be apart. The ring holds
   * half a minute, as the sound may be ahead.
   */
  waits?: boolean;
}

export interface WindowAlignerOptions extends WindowAlignerSettings {
  /** Rate of all chunks, Hz. */
  rateHz: number;
  /** Length of a frame's window in samples. */
  windowSamples: number;
  /** Length of the audio ring. Default 4000, or 30,000 where the source waits; raised to hold a window, the look-ahead and the wait. */
  ringMs?: number;
  /** Most frames that wait. Default 8, and 3 more per 100 ms of look-ahead; 1000 where the source waits. */
  maxWaitingFrames?: number;
  /** Most pixels' bytes that wait (one frame always may). Default 64 MiB; 256 MiB where the source waits. */
  maxWaitingBytes?: number;
}

/**
 * Why frames or chunks did not come through: `align-full` too many frames waited; `stale-epoch` from a connection
 * that is over (or it ended while they waited); `wrong-rate` a chunk not at `rateHz`.
 */
export type AlignDropReason = 'align-full' | 'stale-epoch' | 'wrong-rate';

/** One frame and where its sound lies. */
export interface AlignedWindow {
  frame: VideoFrame;
  alignment: Alignment;
  /** Estimated error of the tie, audio minus video ({@link ClockReading.skewUs}); null when unknown. */
  skewUs: number | null;
  /** Bounds `[startUs, endUs)` of the window on the *video* clock; null when there is none. */
  audioWindow: { startUs: number; endUs: number } | null;
  /**
   * The window is the `windowSamples` positions before this one in {@link WindowAligner.audio}; null when `late`
   * or `no-audio`. Read it before more audio is pushed or soon after: the ring moves on.
   */
  endSample: number | null;
  /**
   * Samples of the window that are not there and read as zero: at most a quarter of it, but for `late`. Null when it is
   * not known where the window lies, as with `no-audio`.
   */
  missingSamples: number | null;
  /** Milliseconds since 1970 at which the frame was captured ({@link MediaClock.captureWallMs}). */
  captureWallMs: number;
  /** When this was decided (monotonic). */
  readyUs: number;
}

const NOTHING: readonly AlignedWindow[] = [];
/** A window that lacks more than this part of its sound is not worth a result. */
const MAX_MISSING = 0.25;
/** How far a recording's tracks may be apart in the order they are read. */
const INTERLEAVE_MS = 2_000;
const WAITING_RING_MS = 30_000;

/**
 * Takes frames, sound and reports of one source as they come, in any interleaving, and answers in frame order.
 * Everything of an older connection (`epoch`) is forgotten when a newer one speaks. Owns no timer: the caller calls
 * {@link advance} after every push and at {@link nextDeadlineUs}.
 *
 * The window of a frame ends before sample `floor(t * rateHz + 0.5)`, `t` being the frame's time plus the
 * look-ahead on the audio clock, in seconds: round half up, so it is within half a sample of the frame.
 */
export class WindowAligner {
  /** The sound that windows point into. Read-only for others. */
  readonly audio: AudioRing;
  #options: WindowAlignerOptions;
  readonly #onDrop: (reason: AlignDropReason, count: number) => void;
  readonly #clock: MediaClock;
  readonly #timeline: AudioTimeline;
  readonly #waiting: FrameQueue;
  #epoch: number | null = null;
  #hasAudioTrack = true;
  /** Arrival of the newest chunk or, before the first, of the connection's first sign of life. */
  #audioSeenUs: number | null = null;
  /** Time of the newest frame, on the video clock. */
  #newestUs = Number.NEGATIVE_INFINITY;
  /** Nothing more comes on this connection. */
  #finished = false;

  constructor(
    options: WindowAlignerOptions,
    onDrop: (reason: AlignDropReason, count: number) => void = () => undefined,
  ) {
    const capacity = ringSamples(options);
    this.#options = options;
    this.#onDrop = onDrop;
    this.#clock = new MediaClock(options.avOffsetMs);
    this.#timeline = new AudioTimeline({ rateHz: options.rateHz, jumpSamples: capacity });
    this.audio = new AudioRing(capacity);
    this.#waiting = new FrameQueue(maxWaitingFrames(options), maxWaitingBytes(options));
  }

  /**
   * New settings, in force at once, also for frames that wait. The sound that is held, the tie between the tracks and
   * the waiting frames stay; the ring grows where it has to, and never shrinks.
   */
  configure(settings: WindowAlignerSettings): void {
    const { lookaheadMs, maxAudioWaitMs, avOffsetMs, stallMs, waits = false } = settings;
    this.#options = { ...this.#options, lookaheadMs, maxAudioWaitMs, avOffsetMs, stallMs, waits };
    this.audio.grow(ringSamples(this.#options));
    this.#timeline.jumpSamples = this.audio.capacity;
    this.#clock.avOffsetMs = avOffsetMs;
    this.#waiting.maxFrames = maxWaitingFrames(this.#options);
    this.#waiting.maxBytes = maxWaitingBytes(this.#options);
  }

  /** The frame is held until its window is answered; drops the newest waiting one when full. */
  pushFrame(frame: VideoFrame): void {
    if (!this.#isCurrent(frame.epoch, 1)) return;
    this.#audioSeenUs ??= frame.arrivalUs;
    this.#clock.videoArrived(frame.ptsUs, frame.arrivalUs);
    this.#newestUs = frame.ptsUs;
    const dropped = this.#waiting.push(frame);
    if (dropped > 0) this.#onDrop('align-full', dropped);
  }

  /** The samples are copied. */
  pushAudio(chunk: AudioChunk): void {
    if (!this.#isCurrent(chunk.epoch, 1)) return;
    if (chunk.rateHz !== this.#options.rateHz) {
      this.#onDrop('wrong-rate', 1);
      return;
    }
    const placement = this.#timeline.place(chunk.ptsUs, chunk.samples.length);
    if (placement.jumped) this.audio.clear();
    this.audio.append(placement.position, chunk.samples);
    const durationUs = Math.round((chunk.samples.length * 1_000_000) / chunk.rateHz);
    this.#clock.audioArrived(chunk.ptsUs + durationUs, chunk.arrivalUs, placement.jumped);
    this.#hasAudioTrack = true;
    this.#audioSeenUs = Math.max(this.#audioSeenUs ?? chunk.arrivalUs, chunk.arrivalUs);
  }

  pushReport(report: SenderReport): void {
    if (this.#isCurrent(report.epoch, 0)) this.#clock.report(report);
  }

  setTracks(info: TracksInfo): void {
    if (!this.#isCurrent(info.epoch, 0)) return;
    this.#clock.setTiming(info.timing);
    this.#hasAudioTrack = info.audio !== null;
    if (!this.#hasAudioTrack) this.#forgetAudio();
  }

  /** The connection is over: what waits is answered with the sound there is by the next {@link advance}. */
  finish(): void {
    this.#finished = true;
  }

  /** The tie between the tracks now; null while unknown. */
  clock(nowUs: number): ClockReading | null {
    return this.#clock.read(nowUs);
  }

  /** As {@link MediaClock.wallIsWrong}. */
  get wallIsWrong(): boolean {
    return this.#clock.wallIsWrong;
  }

  /**
   * Answers all frames that can be answered at `nowUs` (monotonic), oldest first.
   *
   * @param nowWallMs - The wall clock at the same moment, for {@link AlignedWindow.captureWallMs}.
   */
  advance(nowUs: number, nowWallMs: number): readonly AlignedWindow[] {
    let windows: AlignedWindow[] | null = null;
    for (let frame = this.#waiting.peek(); frame !== null; frame = this.#waiting.peek()) {
      const window = this.#answer(frame, nowUs, nowWallMs);
      if (window === null) break;
      this.#waiting.shift();
      windows ??= [];
      windows.push(window);
    }
    return windows ?? NOTHING;
  }

  /** When the oldest waiting frame must be answered whatever comes (monotonic); null when none waits, or the source does. */
  nextDeadlineUs(): number | null {
    const frame = this.#waiting.peek();
    return frame === null || (this.#options.waits ?? false)
      ? null
      : Math.min(this.#deadlineUs(frame), this.#stalledAtUs(frame));
  }

  /** Frames waiting for sound. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Forgets all, epoch included; waiting frames count as `stale-epoch`. */
  reset(): void {
    this.#epoch = null;
    this.#begin();
  }

  #answer(frame: VideoFrame, nowUs: number, nowWallMs: number): AlignedWindow | null {
    const { windowSamples, lookaheadMs } = this.#options;
    const answer = (
      alignment: Alignment,
      tie: ClockReading | null,
      endSample: number | null,
      missingSamples: number | null,
    ): AlignedWindow => ({
      frame,
      alignment,
      skewUs: tie?.skewUs ?? null,
      audioWindow: tie === null || endSample === null ? null : this.#boundsUs(endSample, tie.offsetUs),
      endSample,
      missingSamples,
      captureWallMs: this.#clock.captureWallMs(frame.ptsUs, nowWallMs - (nowUs - frame.arrivalUs) / 1000),
      readyUs: nowUs,
    });

    if (!this.#hasAudioTrack) return answer('no-audio', null, null, null);
    const tie = this.#clock.read(nowUs);
    const heldTo = this.audio.endSample;
    const endSample =
      tie === null || heldTo === null
        ? null
        : this.#timeline.positionAt(frame.ptsUs + Math.round(lookaheadMs * 1000) - tie.offsetUs);
    const missing = (): number | null =>
      endSample === null ? null : this.audio.missing(endSample - windowSamples, endSample);
    if (tie !== null && heldTo !== null && endSample !== null && heldTo >= endSample) {
      const holes = missing() ?? 0;
      if (holes > windowSamples * MAX_MISSING) return answer('late', tie, null, holes);
      return answer(tie.status, tie, endSample, holes);
    }
    if (this.#options.waits ?? false) {
      if (!this.#finished && this.#newestUs - frame.ptsUs < this.#patienceUs(INTERLEAVE_MS)) return null;
      return answer('late', tie, null, missing());
    }
    if (nowUs >= this.#stalledAtUs(frame)) return answer('no-audio', null, null, null);
    if (nowUs >= this.#deadlineUs(frame) || this.#finished) return answer('late', tie, null, missing());
    return null;
  }

  #patienceUs(leastWaitMs: number): number {
    const { lookaheadMs, maxAudioWaitMs } = this.#options;
    return (lookaheadMs + Math.max(leastWaitMs, maxAudioWaitMs)) * 1000;
  }

  #boundsUs(endSample: number, offsetUs: number): { startUs: number; endUs: number } {
    const start = endSample - this.#options.windowSamples;
    return {
      startUs: this.#timeline.timeAt(start) + offsetUs,
      endUs: this.#timeline.timeAt(endSample) + offsetUs,
    };
  }

  #deadlineUs(frame: VideoFrame): number {
    return frame.arrivalUs + this.#patienceUs(0);
  }

  #stalledAtUs(frame: VideoFrame): number {
    return (this.#audioSeenUs ?? frame.arrivalUs) + this.#options.stallMs * 1000;
  }

  #isCurrent(epoch: number, counted: 0 | 1): boolean {
    if (this.#epoch !== null && epoch < this.#epoch) {
      if (counted === 1) this.#onDrop('stale-epoch', 1);
      return false;
    }
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#begin();
    }
    return true;
  }

  #begin(): void {
    this.#clock.reset();
    this.#forgetAudio();
    this.#hasAudioTrack = true;
    this.#audioSeenUs = null;
    this.#newestUs = Number.NEGATIVE_INFINITY;
    this.#finished = false;
    const dropped = this.#waiting.clear();
    if (dropped > 0) this.#onDrop('stale-epoch', dropped);
  }

  #forgetAudio(): void {
    this.audio.clear();
    this.#timeline.reset();
    this.#clock.forgetAudio();
  }
}

function ringSamples(options: WindowAlignerOptions): number {
  const { rateHz, windowSamples, lookaheadMs, maxAudioWaitMs, waits = false } = options;
  const neededMs = (windowSamples / rateHz) * 1000 + lookaheadMs + maxAudioWaitMs;
  const ringMs = options.ringMs ?? (waits ? WAITING_RING_MS : 4000);
  return Math.ceil((Math.max(ringMs, neededMs) * rateHz) / 1000);
}

function maxWaitingFrames({ maxWaitingFrames: asked, lookaheadMs, waits }: WindowAlignerOptions): number {
  return asked ?? ((waits ?? false) ? 1000 : 8 + Math.ceil(lookaheadMs * 0.03));
}

function maxWaitingBytes({ maxWaitingBytes: asked, waits }: WindowAlignerOptions): number {
  return asked ?? ((waits ?? false) ? 256 : 64) * 1024 * 1024;
}

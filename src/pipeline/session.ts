/** What a running stream tells about itself, and what may be set on it. Implemented in session-pipeline.ts. */

import type { StageTimes, StreamState } from '../protocol/messages.ts';
import type { ClockFault } from './clock-faults.ts';

/** Where a stream stands, judged by the monitor from its source's phase and its tracks' activity. */
export interface SessionStatus {
  state: StreamState;
  /** Stable code; null when live. */
  reason: string | null;
  /** One sentence for people, free of credentials; of a live stream, what is wrong with its clocks. */
  detail: string | null;
  sinceWallMs: number;
  tracks: { video: boolean; audio: boolean };
  /** Size of the delivered pictures; null before the first. */
  picture: { width: number; height: number } | null;
}

/** Counters since the session began, and figures over about the last ten seconds. */
export interface SessionStats {
  framesReceived: number;
  audioSamplesReceived: number;
  results: number;
  /** By reason, e.g. `superseded`, `rate-cap`, `pipe-full`, `inference-failed`. */
  drops: Record<string, number>;
  restarts: number;
  resultRateHz: number;
  /** Capture (or arrival) to publication; null before the first result. */
  captureToSendMs: { p50: number; p95: number; p99: number } | null;
  /** Means; null before the first result. */
  stages: StageTimes | null;
  skewUs: number | null;
  senderReportAgeMs: number | null;
  /** Where arrival times take the place of the source's clocks; empty when all is well. */
  clockFaults: readonly ClockFault[];
}

/** How a stream is worked on; all have defaults in the configuration schema. */
export interface SessionOptions {
  /** Most results a second; frames above it are passed over by selection, never re-timed. null: every frame. */
  maxRateHz: number | null;
  /** How far past the frame the audio window may reach, 0..500; 500 centres it. */
  lookaheadMs: number;
  /** How long a frame may wait for its audio before it is `late`. */
  maxAudioWaitMs: number;
  /** Added to the audio's time, for cameras known to be off. Positive: the sound is stamped too early. */
  avOffsetMs: number;
  /** Time constant of the heat's smoothing; 0 switches it off. */
  smoothingMs: number;
  /** `calibrated` for live use; `paper` is the paper's min-max map, for evaluation and pictures. */
  normalise: 'calibrated' | 'paper';
  /** No packet of a track for this long: the track is stalled. */
  stallMs: number;
}

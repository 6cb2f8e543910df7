/**
 * The atoms that flow through the pipeline.
 *
 * Units: `...Us` on media are integer microseconds of one track's clock; `arrivalUs` and all stage stamps are
 * microseconds of the machine's monotonic clock (CLOCK_MONOTONIC, the same in every process); `...WallMs` are
 * milliseconds since 1970. A *frame* is video, a *sample* is audio, a *window* is the one second of sound that
 * belongs to a frame, a *batch* is what the model sees.
 */

/**
 * One decoded picture. Always I420, tightly packed (no row padding), BT.601, full range (JFIF), so that
 * resampling and JPEG need no colour conversion; the ingest has bounded its size.
 * Whoever receives it owns `data` and may transfer or keep it; the source never writes into it again.
 */
export interface VideoFrame {
  sourceId: string;
  /** Presentation time on the video track's clock. Strictly increasing within an epoch. */
  ptsUs: number;
  /** Counts the source's connections; times of different epochs cannot be compared. */
  epoch: number;
  /** When the last packet of the frame arrived (monotonic). */
  arrivalUs: number;
  /** When the picture was ready (monotonic). */
  decodedUs: number;
  width: number;
  height: number;
  /** Y plane `width*height`, then U and V of `ceil(width/2)*ceil(height/2)` each. */
  data: Uint8Array;
}

/** Decoded sound: mono, already at the model's rate. Ownership as {@link VideoFrame}. */
export interface AudioChunk {
  sourceId: string;
  /** Time of `samples[0]` on the audio track's clock. */
  ptsUs: number;
  epoch: number;
  arrivalUs: number;
  rateHz: number;
  /** In [-1, 1] nominally; not normalised. */
  samples: Float32Array;
}

/**
 * An RTCP sender report (RFC 3550 section 6.4.1), or its like, that ties one track's clock to the sender's
 * wall clock: at `ptsUs` of the track, the sender's clock read `senderWallUs`.
 */
export interface SenderReport {
  sourceId: string;
  track: 'audio' | 'video';
  epoch: number;
  ptsUs: number;
  /** Sender's NTP time as microseconds since 1970. Only differences between tracks are trusted. */
  senderWallUs: number;
  arrivalUs: number;
}

/** Facts of a connection, sent when a source's tracks are known and again when they change. */
export interface TracksInfo {
  sourceId: string;
  epoch: number;
  video: { codec: string; width: number; height: number; frameRate: number | null } | null;
  audio: { codec: string; rateHz: number; channels: number } | null;
  /**
   * `shared`: both tracks' pts are on one exact clock (files, the demo scene).
   * `sender-reports`: each track has its own clock; reports will tie them together.
   */
  timing: 'shared' | 'sender-reports';
}

/** What a source says of its own connection. Stalls and missing tracks are judged by the session's monitor. */
export type ConnectionPhase =
  | { phase: 'connecting'; epoch: number; detail: string | null }
  /** `waits`: a recording that `MediaSource.pause` holds, so that nothing of it need be passed over. */
  | { phase: 'connected'; epoch: number; waits?: true }
  | { phase: 'reconnecting'; epoch: number; reason: string; detail: string; retryInMs: number }
  | { phase: 'ended'; reason: string; detail: string | null }
  | { phase: 'failed'; reason: string; detail: string };

/** Frames or chunks that ingest itself had to drop, since the last such event. */
export interface IngestDrop {
  sourceId: string;
  /** `packet`: of RTP, that never came (reason `video-lost`, `audio-lost`, or `lost` of either); what became of the pictures in them is told apart. */
  what: 'frame' | 'audio' | 'packet';
  /** e.g. `rate-cap` (not a fault), `pipe-full`, `decode-error`, `packet-lost`. */
  reason: string;
  count: number;
}

/** What the model computes for one frame; arrays are views of the batch's output, read-only. */
export interface Localization {
  /** `[C]` raw (uncalibrated) probability heard. */
  audioProbability: Float32Array;
  /** `[C]` raw probability seen. */
  visualProbability: Float32Array;
  /** `[C, U, V]` similarity K, -1..1 (method eq. 8 as a cosine). */
  similarity: Float32Array;
  /** `[C, U, V]` class activation maps, not negative; where the model gives them. */
  activation?: Float32Array;
}

/**
 * Every message of the heatmap WebSocket, both directions, as the program sees it.
 * `binary.ts` and `json.ts` put these on the wire; docs/protocol.md is the specification.
 * Browser-safe: nothing here imports anything.
 */

export const PROTOCOL_VERSION = 1;
/** Little-endian binary heatmaps, JSON for the other messages. */
export const SUBPROTOCOL_BINARY = 'earsight.heatmap.v1.bin';
/** The JSON twin: the same fields, byte arrays as base64. */
export const SUBPROTOCOL_JSON = 'earsight.heatmap.v1.json';

export const STREAM_STATES = [
  'connecting',
  'live',
  'degraded',
  'stalled',
  'reconnecting',
  'ended',
  'failed',
] as const;
/** Where a stream stands; `reason` in {@link StreamInfo} says why. */
export type StreamState = (typeof STREAM_STATES)[number];

/**
 * How far the audio window of one result can be trusted.
 * - `aligned`: picture and sound are on one clock, the window is complete.
 * - `unaligned`: complete, but picture and sound are tied by arrival time only (no sender report yet).
 * - `late`: the window was not complete when the deadline passed; nothing was computed from it.
 * - `no-audio`: the source has no live audio track; nothing was computed.
 */
export type Alignment = 'aligned' | 'unaligned' | 'late' | 'no-audio';

/** One sound class of the model. `index` is its place in the model's output. */
export interface ClassInfo {
  index: number;
  name: string;
  /** `#rrggbb`, distinct between classes, for overlays. */
  colour: string;
}

/** A stream as clients see it; never holds a URL or a credential. */
export interface StreamInfo {
  /** Identifier, `[a-z0-9][a-z0-9_-]{0,62}`. */
  id: string;
  name: string;
  kind: 'demo' | 'url' | 'webcam';
  state: StreamState;
  /** Stable code of why the state is what it is, e.g. `no-audio`, `connection-refused`; null when live. */
  reason: string | null;
  /** One sentence for people; null when there is nothing to say. */
  detail: string | null;
  /** Wall time (ms since 1970) at which the state was entered. */
  sinceWallMs: number;
  tracks: { video: boolean; audio: boolean };
  /** Picture size in pixels after the server's size limit; null before the first frame. */
  picture: { width: number; height: number } | null;
}

/** First message on every connection. */
export interface HelloMessage {
  type: 'hello';
  protocol: number;
  server: { name: string; version: string };
  model: { name: string; classes: ClassInfo[]; grid: { rows: number; cols: number } };
  streams: StreamInfo[];
  limits: {
    /** Longest client message the server takes. */
    maxMessageBytes: number;
    /** Most streams one connection may name. */
    maxStreams: number;
    /** Most results a second of one stream that the server makes. */
    maxRateHz: number;
    /** Most bytes the server holds for one slow subscriber. */
    maxQueuedBytes: number;
    /** The server sends at least one message in this time; a client that hears nothing for longer is cut off. */
    aliveIntervalMs: number;
  };
}

/** Duration of each stage in microseconds of the server's monotonic clock. */
export interface StageTimes {
  /** From the packet's arrival to the decoded picture. */
  decodeUs: number;
  /** From the decoded picture to a complete audio window (includes the look-ahead). */
  alignUs: number;
  /** Waiting for a place in a batch. */
  queueUs: number;
  /** The model's run, preparation included. */
  inferenceUs: number;
  /** Similarity to heat. */
  heatUs: number;
}

/** What the server knows of one class in one frame. */
export interface ClassHeat {
  index: number;
  /** Calibrated probability that the class is heard, 0..1. */
  heard: number;
  /** Calibrated probability that the class is seen, 0..1. */
  seen: number;
  /** Whether the gate is open: heard surely enough (with hysteresis). Closed gate: no heat, no peak, no box. */
  active: boolean;
  /** Row-major `rows x cols` bytes, 0 = nothing, 255 = surest; null when not active. Read-only. */
  heat: Uint8Array | null;
  /** Hottest point, 0..1 of picture width and height, `value` 0..1. */
  peak: { x: number; y: number; value: number } | null;
  /** Smallest box around the heat connected to the peak, 0..1. */
  box: { x0: number; y0: number; x1: number; y1: number } | null;
}

/** The result for one frame of one stream. */
export interface HeatmapMessage {
  type: 'heatmap';
  stream: string;
  /** Counts this stream's results from 0; gaps are results this subscriber was not sent. */
  sequence: number;
  /** Media time of the frame on the stream's clock. */
  ptsUs: number;
  /** Wall time of capture: the sender's where it is plausible, else of arrival. Milliseconds, fractional. */
  captureWallMs: number;
  /** Wall time at which the server encoded the message for its sockets. */
  sendWallMs: number;
  alignment: Alignment;
  /** Estimated error between picture and sound, audio minus video; null when unknown. */
  skewUs: number | null;
  /** Media time bounds `[startUs, endUs)` of the audio used; null when none was. */
  audioWindow: { startUs: number; endUs: number } | null;
  picture: { width: number; height: number };
  /** Of every class's heat. */
  grid: { rows: number; cols: number };
  stages: StageTimes;
  /** The subscribed classes, ascending by index. Empty for `late` and `no-audio`. */
  classes: ClassHeat[];
  /** JPEG of the very frame the heat was computed from; null when not asked for. */
  preview: Uint8Array | null;
}

/** Sent when a stream appears or its {@link StreamInfo} changes, and once per stream on subscribe. */
export interface StatusMessage {
  type: 'status';
  stream: StreamInfo;
}

/** The stream is gone; no further message about it will come. */
export interface RemovedMessage {
  type: 'removed';
  stream: string;
}

/** At most once a second per stream: results that this subscriber was not sent, by reason. */
export interface DroppedMessage {
  type: 'dropped';
  stream: string;
  /**
   * - `slow-subscriber`: a newer result replaced one this client had no room for.
   * - `slow-preview`: a newer result replaced one whose JPEG the server had no time to encode.
   */
  reason: 'slow-subscriber' | 'slow-preview';
  count: number;
}

/** A client message could not be taken. The connection stays open until too many came. */
export interface ErrorMessage {
  type: 'error';
  code: string;
  message: string;
}

/** Sent every `aliveIntervalMs`, since browsers hide pings: tells a quiet server from a dead connection. */
export interface AliveMessage {
  type: 'alive';
  /** The server's wall time, milliseconds since 1970. */
  serverWallMs: number;
}

export type ServerMessage =
  | HelloMessage
  | HeatmapMessage
  | StatusMessage
  | RemovedMessage
  | DroppedMessage
  | ErrorMessage
  | AliveMessage;

export interface SubscriptionSettings {
  /** Class names to send; null for all. */
  classes?: string[] | null;
  /** Most results a second; null for all. */
  maxRateHz?: number | null;
  preview?: 'none' | 'jpeg';
  /** Classes heard with less are left out; 0 sends all. */
  minimumProbability?: number;
}

/** `streams: ['*']` means every stream, also those added later. */
export interface SubscribeMessage extends SubscriptionSettings {
  type: 'subscribe';
  streams: string[];
}

export interface UnsubscribeMessage {
  type: 'unsubscribe';
  streams: string[];
}

/** Changes settings of the named streams (all subscribed ones when left out). */
export interface ConfigureMessage extends SubscriptionSettings {
  type: 'configure';
  streams?: string[];
}

export type ClientMessage = SubscribeMessage | UnsubscribeMessage | ConfigureMessage;

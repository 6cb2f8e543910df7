/**
 * The four ports (and the atoms only they speak of): where the pipeline meets the world. `MediaSource` and
 * `LocalizationModel`, which have several implementers, have contract suites in test/contract.
 */

import type { HeatmapMessage } from '../protocol/messages.ts';
import type {
  AudioChunk,
  ConnectionPhase,
  IngestDrop,
  SenderReport,
  TracksInfo,
  VideoFrame,
} from './types.ts';

/** Receives what a source produces. Every method returns at once, keeps no reference it should not, never throws. */
export interface MediaSink {
  frame(frame: VideoFrame): void;
  audio(chunk: AudioChunk): void;
  report(report: SenderReport): void;
  tracks(info: TracksInfo): void;
  phase(phase: ConnectionPhase): void;
  drop(drop: IngestDrop): void;
}

/**
 * A camera with a microphone. Implementers: `UrlSource` (FFmpeg), `WhipSource` (WebRTC), `DemoSource`.
 * A source reconnects by itself, for ever, until it says `ended` or `failed`; it never waits for its sink, unless it
 * said `waits` when it connected and its sink pauses it.
 */
export interface MediaSource {
  readonly id: string;
  /** Starts delivering. Called once. Trouble arrives as phases, not as throws. */
  open(sink: MediaSink): void;
  /** The monitor saw a stall: drop the connection and make a new one (or end, where the peer must return). */
  restart(reason: string): void;
  /** Deliver no more than what is on its way, until {@link resume}. Only where a connection may say `waits`. */
  pause?(): void;
  resume?(): void;
  /** Idempotent. After it resolves, no sink method is called and no timer, handle or child is left. */
  close(): Promise<void>;
}

/** One batch for the model. The caller gives the arrays away: they may be transferred to a worker. */
export interface ModelBatch {
  size: number;
  /** uint8 `[B, H, W, 3]` RGB 0..255. */
  frames: Uint8Array<ArrayBuffer>;
  /** float32 `[B, 1, T, M]` natural-log mel power. */
  logmel: Float32Array<ArrayBuffer>;
}

/** The receiver owns the arrays. */
export interface ModelOutput {
  /** float32 `[B, C]`, 0..1. */
  audioProbability: Float32Array;
  /** float32 `[B, C]`, 0..1. */
  visualProbability: Float32Array;
  /** float32 `[B, C, U, V]`, -1..1; row u is y, column v is x. */
  similarity: Float32Array;
  /** float32 `[B, C, U, V]` class activation maps, not negative; where the model gives them. */
  activation?: Float32Array;
}

/** What callers must know of a model to feed it; the manifest holds more. */
export interface ModelShape {
  classes: readonly string[];
  frame: { width: number; height: number };
  logmel: { columns: number; mels: number };
  grid: { rows: number; cols: number };
  maxBatch: number;
}

/**
 * The network. Implementers: `OnnxModel` (worker threads), test fakes.
 * `run` may be called again before it resolves, up to `parallelism` times.
 */
export interface LocalizationModel {
  readonly shape: ModelShape;
  readonly parallelism: number;
  /** Loads and warms up. @throws EarsightError `model-missing`, `model-mismatch`, `engine-unavailable`. */
  initialize(): Promise<void>;
  /** @throws EarsightError `engine-failed` (retryable when the worker is being replaced), `closed`. */
  run(batch: ModelBatch): Promise<ModelOutput>;
  /** Idempotent; rejects what is pending with `closed`. */
  close(): Promise<void>;
}

/**
 * What comes out of a frame that the pipeline has worked through: the message as every subscriber could get it
 * (all classes, no preview yet) and the picture it was computed from.
 */
export interface HeatmapResult {
  message: HeatmapMessage;
  /** The very frame; the receiver may read it until it lets go, and must not write. */
  frame: VideoFrame;
}

/** Takes results. Implementers: `FanOut` (WebSocket subscribers). Never waits, never throws. */
export interface HeatmapSink {
  publish(result: HeatmapResult): void;
}

/** Time, so that tests can own it. */
export interface Clock {
  /** CLOCK_MONOTONIC in microseconds, comparable between processes of one machine. */
  monotonicUs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
}

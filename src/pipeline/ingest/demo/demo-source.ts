/** The demo scene as a camera with a microphone: real time, both tracks on one exact clock, drawn in a worker thread. */

import { Worker } from 'node:worker_threads';
import { systemClock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Clock, MediaSink, MediaSource } from '../../ports.ts';
import type { DemoAnswer, DemoRequest } from './demo-worker.ts';
import type { DemoSceneOptions } from './scene.ts';
import { DEMO_RATE_HZ } from './scene.ts';

export interface DemoSourceOptions {
  id: string;
  /** Default 1. */
  seed?: number;
  /** Default 640 x 480. */
  width?: number;
  height?: number;
  /** Frames per second, default 30. */
  frameRate?: number;
  /** Scene time to begin at, cut to whole 20 ms; default 0. Times of the media are scene times. */
  startUs?: number;
  clock?: Clock;
}

/** Frames in hand or being drawn: two periods of slack while the worker makes a phrase (10 to 30 ms). */
const FRAMES_AHEAD = 2;
const CHUNK_US = 20_000;
const CHUNK_SAMPLES = (DEMO_RATE_HZ * CHUNK_US) / 1e6;
/** Sound is fetched from the worker in blocks of 200 ms, two ahead. */
const BLOCK_CHUNKS = 10;
const BLOCKS_AHEAD = 2;
/** Sound that is later than this is left out rather than caught up with. */
const MAX_CATCH_UP_US = 10_000_000;
const CRASH_RETRY_MS = 1000;

/** One life of the worker. Frames and chunks are counted from the run's origin. */
interface Run {
  worker: Worker;
  epoch: number;
  /** Monotonic time of scene time `startUs`; set when the worker is ready. */
  originUs: number | null;
  /** The next to ask for. */
  nextFrame: number;
  /** Frames in hand, in order. */
  frames: { index: number; data: Uint8Array<ArrayBuffer> }[];
  framesAsked: number;
  nextChunk: number;
  /** Sound in hand, from `nextChunk` on. */
  chunks: Float32Array<ArrayBuffer>[];
  requestedChunks: number;
}

/**
 * Frame `i` is delivered when the clock reads `i / frameRate` after the start, a chunk when its last sample has
 * "been recorded". A stalled event loop costs frames (counted `behind`), never sound of the last ten seconds.
 * At any time at most {@link FRAMES_AHEAD} frames and {@link BLOCKS_AHEAD} blocks of sound are in hand or being made.
 */
export class DemoSource implements MediaSource {
  readonly id: string;
  private readonly scene: DemoSceneOptions;
  private readonly frameRate: number;
  private readonly startUs: number;
  private readonly clock: Clock;
  private sink: MediaSink | null = null;
  private epoch = 0;
  private run: Run | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly ending = new Set<Promise<unknown>>();
  private closed = false;

  constructor(options: DemoSourceOptions) {
    this.id = options.id;
    this.scene = {
      seed: options.seed ?? 1,
      width: options.width ?? 640,
      height: options.height ?? 480,
    };
    this.frameRate = options.frameRate ?? 30;
    this.startUs = Math.floor((options.startUs ?? 0) / CHUNK_US) * CHUNK_US;
    this.clock = options.clock ?? systemClock;
  }

  open(sink: MediaSink): void {
    this.sink = sink;
    sink.phase({ phase: 'connecting', epoch: this.epoch, detail: null });
    this.start();
  }

  restart(reason: string): void {
    if (this.closed || this.sink === null) return;
    this.stop();
    this.reconnect(reason, 'restarted', 0);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.sink = null;
    this.stop();
    await Promise.allSettled(this.ending);
  }

  private start(): void {
    const extension = new URL(import.meta.url).pathname.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./demo-worker.${extension}`, import.meta.url), {
      workerData: this.scene,
      name: `demo ${this.id}`,
    });
    const run: Run = {
      worker,
      epoch: this.epoch,
      originUs: null,
      nextFrame: 0,
      frames: [],
      framesAsked: 0,
      nextChunk: 0,
      chunks: [],
      requestedChunks: 0,
    };
    this.run = run;
    worker.on('message', (answer: DemoAnswer) => {
      if (this.run === run) this.receive(run, answer);
    });
    worker.on('error', (error) => this.crashed(run, messageOf(error)));
    worker.on('exit', (code) => this.crashed(run, `exit code ${code}`));
  }

  /** Ends the run without waiting for it; {@link close} waits for all. */
  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const run = this.run;
    this.run = null;
    if (run === null) return;
    const ended = run.worker.terminate();
    this.ending.add(ended);
    void ended.finally(() => this.ending.delete(ended));
  }

  private crashed(run: Run, detail: string): void {
    if (this.run !== run) return;
    this.stop();
    this.reconnect('source-crashed', detail, CRASH_RETRY_MS);
  }

  private reconnect(reason: string, detail: string, retryInMs: number): void {
    this.epoch++;
    this.sink?.phase({ phase: 'reconnecting', epoch: this.epoch, reason, detail, retryInMs });
    // The sink may have closed or restarted us from within.
    if (this.closed || this.run !== null) return;
    if (retryInMs === 0) this.start();
    else this.timer = setTimeout(() => this.start(), retryInMs);
  }

  private receive(run: Run, answer: DemoAnswer): void {
    if (answer.kind === 'ready') this.begin(run);
    else if (answer.kind === 'frame') {
      run.framesAsked--;
      run.frames.push(answer);
    } else if (answer.startSample === this.chunkSample(run.nextChunk + run.chunks.length)) {
      for (let start = 0; start < answer.samples.length; start += CHUNK_SAMPLES) {
        run.chunks.push(answer.samples.slice(start, start + CHUNK_SAMPLES));
      }
    }
    // Any other block was asked for before a jump.
    this.advance(run);
  }

  private begin(run: Run): void {
    run.originUs = this.clock.monotonicUs();
    const { width, height } = this.scene;
    this.sink?.tracks({
      sourceId: this.id,
      epoch: run.epoch,
      video: { codec: 'demo', width, height, frameRate: this.frameRate },
      audio: { codec: 'demo', rateHz: DEMO_RATE_HZ, channels: 1 },
      timing: 'shared',
    });
    this.sink?.phase({ phase: 'connected', epoch: run.epoch });
    if (this.run !== run) return;
    this.requestFrames(run);
    this.requestAudio(run);
  }

  /** Delivers all that is due, asks for what comes next, and sleeps until then. */
  private advance(run: Run): void {
    if (run.originUs === null) return;
    this.deliverFrame(run, this.clock.monotonicUs() - run.originUs);
    if (this.run === run) this.deliverAudio(run, this.clock.monotonicUs() - run.originUs);
    if (this.run !== run) return;
    if (this.timer !== null) clearTimeout(this.timer);
    const [frame] = run.frames;
    const frameDueUs = frame === undefined ? Infinity : this.frameTimeUs(frame.index);
    const chunkDueUs = run.chunks.length === 0 ? Infinity : (run.nextChunk + 1) * CHUNK_US;
    const waitUs = Math.min(frameDueUs, chunkDueUs) - (this.clock.monotonicUs() - run.originUs);
    this.timer = null;
    if (waitUs === Infinity) return;
    this.timer = setTimeout(() => this.advance(run), Math.max(0, Math.ceil(waitUs / 1000)));
  }

  /** Delivers the newest frame that is due; what is older, or was not even asked for in time, is skipped. */
  private deliverFrame(run: Run, elapsedUs: number): void {
    const isDue = (index: number): boolean => elapsedUs >= this.frameTimeUs(index);
    let skipped = 0;
    while (run.frames.length > 1 && isDue(run.frames[1]!.index)) {
      run.frames.shift();
      skipped++;
    }
    const frame = run.frames[0];
    if (frame !== undefined && isDue(frame.index)) {
      run.frames.shift();
      const now = this.clock.monotonicUs();
      this.sink?.frame({
        sourceId: this.id,
        ptsUs: this.startUs + this.frameTimeUs(frame.index),
        epoch: run.epoch,
        arrivalUs: now,
        decodedUs: now,
        width: this.scene.width,
        height: this.scene.height,
        data: frame.data,
      });
      if (this.run !== run) return;
    }
    const current = Math.floor((elapsedUs * this.frameRate) / 1e6);
    skipped += Math.max(0, current + 1 - run.nextFrame);
    run.nextFrame = Math.max(run.nextFrame, current + 1);
    this.requestFrames(run);
    if (skipped > 0) this.sink?.drop({ sourceId: this.id, what: 'frame', reason: 'behind', count: skipped });
  }

  private deliverAudio(run: Run, elapsedUs: number): void {
    const current = Math.floor(elapsedUs / CHUNK_US);
    if ((current - run.nextChunk) * CHUNK_US > MAX_CATCH_UP_US) {
      const count = current - run.nextChunk;
      run.chunks.length = 0;
      run.nextChunk = run.requestedChunks = current;
      this.sink?.drop({ sourceId: this.id, what: 'audio', reason: 'behind', count });
    }
    while (this.run === run && run.chunks.length > 0 && run.nextChunk < current) {
      this.sink?.audio({
        sourceId: this.id,
        ptsUs: this.startUs + run.nextChunk++ * CHUNK_US,
        epoch: run.epoch,
        arrivalUs: this.clock.monotonicUs(),
        rateHz: DEMO_RATE_HZ,
        samples: run.chunks.shift()!,
      });
    }
    if (this.run === run) this.requestAudio(run);
  }

  private chunkSample(chunk: number): number {
    return (this.startUs / CHUNK_US + chunk) * CHUNK_SAMPLES;
  }

  private frameTimeUs(index: number): number {
    return Math.round((index * 1e6) / this.frameRate);
  }

  private requestFrames(run: Run): void {
    while (run.framesAsked + run.frames.length < FRAMES_AHEAD) {
      const index = run.nextFrame++;
      run.framesAsked++;
      this.ask(run, { kind: 'frame', index, timeUs: this.startUs + this.frameTimeUs(index) });
    }
  }

  private requestAudio(run: Run): void {
    while (run.requestedChunks - run.nextChunk <= (BLOCKS_AHEAD - 1) * BLOCK_CHUNKS) {
      const startSample = this.chunkSample(run.requestedChunks);
      run.requestedChunks += BLOCK_CHUNKS;
      this.ask(run, { kind: 'audio', startSample, count: BLOCK_CHUNKS * CHUNK_SAMPLES });
    }
  }

  private ask(run: Run, request: DemoRequest): void {
    run.worker.postMessage(request);
  }
}

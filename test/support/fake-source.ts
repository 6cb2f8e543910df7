/** A camera played by the test: every event is sent by hand, on a clock the test moves. */

import type { MediaSink, MediaSource } from '../../src/pipeline/ports.ts';
import type { TracksInfo, VideoFrame } from '../../src/pipeline/types.ts';
import type { FakeClock } from './fake-clock.ts';

const RATE_HZ = 22_050;

export class FakeSource implements MediaSource {
  readonly id: string;
  readonly restarts: string[] = [];
  closes = 0;
  epoch = 0;
  readonly #clock: FakeClock;
  readonly #size: { width: number; height: number };
  #sink: MediaSink | null = null;
  /** Positions of the two tracks' clocks, from 0 at each connection. */
  #videoUs = 0;
  #audioSamples = 0;

  constructor(id: string, clock: FakeClock, size = { width: 8, height: 6 }) {
    this.id = id;
    this.#clock = clock;
    this.#size = size;
  }

  open(sink: MediaSink): void {
    this.#sink = sink;
    sink.phase({ phase: 'connecting', epoch: this.epoch, detail: null });
  }

  restart(reason: string): void {
    this.restarts.push(reason);
  }

  close(): Promise<void> {
    this.closes++;
    return Promise.resolve();
  }

  get sink(): MediaSink {
    if (!this.#sink) throw new Error('not opened');
    return this.#sink;
  }

  connect(tracks: { audio?: boolean; timing?: TracksInfo['timing'] } = {}): void {
    this.#videoUs = 0;
    this.#audioSamples = 0;
    this.sink.phase({ phase: 'connected', epoch: this.epoch });
    this.sink.tracks({
      sourceId: this.id,
      epoch: this.epoch,
      video: { codec: 'fake', ...this.#size, frameRate: null },
      audio: tracks.audio === false ? null : { codec: 'fake', rateHz: RATE_HZ, channels: 1 },
      timing: tracks.timing ?? 'shared',
    });
  }

  reconnect(): void {
    this.sink.phase({
      phase: 'reconnecting',
      epoch: this.epoch,
      reason: 'source-lost',
      detail: 'Gone.',
      retryInMs: 0,
    });
    this.epoch++;
    this.connect();
  }

  /** A grey picture of the given brightness, at the video clock's place. */
  frame(luma = 128): void {
    const { width, height } = this.#size;
    const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
    const data = new Uint8Array(width * height + 2 * chroma).fill(128);
    data.fill(luma, 0, width * height);
    const nowUs = this.#clock.monotonicUs();
    const frame: VideoFrame = {
      sourceId: this.id,
      ptsUs: this.#videoUs,
      epoch: this.epoch,
      arrivalUs: nowUs,
      decodedUs: nowUs,
      width,
      height,
      data,
    };
    this.sink.frame(frame);
  }

  audio(samples: Float32Array): void {
    this.sink.audio({
      sourceId: this.id,
      ptsUs: Math.round((this.#audioSamples * 1e6) / RATE_HZ),
      epoch: this.epoch,
      arrivalUs: this.#clock.monotonicUs(),
      rateHz: RATE_HZ,
      samples,
    });
    this.#audioSamples += samples.length;
  }

  /** Lets time go by: sound of the given level up to the new time, then one frame at it. */
  step(us: number, options: { luma?: number; level?: number; audio?: boolean } = {}): void {
    this.#clock.advance(us);
    this.#videoUs += us;
    if (options.audio ?? true) {
      const due = Math.ceil((this.#videoUs * RATE_HZ) / 1e6) - this.#audioSamples;
      const level = options.level ?? 0.1;
      this.audio(Float32Array.from({ length: due }, (_, i) => (i % 2 ? level : -level)));
    }
    this.frame(options.luma);
  }
}

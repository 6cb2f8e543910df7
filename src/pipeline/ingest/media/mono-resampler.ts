/** Turns decoded sound of any rate, layout and format into mono float at one rate, on exact sample times. */

import type { AVSampleFormat } from 'node-av/constants';
import { AV_CHANNEL_LAYOUT_MONO, AV_CHANNEL_ORDER_NATIVE, AV_SAMPLE_FMT_FLT } from 'node-av/constants';
import { FFmpegError, type Frame, SoftwareResampleContext } from 'node-av/lib';

/** `samples` is its own buffer and may be given away; `ptsUs` is the time of `samples[0]`. */
export interface ResampledChunk {
  ptsUs: number;
  samples: Float32Array<ArrayBuffer>;
}

interface Run {
  swr: SoftwareResampleContext;
  inputKey: string;
  inputRateHz: number;
  startUs: number;
  samplesIn: number;
  samplesOut: number;
}

/**
 * libswresample behind a sample count. Within a *run* (contiguous input of one format) output sample `n` stands
 * at `start + n / rate` exactly: swr centres its filter on the first input sample, so holding back half a filter
 * delays output but does not shift it. Input times that leave the count by more than `toleranceUs` (a gap, an
 * overlap, a drifting clock) end the run: its tail is flushed and the next run starts at the new time.
 * Channels are mixed down without clipping (stereo: the mean). One resampler per track; `close()` frees the native memory.
 */
export class MonoResampler {
  readonly #rateHz: number;
  readonly #toleranceUs: number;
  #run: Run | null = null;

  /** @param options - output `rateHz`, and how far input times may leave the sample count (10 ms). */
  constructor(options: { rateHz: number; toleranceUs?: number }) {
    this.#rateHz = options.rateHz;
    this.#toleranceUs = options.toleranceUs ?? 4_000;
  }

  /**
   * Takes one decoded frame whose first sample stands at `ptsUs` (null: right after the previous one). Returns
   * what became ready: usually one chunk; none while the filter fills; two where a run ended.
   * @throws FFmpegError for a format that libswresample can't read.
   */
  push(frame: Frame, ptsUs: number | null): ResampledChunk[] {
    if (frame.nbSamples === 0) return [];
    const chunks: ResampledChunk[] = [];
    const { sampleRate, format, channelLayout } = frame;
    const inputKey = `${sampleRate} ${format} ${channelLayout.nbChannels} ${channelLayout.mask.toString()}`;
    const expectedUs = this.#nextInputUs();
    const startUs = ptsUs ?? expectedUs ?? 0;
    const contiguous = expectedUs !== null && Math.abs(startUs - expectedUs) <= this.#toleranceUs;
    if (this.#run === null || !contiguous || this.#run.inputKey !== inputKey) {
      chunks.push(...this.flush());
      this.#run = this.#start(frame, inputKey, startUs);
    }
    this.#convert(this.#run, frame, chunks);
    return chunks;
  }

  /** Ends the run: what the filter still held. The next frame starts a new run. */
  flush(): ResampledChunk[] {
    const run = this.#run;
    if (run === null) return [];
    const chunks: ResampledChunk[] = [];
    try {
      this.#convert(run, null, chunks);
    } finally {
      this.close();
    }
    return chunks;
  }

  /** Idempotent; drops what the filter still held. */
  close(): void {
    this.#run?.swr.free();
    this.#run = null;
  }

  #nextInputUs(): number | null {
    const run = this.#run;
    return run === null ? null : run.startUs + (run.samplesIn * 1e6) / run.inputRateHz;
  }

  #start(frame: Frame, inputKey: string, startUs: number): Run {
    const { nbChannels, mask } = frame.channelLayout;
    // A layout without an order (some PCM cameras) is taken for the first speakers of the list.
    const layout =
      mask === 0n
        ? { nbChannels, order: AV_CHANNEL_ORDER_NATIVE, mask: (1n << BigInt(nbChannels)) - 1n }
        : frame.channelLayout;
    const swr = new SoftwareResampleContext();
    try {
      const format = frame.format as AVSampleFormat;
      const { sampleRate } = frame;
      const allocated = swr.allocSetOpts2(
        AV_CHANNEL_LAYOUT_MONO,
        AV_SAMPLE_FMT_FLT,
        this.#rateHz,
        layout,
        format,
        sampleRate,
      );
      FFmpegError.throwIfError(allocated, 'swr_alloc_set_opts2');
      // Without it a float mix-down adds channels at -3 dB each, and a loud stereo sound leaves [-1, 1].
      FFmpegError.throwIfError(swr.setOption('rematrix_maxval', '1.0'), 'rematrix_maxval');
      FFmpegError.throwIfError(swr.init(), 'swr_init');
      return { swr, inputKey, inputRateHz: sampleRate, startUs, samplesIn: 0, samplesOut: 0 };
    } catch (error) {
      swr.free();
      throw error;
    }
  }

  #convert(run: Run, frame: Frame | null, into: ResampledChunk[]): void {
    const samplesIn = frame?.nbSamples ?? 0;
    const room = run.swr.getOutSamples(samplesIn) + 1;
    const bytes = Buffer.from(new ArrayBuffer(room * Float32Array.BYTES_PER_ELEMENT));
    const count = run.swr.convertSync([bytes], room, frame?.extendedData ?? null, samplesIn);
    FFmpegError.throwIfError(count, 'swr_convert');
    run.samplesIn += samplesIn;
    if (count === 0) return;
    const ptsUs = Math.round(run.startUs + (run.samplesOut * 1e6) / this.#rateHz);
    run.samplesOut += count;
    const samples = new Float32Array(bytes.buffer).slice(0, count);
    into.push({ ptsUs, samples });
  }
}

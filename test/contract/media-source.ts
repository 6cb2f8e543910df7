/** What every MediaSource owes its sink; run by the demo scene, URL and WebRTC sources alike. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { MediaSink, MediaSource } from '../../src/pipeline/ports.ts';
import type {
  AudioChunk,
  ConnectionPhase,
  IngestDrop,
  SenderReport,
  TracksInfo,
  VideoFrame,
} from '../../src/pipeline/types.ts';

/** Remembers everything; `until` waits for what a test needs. */
export class RecordingSink implements MediaSink {
  readonly frames: VideoFrame[] = [];
  readonly chunks: AudioChunk[] = [];
  readonly reports: SenderReport[] = [];
  readonly infos: TracksInfo[] = [];
  readonly phases: ConnectionPhase[] = [];
  readonly drops: IngestDrop[] = [];
  /** Every call in order, by name. */
  readonly calls: string[] = [];

  frame(frame: VideoFrame): void {
    this.calls.push('frame');
    this.frames.push(frame);
  }

  audio(chunk: AudioChunk): void {
    this.calls.push('audio');
    this.chunks.push(chunk);
  }

  report(report: SenderReport): void {
    this.calls.push('report');
    this.reports.push(report);
  }

  tracks(info: TracksInfo): void {
    this.calls.push('tracks');
    this.infos.push(info);
  }

  phase(phase: ConnectionPhase): void {
    this.calls.push(`phase ${phase.phase}`);
    this.phases.push(phase);
  }

  drop(drop: IngestDrop): void {
    this.calls.push('drop');
    this.drops.push(drop);
  }

  async until(condition: (sink: this) => boolean, what: string, timeoutMs = 30_000): Promise<void> {
    for (const end = performance.now() + timeoutMs; performance.now() < end; ) {
      if (condition(this)) return;
      await sleep(20);
    }
    throw new Error(`waited ${timeoutMs} ms for ${what}; got ${this.calls.slice(-12).join(', ')}`);
  }
}

export interface MediaSourceCase {
  source: MediaSource;
  /** Makes media come (a publisher connects, a camera starts); called after `open`. */
  begin?: () => Promise<void>;
  /** Ends what `begin` made. */
  end?: () => Promise<void>;
}

/** @param make a fresh source each time, not yet opened. */
export function mediaSourceContract(name: string, make: () => Promise<MediaSourceCase>): void {
  describe(`${name} keeps the MediaSource contract`, () => {
    const run = async (body: (sink: RecordingSink, source: MediaSource) => Promise<void>): Promise<void> => {
      const { source, begin, end } = await make();
      const sink = new RecordingSink();
      try {
        source.open(sink);
        await begin?.();
        await body(sink, source);
      } finally {
        await source.close();
        await end?.();
      }
    };

    it('connects, names its tracks, then delivers well-formed frames and sound', async () => {
      await run(async (sink, source) => {
        await sink.until((s) => s.frames.length >= 10 && s.chunks.length >= 10, 'ten frames and chunks');
        const order = (call: string): number => sink.calls.indexOf(call);
        expect(sink.calls[0]).toBe('phase connecting');
        expect(order('phase connected')).toBeLessThan(order('frame'));
        expect(order('tracks')).toBeLessThan(order('frame'));
        expect(order('tracks')).toBeLessThan(order('audio'));
        expect(sink.infos[0]!.video).not.toBeNull();
        expect(sink.infos[0]!.audio).not.toBeNull();
        for (const [i, frame] of sink.frames.entries()) {
          const chroma = Math.ceil(frame.width / 2) * Math.ceil(frame.height / 2);
          expect(frame.data.byteLength).toBe(frame.width * frame.height + 2 * chroma);
          expect(frame.sourceId).toBe(source.id);
          expect(Number.isInteger(frame.ptsUs)).toBe(true);
          expect(frame.decodedUs).toBeGreaterThanOrEqual(frame.arrivalUs);
          if (i > 0) expect(frame.ptsUs).toBeGreaterThan(sink.frames[i - 1]!.ptsUs);
        }
        for (const [i, chunk] of sink.chunks.entries()) {
          expect(chunk.rateHz).toBe(22_050);
          expect(chunk.samples.length).toBeGreaterThan(0);
          if (i > 0) expect(chunk.ptsUs).toBeGreaterThan(sink.chunks[i - 1]!.ptsUs);
        }
      });
    });

    it('does not write into what it has given away', async () => {
      await run(async (sink) => {
        await sink.until((s) => s.frames.length >= 1 && s.chunks.length >= 1, 'the first frame and chunk');
        const frame = sink.frames[0]!.data;
        const chunk = sink.chunks[0]!.samples;
        const before = [frame.slice(), chunk.slice()];
        await sink.until((s) => s.frames.length >= 8 && s.chunks.length >= 8, 'more');
        expect([frame, chunk]).toEqual(before);
      });
    });

    it('is silent after close, which may be called again', async () => {
      await run(async (sink, source) => {
        await sink.until((s) => s.frames.length >= 2, 'two frames');
        await source.close();
        const calls = sink.calls.length;
        await sleep(300);
        expect(sink.calls.length).toBe(calls);
        await source.close();
      });
    });

    it('can be closed before anything came', async () => {
      const { source, end } = await make();
      const sink = new RecordingSink();
      source.open(sink);
      await source.close();
      const calls = sink.calls.length;
      await sleep(200);
      expect(sink.calls.length).toBe(calls);
      await end?.();
    });
  });
}

/** From a source's own rate through the real resampler to a frame's window: the sound is where it was played. */

import fc from 'fast-check';
import { AV_CHANNEL_LAYOUT_MONO, AV_SAMPLE_FMT_FLT } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { describe, expect, it } from 'vitest';
import { WindowAligner } from '../../src/pipeline/align/window-aligner.ts';
import { MonoResampler } from '../../src/pipeline/ingest/media/mono-resampler.ts';

const rateHz = 22_050;
const windowSamples = 22_050;

/** Two incommensurate tones below 3.4 kHz: their value and slope tell the time to a fraction of a sample. */
function soundAt(seconds: number): number {
  return (
    0.4 * Math.sin(2 * Math.PI * 311.127 * seconds) + 0.3 * Math.sin(2 * Math.PI * 1733.91 * seconds + 1)
  );
}

/** Mono float of `count` samples that starts at sample `first` of a source at `sourceHz`. */
function frameOf(first: number, count: number, sourceHz: number): Frame {
  const samples = Float32Array.from({ length: count }, (_, i) => soundAt((first + i) / sourceHz));
  return Frame.fromAudioBuffer(Buffer.from(samples.buffer), {
    nbSamples: count,
    format: AV_SAMPLE_FMT_FLT,
    sampleRate: sourceHz,
    channelLayout: AV_CHANNEL_LAYOUT_MONO,
  });
}

/** Half a filter of libswresample at the lowest rate: so close to a hole its output is not the signal's. */
const FILTER_S = 0.004;

describe('windows of resampled sound', () => {
  it('hold the signal of the frame’s own second: 8 to 48 kHz, any chunks, gaps, stamps to the ms or us', () => {
    let checked = 0;
    let withGaps = 0;
    const rates = new Set<number>();
    fc.assert(
      fc.property(
        fc.constantFrom(8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000),
        fc.integer({ min: 0, max: 3600 }),
        fc.array(
          fc.record({
            chunkMs: fc.integer({ min: 5, max: 120 }),
            gapMs: fc.oneof(
              { weight: 15, arbitrary: fc.constant(0) },
              { weight: 1, arbitrary: fc.integer({ min: 20, max: 150 }) },
            ),
          }),
          { minLength: 40, maxLength: 60 },
        ),
        fc.constantFrom(1, 1000),
        (sourceHz, startS, steps, stampUs) => {
          const resampler = new MonoResampler({ rateHz });
          const aligner = new WindowAligner({
            rateHz,
            windowSamples,
            lookaheadMs: 0,
            maxAudioWaitMs: 1000,
            avOffsetMs: 0,
            stallMs: 2000,
          });
          aligner.setTracks({
            sourceId: 'cam',
            epoch: 0,
            video: { codec: 'h264', width: 2, height: 2, frameRate: 30 },
            audio: { codec: 'pcm', rateHz: sourceHz, channels: 1 },
            timing: 'shared',
          });
          /** Where the source was silent, in seconds. */
          const holes: [number, number][] = [];
          const samples = new Float32Array(windowSamples);
          let position = startS * sourceHz;
          let nowUs = 0;
          try {
            for (const { chunkMs, gapMs } of steps) {
              nowUs += chunkMs * 1000;
              if (gapMs > 0) {
                const end = position + Math.round((gapMs * sourceHz) / 1000);
                holes.push([position / sourceHz, end / sourceHz]);
                position = end;
              }
              const count = Math.round((chunkMs * sourceHz) / 1000);
              const frame = frameOf(position, count, sourceHz);
              const ptsUs = Math.round((position * 1e6) / sourceHz / stampUs) * stampUs;
              for (const chunk of resampler.push(frame, ptsUs)) {
                aligner.pushAudio({ sourceId: 'cam', epoch: 0, arrivalUs: nowUs, rateHz, ...chunk });
              }
              frame.free();
              position += count;
              const frameUs = Math.round((position * 1e6) / sourceHz) - 20_000;
              aligner.pushFrame({
                sourceId: 'cam',
                ptsUs: frameUs,
                epoch: 0,
                arrivalUs: nowUs,
                decodedUs: nowUs,
                width: 2,
                height: 2,
                data: new Uint8Array(6),
              });
              for (const window of aligner.advance(nowUs, 0)) {
                if (window.endSample === null) continue;
                expect(window.alignment).toBe('aligned');
                const missing = aligner.audio.read(window.endSample, windowSamples, samples);
                expect(missing).toBe(window.missingSamples);
                const endS = window.frame.ptsUs / 1e6;
                const startOfWindowS = endS - windowSamples / rateHz;
                const hidden = holes.filter(([, to]) => to > startOfWindowS - FILTER_S);
                let worst = 0;
                let compared = 0;
                for (let i = 0; i < windowSamples; i += 7) {
                  const seconds = endS + (i - windowSamples) / rateHz;
                  if (seconds < startS + FILTER_S + 0.001) continue;
                  if (hidden.some(([from, to]) => seconds > from - FILTER_S && seconds < to + FILTER_S))
                    continue;
                  worst = Math.max(worst, Math.abs(samples[i]! - soundAt(seconds)));
                  compared++;
                }
                expect(compared).toBeGreaterThan(1500);
                // The slope is at most 4,050 a second. A run's start and the window's end are rounded to a sample each:
                // 45 us are 0.184. Stamps in whole milliseconds move a run by up to 0.5 ms more, at its start and
                // at the sound's.
                expect(worst).toBeLessThan(stampUs === 1 ? 0.19 : 1.45);
                if (stampUs === 1) {
                  expect(window.endSample).toBe(Math.floor((window.frame.ptsUs * rateHz) / 1e6 + 0.5));
                  checked++;
                  rates.add(sourceHz);
                  if (missing > 0) withGaps++;
                }
              }
            }
          } finally {
            resampler.close();
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(200);
    expect(withGaps).toBeGreaterThan(20);
    expect(rates.size).toBeGreaterThanOrEqual(6);
  });
});

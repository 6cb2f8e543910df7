import fc from 'fast-check';
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
} from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { describe, expect, it } from 'vitest';
import { MonoResampler, type ResampledChunk } from './mono-resampler.ts';

const rateHz = 22_050;
const inputRates = [8000, 16_000, 22_050, 44_100, 48_000];

function s16Frame(samples: Float32Array, sampleRate: number): Frame {
  const bytes = Buffer.alloc(samples.length * 2);
  samples.forEach((value, index) => bytes.writeInt16LE(Math.round(value * 32_767), index * 2));
  return Frame.fromAudioBuffer(bytes, {
    nbSamples: samples.length,
    format: AV_SAMPLE_FMT_S16,
    sampleRate,
    channelLayout: AV_CHANNEL_LAYOUT_MONO,
  });
}

function stereoFrame(left: Float32Array, right: Float32Array, sampleRate: number): Frame {
  const planes = new Float32Array(left.length * 2);
  planes.set(left);
  planes.set(right, left.length);
  return Frame.fromAudioBuffer(Buffer.from(planes.buffer), {
    nbSamples: left.length,
    format: AV_SAMPLE_FMT_FLTP,
    sampleRate,
    channelLayout: AV_CHANNEL_LAYOUT_STEREO,
  });
}

/** A smooth bump of 1 ms, centred at `atS` seconds: narrow enough to place, wide enough for 8 kHz. */
function bump(sampleRate: number, seconds: number, atS: number): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, index) => {
    const distance = (index / sampleRate - atS) / 0.0005;
    return 0.8 * Math.exp(-0.5 * distance * distance);
  });
}

/** Where the bump stands, in seconds of media time, by the centre of its mass. */
function bumpTimeS(chunks: ResampledChunk[]): number {
  let mass = 0;
  let moment = 0;
  for (const chunk of chunks) {
    chunk.samples.forEach((value, index) => {
      if (value < 0.05) return;
      mass += value;
      moment += value * (chunk.ptsUs / 1e6 + index / rateHz);
    });
  }
  return moment / mass;
}

/** Feeds `samples` in pieces of the given lengths (repeated), stamped by their first sample. */
function feed(
  resampler: MonoResampler,
  samples: Float32Array,
  sampleRate: number,
  lengths: number[],
  startUs: number,
): ResampledChunk[] {
  const chunks: ResampledChunk[] = [];
  for (let from = 0, turn = 0; from < samples.length; turn++) {
    const to = Math.min(samples.length, from + lengths[turn % lengths.length]!);
    const frame = s16Frame(samples.subarray(from, to), sampleRate);
    chunks.push(...resampler.push(frame, startUs + Math.round((from * 1e6) / sampleRate)));
    frame.free();
    from = to;
  }
  return chunks;
}

/** Asserts that the chunks join without a hole; returns the end of the last. */
function expectContiguous(chunks: ResampledChunk[], startUs: number): void {
  let produced = 0;
  for (const chunk of chunks) {
    expect(Math.abs(chunk.ptsUs - (startUs + (produced * 1e6) / rateHz))).toBeLessThanOrEqual(1);
    produced += chunk.samples.length;
  }
}

describe('MonoResampler', () => {
  it.each(inputRates)(
    'keeps a sound of %i Hz at its time to a fraction of a sample, however it is cut',
    (sampleRate) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 2048 }), { minLength: 1, maxLength: 8 }),
          fc.double({ min: 0.1, max: 0.4, noNaN: true }),
          fc.integer({ min: -5_000_000, max: 2_000_000_000 }),
          (lengths, atS, startUs) => {
            const resampler = new MonoResampler({ rateHz });
            const chunks = feed(resampler, bump(sampleRate, 0.5, atS), sampleRate, lengths, startUs);
            chunks.push(...resampler.flush());
            expect(chunks[0]!.ptsUs).toBe(startUs);
            expectContiguous(chunks, startUs);
            const total = chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0);
            expect(Math.abs(total - 0.5 * rateHz)).toBeLessThanOrEqual(40);
            const errorSamples = (bumpTimeS(chunks) - startUs / 1e6 - atS) * rateHz;
            expect(Math.abs(errorSamples)).toBeLessThan(0.2);
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  it('keeps a chirp in phase over ten seconds', () => {
    const sampleRate = 48_000;
    const sweep = (t: number): number => 0.5 * Math.sin(2 * Math.PI * (200 * t + 150 * t * t));
    const input = Float32Array.from({ length: 10 * sampleRate }, (_, i) => sweep(i / sampleRate));
    const chunks = feed(new MonoResampler({ rateHz }), input, sampleRate, [1024, 333], 0);
    let worst = 0;
    for (const chunk of chunks)
      chunk.samples.forEach((value, index) => {
        const t = chunk.ptsUs / 1e6 + index / rateHz;
        if (t > 0.01) worst = Math.max(worst, Math.abs(value - sweep(t)));
      });
    expect(worst).toBeLessThan(0.02);
  });

  it('averages stereo and never leaves [-1, 1] by adding channels', () => {
    const resampler = new MonoResampler({ rateHz });
    const loud = new Float32Array(4800).fill(1);
    const quiet = new Float32Array(4800).fill(0.5);
    const chunks = [...resampler.push(stereoFrame(loud, quiet, 48_000), 0), ...resampler.flush()];
    expect(chunks[0]!.samples[1000]).toBeCloseTo(0.75, 3);
  });

  it('follows small wander of the input times without a break', () => {
    const resampler = new MonoResampler({ rateHz });
    const chunks: ResampledChunk[] = [];
    for (let i = 0; i < 50; i++)
      chunks.push(...resampler.push(s16Frame(new Float32Array(160), 8000), i * 20_000 + (i % 2) * 900));
    expectContiguous(chunks, 0);
  });

  it.each([
    ['gap', 250_000],
    ['overlap', -50_000],
  ])('starts again at a %s, losing no sample before it', (_name, jumpUs) => {
    const resampler = new MonoResampler({ rateHz });
    const before = feed(resampler, bump(8000, 0.5, 0.495), 8000, [160], 0);
    const after = feed(resampler, bump(8000, 0.5, 0.3), 8000, [160], 500_000 + jumpUs);
    after.push(...resampler.flush());
    const restart = after.findIndex((chunk) => chunk.ptsUs === 500_000 + jumpUs);
    expect(restart).toBeGreaterThan(0);
    const first = [...before, ...after.slice(0, restart)];
    expectContiguous(first, 0);
    expectContiguous(after.slice(restart), 500_000 + jumpUs);
    const ended = first.reduce((sum, chunk) => sum + chunk.samples.length, 0);
    expect(Math.abs(ended - 0.5 * rateHz)).toBeLessThanOrEqual(40);
    expect(Math.abs(bumpTimeS(after.slice(restart)) - 0.8 - jumpUs / 1e6) * rateHz).toBeLessThan(0.2);
  });

  it('starts again when the rate or the layout changes, at the new frame’s time', () => {
    const resampler = new MonoResampler({ rateHz });
    feed(resampler, new Float32Array(1600), 8000, [160], 0);
    const chunks = feed(resampler, bump(48_000, 0.5, 0.2), 48_000, [960], 200_000);
    expect(chunks.some((chunk) => chunk.ptsUs === 200_000)).toBe(true);
    expect(Math.abs(bumpTimeS(chunks) - 0.4) * rateHz).toBeLessThan(0.2);
    const flat = new Float32Array(960).fill(0.25);
    const stereo = resampler.push(stereoFrame(flat, flat, 48_000), 700_000);
    expect(stereo.at(-1)!.ptsUs).toBe(700_000);
  });

  it('puts an unstamped frame right after the one before', () => {
    const resampler = new MonoResampler({ rateHz });
    const chunks = resampler.push(s16Frame(new Float32Array(800), 8000), 1_000_000);
    chunks.push(...resampler.push(s16Frame(new Float32Array(800), 8000), null));
    chunks.push(...resampler.flush());
    expectContiguous(chunks, 1_000_000);
    expect(
      Math.abs(chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0) - 0.2 * rateHz),
    ).toBeLessThan(40);
  });

  it('gives every chunk its own buffer; closing twice is fine', () => {
    const resampler = new MonoResampler({ rateHz });
    const [chunk] = resampler.push(s16Frame(new Float32Array(1600), 8000), 0);
    expect(chunk!.samples.buffer.byteLength).toBe(chunk!.samples.byteLength);
    resampler.close();
    resampler.close();
    expect(resampler.flush()).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AudioChunk, SenderReport, TracksInfo, VideoFrame } from '../types.ts';
import {
  type AlignDropReason,
  type AlignedWindow,
  WindowAligner,
  type WindowAlignerOptions,
} from './window-aligner.ts';

const rateHz = 22_050;
const windowSamples = 22_050;
const OPTIONS: WindowAlignerOptions = {
  rateHz,
  windowSamples,
  lookaheadMs: 0,
  maxAudioWaitMs: 500,
  avOffsetMs: 0,
  stallMs: 2000,
};
const NOW_WALL_MS = 1_750_000_000_000;

/** A value that says its position (mod 2^20, exact in float32) and is never zero. */
const valueAt = (position: number): number =>
  ((((position % 1_048_576) + 1_048_576) % 1_048_576) + 1) / 2_097_152;
const usOf = (position: number): number => {
  const seconds = Math.floor(position / rateHz);
  return seconds * 1_000_000 + Math.floor(((position - seconds * rateHz) * 1_000_000) / rateHz + 0.5);
};

function frame(ptsUs: number, arrivalUs: number, epoch = 1, bytes = 6): VideoFrame {
  return {
    sourceId: 'cam',
    ptsUs,
    epoch,
    arrivalUs,
    decodedUs: arrivalUs + 1000,
    width: 2,
    height: 2,
    data: new Uint8Array(bytes),
  };
}

/** Sound at `position` whose samples are the values of their positions; `ptsUs` is the stamp it bears. */
function sound(
  position: number,
  count: number,
  arrivalUs: number,
  epoch = 1,
  ptsUs = usOf(position),
): AudioChunk {
  const samples = Float32Array.from({ length: count }, (_, i) => valueAt(position + i));
  return { sourceId: 'cam', ptsUs, epoch, arrivalUs, rateHz, samples };
}

function tracks(timing: TracksInfo['timing'], hasAudio = true, epoch = 1): TracksInfo {
  return {
    sourceId: 'cam',
    epoch,
    video: { codec: 'h264', width: 2, height: 2, frameRate: 30 },
    audio: hasAudio ? { codec: 'opus', rateHz: 48_000, channels: 2 } : null,
    timing,
  };
}

function report(
  track: 'audio' | 'video',
  ptsUs: number,
  senderWallUs: number,
  arrivalUs: number,
): SenderReport {
  return { sourceId: 'cam', track, epoch: 1, ptsUs, senderWallUs, arrivalUs };
}

/** An aligner on a shared clock that counts its drops. */
function aligned(options: Partial<WindowAlignerOptions> = {}): {
  aligner: WindowAligner;
  drops: Partial<Record<AlignDropReason, number>>;
} {
  const drops: Partial<Record<AlignDropReason, number>> = {};
  const aligner = new WindowAligner({ ...OPTIONS, ...options }, (reason, count) => {
    drops[reason] = (drops[reason] ?? 0) + count;
  });
  aligner.setTracks(tracks('shared'));
  return { aligner, drops };
}

const alignments = (windows: readonly AlignedWindow[]): string[] => windows.map((window) => window.alignment);

describe('window aligner', () => {
  it('ends the window at the frame, to the sample', () => {
    const { aligner } = aligned();
    aligner.pushAudio(sound(0, 3 * rateHz, 100));
    aligner.pushFrame(frame(2_000_000, 200));
    const [window] = aligner.advance(1200, NOW_WALL_MS);
    expect(window).toMatchObject({
      alignment: 'aligned',
      skewUs: 0,
      endSample: 44_100,
      audioWindow: { startUs: 1_000_000, endUs: 2_000_000 },
      missingSamples: 0,
      captureWallMs: NOW_WALL_MS - 1,
      readyUs: 1200,
    });
    const samples = new Float32Array(windowSamples);
    expect(aligner.audio.read(44_100, windowSamples, samples)).toBe(0);
    expect([samples[0], samples[22_049]]).toEqual([valueAt(22_050), valueAt(44_099)]);
  });

  it.each<[string, Partial<WindowAlignerOptions>, number]>([
    ['look-ahead', { lookaheadMs: 500 }, 55_125],
    ['a fractional look-ahead', { lookaheadMs: 33.3 }, 44_834],
    ['sound stamped 20 ms too early', { avOffsetMs: 20 }, 43_659],
  ])('moves the window by %s', (_, options, endSample) => {
    const { aligner } = aligned(options);
    aligner.pushAudio(sound(0, 3 * rateHz, 100));
    aligner.pushFrame(frame(2_000_000, 200));
    const [window] = aligner.advance(200, NOW_WALL_MS);
    expect(window?.endSample).toBe(endSample);
    const endUs = 2_000_000 + (options.lookaheadMs ?? 0) * 1000;
    expect(Math.abs(window!.audioWindow!.endUs - endUs)).toBeLessThanOrEqual(23);
  });

  it('waits until the last sample is there, then answers in frame order', () => {
    const { aligner } = aligned();
    aligner.pushFrame(frame(1_000_000, 10));
    aligner.pushFrame(frame(1_040_000, 20));
    aligner.pushAudio(sound(0, 22_049, 30));
    expect(aligner.advance(40, NOW_WALL_MS)).toEqual([]);
    expect(aligner.waiting).toBe(2);
    aligner.pushAudio(sound(22_049, 882, 50));
    expect(aligner.advance(60, NOW_WALL_MS).map((w) => w.frame.ptsUs)).toEqual([1_000_000]);
    aligner.pushAudio(sound(22_931, 1, 70));
    expect(aligner.advance(80, NOW_WALL_MS).map((w) => w.frame.ptsUs)).toEqual([1_040_000]);
    expect(aligner.nextDeadlineUs()).toBeNull();
  });

  it('is late at the deadline, look-ahead included, and says when that is', () => {
    const { aligner } = aligned({ lookaheadMs: 100 });
    aligner.pushAudio(sound(0, 22_050, 0));
    aligner.pushFrame(frame(1_000_000, 5000));
    expect(aligner.nextDeadlineUs()).toBe(605_000);
    expect(aligner.advance(604_999, NOW_WALL_MS)).toEqual([]);
    expect(aligner.advance(605_000, NOW_WALL_MS)).toMatchObject([
      { alignment: 'late', audioWindow: null, endSample: null, missingSamples: 2205 },
    ]);
  });

  it('knows no-audio: by the tracks at once, by silence of the track after the stall time', () => {
    const { aligner } = aligned({ maxAudioWaitMs: 10_000 });
    aligner.setTracks(tracks('shared', false));
    aligner.pushFrame(frame(1_000_000, 0));
    expect(alignments(aligner.advance(0, NOW_WALL_MS))).toEqual(['no-audio']);

    aligner.setTracks(tracks('shared'));
    aligner.pushFrame(frame(1_100_000, 100_000));
    expect(aligner.nextDeadlineUs()).toBe(2_000_000);
    expect(aligner.advance(1_999_999, NOW_WALL_MS)).toEqual([]);
    expect(alignments(aligner.advance(2_000_000, NOW_WALL_MS))).toEqual(['no-audio']);
    aligner.pushFrame(frame(3_000_000, 3_000_000));
    expect(alignments(aligner.advance(3_000_000, NOW_WALL_MS))).toEqual(['no-audio']);
    aligner.pushAudio(sound(0, 4 * rateHz, 4_000_000));
    aligner.pushFrame(frame(4_000_000, 4_000_000));
    expect(alignments(aligner.advance(4_000_000, NOW_WALL_MS))).toEqual(['aligned']);
  });

  it('does not answer from sound it held before the track went away', () => {
    const { aligner } = aligned();
    aligner.pushAudio(sound(0, 3 * rateHz, 0));
    aligner.setTracks(tracks('shared', false));
    aligner.setTracks(tracks('shared', true));
    aligner.pushFrame(frame(2_000_000, 0));
    expect(aligner.advance(10, NOW_WALL_MS)).toEqual([]);
  });

  it.each([
    [5512, 'aligned'],
    [5513, 'late'],
  ])('tolerates a quarter of the window missing: %i samples', (missing, alignment) => {
    const { aligner } = aligned();
    aligner.pushAudio(sound(0, 10_000, 0));
    aligner.pushAudio(sound(10_000 + missing, 30_000, 0));
    aligner.pushFrame(frame(1_000_000, 0));
    expect(aligner.advance(0, NOW_WALL_MS)).toMatchObject([{ alignment, missingSamples: missing }]);
  });

  it('is late for a frame whose sound the ring no longer holds', () => {
    const { aligner } = aligned();
    aligner.pushAudio(sound(0, 6 * rateHz, 0));
    aligner.pushFrame(frame(1_500_000, 0));
    expect(alignments(aligner.advance(0, NOW_WALL_MS))).toEqual(['late']);
  });

  it('never answers from the epoch before', () => {
    const { aligner, drops } = aligned();
    aligner.pushAudio(sound(0, 3 * rateHz, 0));
    aligner.pushFrame(frame(9_000_000, 0));
    aligner.setTracks(tracks('shared', true, 2));
    expect(drops).toEqual({ 'stale-epoch': 1 });
    aligner.pushFrame(frame(2_000_000, 10, 2));
    aligner.pushFrame(frame(2_000_000, 10, 1));
    aligner.pushAudio(sound(0, 3 * rateHz, 20, 1));
    expect(drops).toEqual({ 'stale-epoch': 3 });
    expect(aligner.advance(100, NOW_WALL_MS)).toEqual([]);
    aligner.pushAudio(sound(0, 3 * rateHz, 200, 2));
    expect(aligner.advance(200, NOW_WALL_MS)).toMatchObject([{ frame: { epoch: 2 }, alignment: 'aligned' }]);
  });

  it('needs new reports after a reconnect', () => {
    const aligner = new WindowAligner(OPTIONS);
    aligner.setTracks(tracks('sender-reports'));
    const play = (epoch: number, startUs: number): string[] => {
      aligner.pushAudio(sound(0, 3 * rateHz, startUs + 3_000_000, epoch));
      aligner.pushFrame(frame(52_500_000, startUs + 3_000_000, epoch));
      return alignments(aligner.advance(startUs + 3_000_000, NOW_WALL_MS));
    };
    // By arrival, video time is audio time + 49.5 s; the reports say 50 s: the frame shows 2.5 s.
    aligner.pushReport(report('video', 50_000_000, 7_000_000, 0));
    aligner.pushReport(report('audio', 0, 7_000_000, 0));
    expect(play(1, 0)).toEqual(['aligned']);
    expect(play(2, 10_000_000)).toEqual(['unaligned']);
    expect(aligner.clock(13_000_000)).toMatchObject({ reason: 'no-reports', offsetUs: 49_500_000 });
  });

  it('shows the sound’s bounds on the video clock', () => {
    const aligner = new WindowAligner(OPTIONS);
    aligner.setTracks(tracks('sender-reports'));
    aligner.pushReport(report('video', 50_000_000, 7_000_000, 0));
    aligner.pushReport(report('audio', 0, 7_000_000, 0));
    aligner.pushAudio(sound(0, 3 * rateHz, 3_000_000));
    aligner.pushFrame(frame(52_500_000, 3_000_000));
    expect(aligner.advance(3_000_000, NOW_WALL_MS)).toMatchObject([
      { endSample: 55_125, audioWindow: { startUs: 51_500_000, endUs: 52_500_000 }, alignment: 'aligned' },
    ]);
  });

  it('refuses reports that are a minute wrong, and goes on unaligned', () => {
    const aligner = new WindowAligner(OPTIONS);
    aligner.setTracks(tracks('sender-reports'));
    aligner.pushReport(report('video', 0, 67_000_000, 0));
    aligner.pushReport(report('audio', 0, 7_000_000, 0));
    aligner.pushAudio(sound(0, 3 * rateHz, 3_000_000));
    aligner.pushFrame(frame(2_500_000, 3_000_000));
    expect(aligner.advance(3_000_000, NOW_WALL_MS)).toMatchObject([{ alignment: 'unaligned', skewUs: null }]);
    expect(aligner.clock(3_000_000)?.reason).toBe('implausible-reports');
  });

  it('gives results however much the sound lags, dropping the newest waiting frames', () => {
    const { aligner, drops } = aligned();
    let answered = 0;
    const lagUs = 450_000;
    // 100 pictures a second, twelve seconds, sound 450 ms behind: 45 frames would wait, 8 may.
    for (let us = 0; us < 12_000_000; us += 10_000) {
      aligner.pushFrame(frame(us, us));
      const heardTo = Math.floor(((us - lagUs) * rateHz) / 1e6);
      const held = aligner.audio.endSample ?? 0;
      if (heardTo > held) aligner.pushAudio(sound(held, heardTo - held, us));
      expect(aligner.waiting).toBeLessThanOrEqual(8);
      answered += aligner.advance(us, NOW_WALL_MS).filter((w) => w.alignment === 'aligned').length;
    }
    expect(answered).toBeGreaterThan(100);
    expect(answered + drops['align-full']!).toBeGreaterThan(1000);
  });

  it('bounds the waiting frames in bytes, but always takes one', () => {
    const { aligner, drops } = aligned({ maxWaitingBytes: 1000 });
    aligner.pushFrame(frame(1, 0, 1, 5000));
    expect([aligner.waiting, drops]).toEqual([1, {}]);
    aligner.pushFrame(frame(2, 0, 1, 600));
    aligner.pushFrame(frame(3, 0, 1, 600));
    expect([aligner.waiting, drops]).toEqual([1, { 'align-full': 2 }]);
  });

  it('drops and counts sound at another rate', () => {
    const { aligner, drops } = aligned();
    aligner.pushAudio({ ...sound(0, 100, 0), rateHz: 48_000 });
    expect([aligner.audio.endSample, drops]).toEqual([null, { 'wrong-rate': 1 }]);
  });

  it('forgets all on reset, the epoch too', () => {
    const { aligner, drops } = aligned();
    aligner.pushFrame(frame(1, 0));
    aligner.reset();
    expect([aligner.waiting, drops]).toEqual([0, { 'stale-epoch': 1 }]);
    aligner.setTracks(tracks('shared', true, 0));
    aligner.pushAudio(sound(0, 2 * rateHz, 0, 0));
    aligner.pushFrame(frame(1_000_000, 0, 0));
    expect(alignments(aligner.advance(0, NOW_WALL_MS))).toEqual(['aligned']);
  });
});

describe('window aligner, whatever comes (property)', () => {
  const step = fc.oneof(
    {
      weight: 80,
      arbitrary: fc.record({ kind: fc.constant('sound'), count: fc.integer({ min: 1, max: 3000 }) }),
    },
    {
      weight: 80,
      arbitrary: fc.record({ kind: fc.constant('frame'), count: fc.integer({ min: -rateHz, max: rateHz }) }),
    },
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constant('gap'), count: fc.integer({ min: 200, max: 8000 }) }),
    },
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constant('overlap'), count: fc.integer({ min: 200, max: 8000 }) }),
    },
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constant('wait'), count: fc.integer({ min: 1, max: 700 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('jump'), count: fc.integer({ min: -9e9, max: 9e9 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('reconnect'), count: fc.integer({ min: -9e9, max: 9e9 }) }),
    },
  );

  /** A frame stands behind one that waits until the ring has lost the first sample of its window. */
  const waitsForTheRing = [
    { kind: 'frame', count: 0 },
    { kind: 'jump', count: -5 * rateHz - 1 },
    ...Array.from({ length: 8 }, () => ({ kind: 'sound', count: 2179 })),
    { kind: 'frame', count: 0 },
    ...Array.from({ length: 32 }, () => ({ kind: 'sound', count: 2200 })),
    { kind: 'sound', count: 368 },
  ];

  it('gives exactly the samples that the signal has at the window’s positions', () => {
    let checked = 0;
    let withGaps = 0;
    let lates = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: -6e10, max: 6e10 }),
        fc.array(step, { minLength: 60, maxLength: 250 }),
        fc.integer({ min: 0, max: 500 }),
        (origin, steps, lookaheadMs) => {
          let epoch = 1;
          let next = origin;
          let nowUs = 0;
          let frames = 0;
          let answers = 0;
          let dropped = 0;
          /** Which positions were ever sent since the axis was last set anew. */
          let sent: [number, number][] = [];
          const samples = new Float32Array(windowSamples);
          const expected = new Float32Array(windowSamples);
          const counting = new WindowAligner({ ...OPTIONS, lookaheadMs }, (_, count) => (dropped += count));
          counting.setTracks(tracks('shared'));
          const check = (window: AlignedWindow): void => {
            answers++;
            if (window.endSample === null) {
              expect(window.audioWindow).toBeNull();
              lates++;
              return;
            }
            const targetUs = BigInt(window.frame.ptsUs + lookaheadMs * 1000);
            // Floor of (2 t r + 1e6) / 2e6, for negative times too.
            const doubled = 2n * targetUs * BigInt(rateHz) + 1_000_000n;
            const floored = doubled / 2_000_000n - (doubled < 0n && doubled % 2_000_000n !== 0n ? 1n : 0n);
            expect(BigInt(window.endSample)).toBe(floored);
            expect(window.frame.epoch).toBe(epoch);
            const start = window.endSample - windowSamples;
            expected.fill(0);
            let present = 0;
            // A frame that had to wait may find the first of its window gone again.
            const heldFrom = (sent.at(-1)?.[1] ?? 0) - counting.audio.capacity;
            for (const [from, to] of sent) {
              for (let p = Math.max(from, start, heldFrom); p < Math.min(to, window.endSample); p++) {
                if (expected[p - start] === 0) present++;
                expected[p - start] = valueAt(p);
              }
            }
            const missing = counting.audio.read(window.endSample, windowSamples, samples);
            expect(missing).toBe(windowSamples - present);
            expect(window.missingSamples).toBe(missing);
            expect(missing).toBeLessThanOrEqual(windowSamples / 4);
            if (Buffer.compare(new Uint8Array(samples.buffer), new Uint8Array(expected.buffer)) !== 0) {
              expect(samples).toEqual(expected);
            }
            checked++;
            if (missing > 0) withGaps++;
          };

          for (const { kind, count } of steps) {
            nowUs += 1000;
            if (kind === 'sound') {
              counting.pushAudio(sound(next, count, nowUs, epoch));
              sent.push([next, next + count]);
              next += count;
            } else if (kind === 'overlap') {
              const end = sent.at(-1)?.[1];
              if (end === undefined) continue;
              counting.pushAudio(sound(end - count, count + 500, nowUs, epoch));
              // What the ring held already stays, gaps included: only the part past the end counts.
              sent.push([end, end + 500]);
              next = end + 500;
            } else if (kind === 'frame') {
              counting.pushFrame(frame(usOf(next + count), nowUs, epoch));
              frames++;
            } else if (kind === 'gap') {
              next += count;
            } else if (kind === 'wait') {
              nowUs += count * 1000;
            } else if (kind === 'reconnect') {
              epoch++;
              next += count;
              sent = [];
              counting.setTracks(tracks('shared', true, epoch));
            } else if (Math.abs(count) > 5 * rateHz) {
              next += count;
              sent = [];
              counting.pushAudio(sound(next, 1, nowUs, epoch));
              sent.push([next, next + 1]);
              next++;
            }
            for (const window of counting.advance(nowUs, NOW_WALL_MS)) check(window);
          }
          for (const window of counting.advance(nowUs + 10_000_000, NOW_WALL_MS)) check(window);
          expect(counting.waiting).toBe(0);
          expect(answers + dropped).toBe(frames);
        },
      ),
      { numRuns: 150, examples: [[0, waitsForTheRing, 0]] },
    );
    expect(checked).toBeGreaterThan(300);
    expect(withGaps).toBeGreaterThan(20);
    expect(lates).toBeGreaterThan(300);
  });

  it('keeps windows whole and within a millisecond when stamps are rounded to milliseconds', () => {
    let checked = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6e10 }),
        fc.array(fc.integer({ min: 100, max: 2500 }), { minLength: 40, maxLength: 80 }),
        fc.constantFrom(Math.floor, Math.round, Math.ceil),
        (origin, counts, round) => {
          const { aligner } = aligned();
          const samples = new Float32Array(windowSamples);
          let position = origin;
          for (const count of counts) {
            aligner.pushAudio(sound(position, count, 0, 1, round(usOf(position) / 1000) * 1000));
            position += count;
            if (position < origin + windowSamples + 100) continue;
            aligner.pushFrame(frame(usOf(position - 60), 0));
            const windows = aligner.advance(0, NOW_WALL_MS);
            expect(windows).toMatchObject([{ alignment: 'aligned', missingSamples: 0 }]);
            aligner.audio.read(windows[0]!.endSample!, windowSamples, samples);
            const first = samples[0]! * 2_097_152 - 1;
            const wanted = (position - 60 - windowSamples) % 1_048_576;
            const shift = ((((first - wanted + 524_288) % 1_048_576) + 1_048_576) % 1_048_576) - 524_288;
            expect(Math.abs(shift)).toBeLessThanOrEqual(23);
            for (let i = 0; i < windowSamples; i += 97) {
              expect(samples[i]).toBe(valueAt(first + i));
            }
            checked++;
          }
        },
      ),
      { numRuns: 25 },
    );
    expect(checked).toBeGreaterThan(300);
  });
});

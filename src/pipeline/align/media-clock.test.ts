import { describe, expect, it } from 'vitest';
import { ArrivalFloor } from './arrival-floor.ts';
import { MediaClock } from './media-clock.ts';

/** Monotonic time of media time 0 of the sender. */
const START_US = 3_000_000_000;
/** What the video and audio clocks read at the sender's media time 0. */
const VIDEO_US = 90_000_000;
const AUDIO_US = 20_000_000;
const TRUE_OFFSET_US = VIDEO_US - AUDIO_US;
const WALL_US = 1_750_000_000_000_000;

/** A sender whose video arrives 80 ms and audio 60 ms after capture, with a little jitter that only adds. */
function play(clock: MediaClock, fromMs: number, toMs: number, audioJumpUs = 0): void {
  for (let ms = fromMs; ms < toMs; ms += 20) {
    const jitterUs = (ms % 7) * 900;
    clock.audioArrived(AUDIO_US + ms * 1000 + audioJumpUs, START_US + ms * 1000 + 60_000 + jitterUs, false);
    if (ms % 40 === 0) {
      clock.videoArrived(VIDEO_US + ms * 1000, START_US + ms * 1000 + 80_000 + jitterUs);
    }
  }
}

function report(clock: MediaClock, track: 'audio' | 'video', ms: number, errorUs = 0): void {
  clock.report({
    sourceId: 'cam',
    track,
    epoch: 1,
    ptsUs: (track === 'audio' ? AUDIO_US : VIDEO_US) + ms * 1000,
    senderWallUs: WALL_US + ms * 1000 + errorUs,
    arrivalUs: START_US + ms * 1000 + 70_000,
  });
}

const at = (ms: number): number => START_US + ms * 1000;

describe('arrival floor', () => {
  it('forgets what is older than five seconds, and only then', () => {
    const floor = new ArrivalFloor();
    expect(floor.delayUs()).toBeNull();
    floor.push(0, 1000);
    for (let us = 20_000; us <= 4_900_000; us += 20_000) floor.push(us, us + 5000);
    expect(floor.delayUs()).toBe(1000);
    for (let us = 4_920_000; us <= 5_600_000; us += 20_000) floor.push(us, us + 5000);
    expect(floor.delayUs()).toBe(5000);
    floor.reset();
    expect(floor.delayUs()).toBeNull();
  });
});

describe('media clock', () => {
  it('is aligned at once on a shared clock, user correction included', () => {
    const clock = new MediaClock(-12.5);
    clock.setTiming('shared');
    expect(clock.read(0)).toMatchObject({ status: 'aligned', reason: null, offsetUs: -12_500, skewUs: 0 });
  });

  /** Like `play`, with delays beside the usual for each track. */
  function late(clock: MediaClock, fromMs: number, toMs: number, audioUs: number, videoUs: number): void {
    for (let ms = fromMs; ms < toMs; ms += 20) {
      clock.audioArrived(AUDIO_US + ms * 1000, at(ms) + 60_000 + audioUs, false);
      if (ms % 40 === 0) clock.videoArrived(VIDEO_US + ms * 1000, at(ms) + 80_000 + videoUs);
    }
  }

  it('notices within two seconds that the clock of a muted microphone stood still', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 4000);
    report(clock, 'video', 4000);
    report(clock, 'audio', 4000);
    expect(clock.read(at(4000))).toMatchObject({ status: 'aligned' });
    for (let ms = 4000; ms < 6000; ms += 40) clock.videoArrived(VIDEO_US + ms * 1000, at(ms) + 80_000);
    play(clock, 6000, 8000, -2_000_000);
    const muted = clock.read(at(8000))!;
    expect(muted.reason).toBe('no-reports');
    expect(Math.abs(muted.offsetUs - (TRUE_OFFSET_US + 2_000_000 - 20_000))).toBeLessThan(15_000);
  });

  it('keeps the tie through a stall of the network, for sound alone and for both, and through a longer way', () => {
    for (const [audioAway, videoAway] of [
      [true, false],
      [true, true],
    ]) {
      const clock = new MediaClock(0);
      play(clock, 0, 4000);
      report(clock, 'video', 4000);
      report(clock, 'audio', 4000);
      const tied = clock.read(at(4000))!;
      // What was held up for two seconds arrives within 30 ms, then all is as before.
      for (let ms = 4000; ms < 6000; ms += 20) {
        const heldUs = (6000 - ms) * 1000 + (ms - 4000) * 15;
        late(clock, ms, ms + 20, audioAway === true ? heldUs : 0, videoAway === true ? heldUs : 0);
        expect(clock.read(at(ms))).toMatchObject({ status: 'aligned', offsetUs: tied.offsetUs });
      }
      play(clock, 6000, 9000);
      late(clock, 9000, 13_000, 400_000, 400_000);
      expect(clock.read(at(13_000))).toMatchObject({ status: 'aligned', offsetUs: tied.offsetUs });
    }
  });

  it('knows nothing until both tracks arrived', () => {
    const clock = new MediaClock(0);
    clock.videoArrived(0, 1);
    expect(clock.read(2)).toBeNull();
  });

  it('goes by arrival until both tracks reported', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 2000);
    report(clock, 'video', 700);
    expect(clock.read(at(2000))).toEqual({
      status: 'unaligned',
      reason: 'no-reports',
      // Video takes 20 ms longer, which arrival cannot know.
      offsetUs: TRUE_OFFSET_US - 20_000,
      skewUs: null,
      arrivalDisagreementUs: null,
      reportAgeUs: null,
    });
    report(clock, 'audio', 1900);
    expect(clock.read(at(2400))).toEqual({
      status: 'aligned',
      reason: null,
      offsetUs: TRUE_OFFSET_US,
      skewUs: 0,
      arrivalDisagreementUs: 20_000,
      reportAgeUs: 1_630_000,
    });
  });

  it('aligns late when the reports come late', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 40_000);
    expect(clock.read(at(40_000))?.status).toBe('unaligned');
    report(clock, 'audio', 40_000);
    report(clock, 'video', 40_000);
    expect(clock.read(at(40_000))).toMatchObject({ status: 'aligned', offsetUs: TRUE_OFFSET_US });
  });

  it('publishes how far the newest reports are from what is used', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 20_000);
    for (const [ms, errorUs] of [
      [5000, 0],
      [10_000, 200],
      [15_000, 3000],
    ] as const) {
      report(clock, 'video', ms);
      report(clock, 'audio', ms, errorUs);
    }
    // The median is 200; the newest says 3000 more: the sound is placed 2.8 ms too early.
    expect(clock.read(at(20_000))).toMatchObject({ offsetUs: TRUE_OFFSET_US + 200, skewUs: -2800 });
  });

  it.each([60e6, -60e6, 2.1e6, -2.1e6])('refuses reports that are wrong by %i us', (errorUs) => {
    const clock = new MediaClock(0);
    play(clock, 0, 5000);
    report(clock, 'video', 4000);
    report(clock, 'audio', 4000, errorUs);
    const reading = clock.read(at(5000));
    expect(reading).toMatchObject({
      status: 'unaligned',
      reason: 'implausible-reports',
      offsetUs: TRUE_OFFSET_US - 20_000,
      skewUs: null,
      arrivalDisagreementUs: errorUs + 20_000,
    });
  });

  it('lets reports grow stale after ten minutes', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 1000);
    report(clock, 'video', 900);
    report(clock, 'audio', 900);
    expect(clock.read(at(600_900))?.status).toBe('aligned');
    expect(clock.read(at(601_100))).toMatchObject({ status: 'unaligned', reason: 'stale-reports' });
  });

  it('voids the tie when the audio clock is set anew, and keeps it over a silence', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 1000);
    report(clock, 'video', 900);
    report(clock, 'audio', 900);
    clock.audioArrived(AUDIO_US + 31_000_000, at(31_060), true);
    expect(clock.read(at(31_060))?.status).toBe('aligned');
    clock.audioArrived(7_000_000, at(31_080), true);
    expect(clock.read(at(31_080))).toMatchObject({ status: 'unaligned', reason: 'no-reports' });
  });

  it('voids the tie when the video clock goes back', () => {
    const clock = new MediaClock(0);
    play(clock, 0, 1000);
    report(clock, 'video', 900);
    report(clock, 'audio', 900);
    clock.videoArrived(VIDEO_US, at(1100));
    expect(clock.read(at(1100))?.status).toBe('unaligned');
  });

  it('forgets everything on reset', () => {
    const clock = new MediaClock(0);
    clock.setTiming('shared');
    play(clock, 0, 1000);
    clock.reset();
    expect(clock.read(at(1000))).toBeNull();
    expect(clock.captureWallMs(VIDEO_US, 5)).toBe(5);
  });

  it.each([
    ['80 ms ago', 80, 80],
    ['20 ms in the future: clocks differ a little', -20, 0],
    ['51 ms in the future', -51, 0],
    ['9.9 s ago', 9900, 9900],
    ['an hour ago: not believed', 3_600_000, 0],
  ])('dates a picture captured %s', (_, latencyMs, expectedMs) => {
    const clock = new MediaClock(0);
    report(clock, 'video', 1000);
    const arrivalWallMs = WALL_US / 1000 + 1000 + latencyMs;
    expect(arrivalWallMs - clock.captureWallMs(VIDEO_US + 1_000_000, arrivalWallMs)).toBe(expectedMs);
  });

  it('calls a sender clock wrong that is an hour off, and right again only when it is clearly so', () => {
    const clock = new MediaClock(0);
    const seen = (latencyMs: number): boolean => {
      clock.captureWallMs(VIDEO_US + 1_000_000, WALL_US / 1000 + 1000 + latencyMs);
      return clock.wallIsWrong;
    };
    expect(seen(80)).toBe(false);
    report(clock, 'video', 1000);
    expect([80, -900, 9900, -3_600_000, -900, 3_600_000, 9900, 80].map(seen)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(seen(-1100)).toBe(true);
    clock.reset();
    expect(clock.wallIsWrong).toBe(false);
  });
});

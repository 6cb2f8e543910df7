import { describe, expect, it } from 'vitest';
import type { SenderReport } from '../types.ts';
import { ReportOffset } from './report-offset.ts';

const WALL_US = 1_750_000_000_000_000;

function report(track: 'audio' | 'video', ptsUs: number, errorUs = 0): SenderReport {
  // The audio clock started 700 ms after the video clock: offset 700,000.
  const startUs = track === 'audio' ? 700_000 : 0;
  return {
    sourceId: 'cam',
    track,
    epoch: 1,
    ptsUs,
    senderWallUs: WALL_US + startUs + ptsUs + errorUs,
    arrivalUs: ptsUs + startUs,
  };
}

/** Feeds pairs of reports, 5 s apart, whose audio report errs as told; answers the offset after each. */
function offsetsAfter(errorsUs: readonly number[]): (number | null)[] {
  const offset = new ReportOffset();
  return errorsUs.map((errorUs, i) => {
    offset.push(report('video', i * 5_000_000));
    offset.push(report('audio', i * 5_000_000 - 300_000, errorUs));
    return offset.offsetUs();
  });
}

const RIGHT = 700_000;

describe('report offset', () => {
  it('needs one report of each track', () => {
    const offset = new ReportOffset();
    for (let i = 0; i < 4; i++) offset.push(report('video', i * 1_000_000));
    expect(offset.offsetUs()).toBeNull();
    expect(offset.arrivalUs()).toBeNull();
    offset.push(report('audio', 3_000_000));
    expect(offset.offsetUs()).toBe(RIGHT);
    expect(offset.arrivalUs()).toBe(3_000_000);
  });

  it.each([
    ['a first report that is a picture off', [33_000, 0, 0], [RIGHT + 33_000, RIGHT, RIGHT]],
    ['a wild first report', [9e6, 0, 0], [RIGHT + 9e6, RIGHT, RIGHT]],
    [
      'small scatter: the median',
      [100, -300, 200, 0, -50],
      [RIGHT + 100, RIGHT - 300, RIGHT + 100, RIGHT + 100, RIGHT],
    ],
    ['one outlier', [0, 0, 400_000, 0], [RIGHT, RIGHT, RIGHT, RIGHT]],
    ['two outliers that disagree', [0, 0, 4e5, -8e5, 0], [RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]],
    ['a true jump, once confirmed', [0, 0, 4e5, 4e5, 4e5], [RIGHT, RIGHT, RIGHT, RIGHT + 4e5, RIGHT + 4e5]],
  ])('takes %s', (_, errorsUs, expected) => {
    expect(offsetsAfter(errorsUs)).toEqual(expected);
  });

  it('is not moved by a step of the wall clock that reaches the tracks one after the other', () => {
    const offset = new ReportOffset();
    const seen = new Set<number | null>();
    for (let i = 0; i < 20; i++) {
      // The camera's clock is set by 1.5 s between the video and the audio report of round 8.
      offset.push(report('video', i * 5_000_000, i > 8 ? 1_500_000 : 0));
      offset.push(report('audio', i * 5_000_000, i >= 8 ? 1_500_000 : 0));
      seen.add(offset.offsetUs());
    }
    expect([...seen]).toEqual([RIGHT]);
  });

  it('tells the sender’s wall time from the newest video report', () => {
    const offset = new ReportOffset();
    expect(offset.senderWallUs(5)).toBeNull();
    offset.push(report('video', 1_000_000));
    expect(offset.senderWallUs(1_500_000)).toBe(WALL_US + 1_500_000);
  });
});

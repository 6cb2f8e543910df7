import { describe, expect, it } from 'vitest';
import { Suspects } from './suspects.ts';

const S = 1_000_000;

/** Lets a source fail alone again and again, and gives the pauses it was put to, in seconds. */
function pauses(
  suspects: Suspects<object>,
  source: object,
  count: number,
  between: (us: number) => void,
): number[] {
  let nowUs = 0;
  return Array.from({ length: count }, () => {
    suspects.failed([source], nowUs);
    const beganUs = nowUs;
    while (suspects.isPaused(source, nowUs)) nowUs += S / 10;
    between(nowUs);
    nowUs += 1;
    return (nowUs - 1 - beganUs) / S;
  });
}

describe('Suspects', () => {
  it('makes suspects of all members of a batch, and clears those that succeed alone', () => {
    const suspects = new Suspects<object>();
    const [good, bad] = [{}, {}];
    suspects.failed([good, bad], 0);
    expect([suspects.has(good), suspects.has(bad)]).toEqual([true, true]);
    expect(suspects.isPaused(bad, 1)).toBe(false);
    suspects.succeeded(good, 1);
    expect([suspects.has(good), suspects.has(bad)]).toEqual([false, true]);
  });

  it('pauses what fails alone ever longer, though not long while nothing else succeeds', () => {
    expect(pauses(new Suspects(), {}, 8, () => undefined)).toEqual([0, 0.5, 1, 2, 4, 5, 5, 5]);
  });

  it('pauses it for longer where others are answered meanwhile', () => {
    const suspects = new Suspects<object>();
    const other = {};
    const succeed = (us: number): void => suspects.succeeded(other, us + 1);
    expect(pauses(suspects, {}, 9, succeed)).toEqual([0, 0.5, 1, 2, 4, 8, 16, 30, 30]);
  });
});

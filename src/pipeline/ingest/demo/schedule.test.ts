import { describe, expect, it } from 'vitest';
import { createSchedule } from './schedule.ts';

const RATE_HZ = 22_050;
const cyclesS = [null, 1, null, null, null, null];

describe('createSchedule', () => {
  const schedule = createSchedule(3, cyclesS, RATE_HZ);
  const hour = Math.ceil((3600 * RATE_HZ) / schedule.segmentSamples);

  it('gives everyone a turn in every round, nobody two running, duets and pauses throughout an hour', () => {
    let duets = 0;
    let turns = 0;
    let before = -1;
    for (let segment = 0; segment < hour; segment += cyclesS.length) {
      const mains = new Set<number>();
      for (let k = segment; k < segment + cyclesS.length; k++) {
        const [main, partner] = schedule.turnsOf(k);
        expect(main!.actor).not.toBe(before);
        expect(partner?.actor).not.toBe(main!.actor);
        before = main!.actor;
        mains.add(main!.actor);
        turns++;
        if (partner !== undefined) {
          const overlap =
            Math.min(main!.startSample + main!.sampleCount, partner.startSample + partner.sampleCount) -
            Math.max(main!.startSample, partner.startSample);
          expect(overlap).toBeGreaterThan(1.5 * RATE_HZ);
          duets++;
        }
      }
      expect(mains.size).toBe(cyclesS.length);
    }
    expect(turns).toBeGreaterThan(540);
    expect(duets / turns).toBeGreaterThan(0.3);
    expect(duets / turns).toBeLessThan(0.5);
  });

  it('keeps every turn inside its segment and the last 1.5 s of it silent', () => {
    for (let segment = 0; segment < hour; segment++) {
      for (const { startSample, sampleCount } of schedule.turnsOf(segment)) {
        const start = startSample - segment * schedule.segmentSamples;
        expect(start).toBeGreaterThan(0);
        expect(sampleCount).toBeGreaterThan(1.5 * RATE_HZ);
        expect(start + sampleCount).toBeLessThanOrEqual(schedule.segmentSamples - 1.5 * RATE_HZ);
      }
    }
  });

  it('starts the turns of a cyclic actor on whole cycles', () => {
    for (let segment = 0; segment < hour; segment++) {
      for (const { actor, startSample } of schedule.turnsOf(segment)) {
        if (actor === 1) expect(startSample % RATE_HZ).toBe(0);
      }
    }
  });

  it('follows from the seed and the segment alone', () => {
    const far = 5_000_000;
    expect(createSchedule(3, cyclesS, RATE_HZ).turnsOf(far)).toEqual(schedule.turnsOf(far));
    const other = createSchedule(4, cyclesS, RATE_HZ);
    expect([0, 1, 2].map((k) => other.turnsOf(k))).not.toEqual([0, 1, 2].map((k) => schedule.turnsOf(k)));
  });
});

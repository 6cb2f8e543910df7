import { describe, expect, it } from 'vitest';
import { castClasses, silentPose } from './actor.ts';
import { cast, perform } from './cast.ts';
import { Extent } from './extent.ts';
import { Pen } from './pen.ts';
import { Raster } from './raster.ts';

const RATE_HZ = 22_050;

function drawn(className: (typeof castClasses)[number], seed: number, sounding: boolean): Raster {
  const actor = cast[className](seed);
  const raster = new Raster(400, 400, { mask: true });
  const pen = new Pen(raster);
  const { notes } = perform(actor, 3 * RATE_HZ, RATE_HZ, 1);
  const pose = sounding ? { timeS: 8, notes, elapsedS: notes[0]!.startS + 0.07 } : silentPose(8);
  pen.within(200, 370, () => actor.draw(pen, pose));
  return raster;
}

describe.each(castClasses)('%s', (className) => {
  it('fills about the size that it states, standing on its origin', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const actor = cast[className](seed);
      expect(actor.className).toBe(className);
      const extent = new Extent(400, 400);
      const pen = new Pen(extent);
      pen.within(200, 370, () => actor.draw(pen, silentPose(3)));
      const box = extent.take()!;
      expect((box.width * 400) / actor.size.width).toBeGreaterThan(0.8);
      expect((box.width * 400) / actor.size.width).toBeLessThan(1.25);
      expect((box.height * 400) / actor.size.height).toBeGreaterThan(0.8);
      expect((box.height * 400) / actor.size.height).toBeLessThan(1.25);
    }
  });

  it('looks the same for the same seed, different for others, and moves while it sounds', () => {
    const idle = drawn(className, 1, false).rgb;
    expect(drawn(className, 1, false).rgb).toEqual(idle);
    const others = [2, 3, 4, 5, 6].filter(
      (seed) => Buffer.compare(drawn(className, seed, false).rgb, idle) !== 0,
    );
    expect(others.length).toBeGreaterThanOrEqual(4);
    if (className === 'clock' || className === 'helicopter') return;
    expect(Buffer.compare(drawn(className, 1, true).rgb, idle)).not.toBe(0);
  });

  it('sounds in notes that fit the phrase, at a pleasant level, without clicks at the ends', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { notes, samples } = perform(cast[className](seed), 3 * RATE_HZ, RATE_HZ, seed);
      expect(notes.length).toBeGreaterThan(0);
      for (const [i, note] of notes.entries()) {
        expect(note.startS).toBeGreaterThanOrEqual(notes[i - 1]?.startS ?? 0);
        expect(note.startS + note.durationS).toBeLessThanOrEqual(3.0001);
      }
      let peak = 0;
      let energy = 0;
      for (const sample of samples) {
        peak = Math.max(peak, Math.abs(sample));
        energy += sample * sample;
      }
      expect(peak).toBeLessThanOrEqual(0.5001);
      expect(Math.sqrt(energy / samples.length)).toBeGreaterThan(0.008);
      expect(Math.abs(samples.at(-1)!)).toBe(0);
      expect(Math.abs(samples.at(-20)!)).toBeLessThan(0.01);
    }
  });

  it('sounds bit-equal for equal seeds and different for others', () => {
    const sound = (actorSeed: number, phraseSeed: number): Float32Array =>
      perform(cast[className](actorSeed), RATE_HZ * 2, RATE_HZ, phraseSeed).samples;
    expect(sound(7, 1)).toEqual(sound(7, 1));
    expect(sound(8, 1)).not.toEqual(sound(7, 1));
  });
});

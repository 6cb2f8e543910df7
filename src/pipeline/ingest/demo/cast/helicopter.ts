/** A helicopter: blades that slap the air, and a turbine. */

import type { Actor, Note, Pose } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, LowPass, Saw } from '../dsp.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, wander } from '../random.ts';

export function createHelicopter(seed: number): Actor {
  const random = createRandom(seed);
  const paint = random.pick([0xc4493f, 0x3f6f96, 0x4d7a55, 0xd8a23c, 0xe6e2d8]);
  const bladeHz = random.between(10.5, 16);
  const turbineHz = random.between(900, 1700);
  return {
    className: 'helicopter',
    size: { width: 150, height: 76 },
    cycleS: null,
    draw: (pen, pose) => drawHelicopter(pen, paint, seed, pose),
    compose: (durationS) => [
      { startS: 0, durationS, pitchesHz: [bladeHz, turbineHz], strength: 1, timbre: 0 },
    ],
    synthesise: (notes, out, rateHz) => {
      for (const note of notes) chop(out, rateHz, note, seed);
    },
  };
}

/** Each blade's passing is a low thump and a slap of noise; between them wash, gears and turbine. */
function chop(out: Float32Array, rateHz: number, note: Note, seed: number): void {
  const noise = createNoise(seed);
  const slapBand = new BandPass().tune(420, 600, rateHz);
  const thumpBand = new BandPass().tune(85, 70, rateHz);
  const wash = new LowPass().tune(420, rateHz);
  const mid = new BandPass().tune(600, 900, rateHz);
  const hiss = new BandPass().tune(2600, 2200, rateHz);
  const gear = new Saw();
  const [bladeHz = 12, turbineHz = 1200] = note.pitchesHz;
  let phase = 0;
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    phase += (bladeHz * (1 + 0.015 * Math.sin(0.9 * t))) / rateHz;
    if (phase >= 1) phase -= 1;
    const slap = Math.exp(-phase * 4) * Math.min(1, phase * 40);
    const n = noise();
    const thump = thumpBand.next(n * 0.6 + slap * Math.sin(2 * Math.PI * 85 * (phase / bladeHz)));
    const roar = (0.75 + 0.25 * slap) * (1.3 * wash.next(n) + 0.7 * mid.next(n) + 0.12 * hiss.next(n));
    const voice = 1.6 * thump + 1 * slapBand.next(n * slap) + roar;
    const turbine =
      0.02 * Math.sin(2 * Math.PI * turbineHz * t) + 0.012 * gear.next(turbineHz * 0.37, rateHz);
    // It comes from afar and goes again.
    return (voice + turbine) * envelope(t, note.durationS, 0.3, 0.4);
  });
}

/** Looks to the left; the rotor's disc is a blur with blades that flicker through it. */
function drawHelicopter(pen: Pen, paint: Color, seed: number, pose: Pose): void {
  const { timeS } = pose;
  const pitch = 0.05 * wander(seed, timeS, 3.5) + 0.03;
  pen.within(
    0,
    -34,
    () => {
      pen.curve(
        [14, -6, 48, -10, 76, -13],
        15,
        linear(0, -14, 0, 0, lighter(paint, 0.1), darker(paint, 0.2)),
        5,
      );
      pen.polygon([66, -12, 80, -34, 88, -34, 80, -10], darker(paint, 0.12));
      pen.circle(83, -22, 13, translucent(0x3a3a40, 0.22));
      const tailAngle = timeS * 31;
      pen.line(
        [
          83 - 12 * Math.cos(tailAngle),
          -22 - 12 * Math.sin(tailAngle),
          83 + 12 * Math.cos(tailAngle),
          -22 + 12 * Math.sin(tailAngle),
        ],
        2.4,
        0x4a4648,
      );
      for (const x of [-22, 8]) pen.line([x, 14, x - 3, 27], 3.2, 0x4a4648);
      pen.curve([-42, 24, -36, 28, 0, 28, 20, 28], 3.6, 0x4a4648);
      pen.blob(
        [-52, 4, -48, -12, -28, -24, 2, -25, 22, -16, 28, -2, 16, 14, -16, 18, -42, 15],
        linear(0, -24, 0, 18, lighter(paint, 0.16), darker(paint, 0.24)),
      );
      pen.blob(
        [-49, 2, -45, -10, -29, -19, -14, -19, -14, 0, -30, 4],
        linear(-45, -18, -20, 4, 0xd6ecf2, 0x7fa6b8),
      );
      pen.roundRect(-8, -17, 19, 16, 4, linear(0, -17, 0, -1, 0xcfe6ee, 0x86aabb));
      pen.curve([-44, 8, -10, 9, 24, 3], 3, 0xf6efe0);
      pen.roundRect(-12, -31, 22, 8, 3, darker(paint, 0.35));
      pen.line([-1, -28, -1, -40], 4, 0x4a4648);
      pen.ellipse(-1, -40, 72, 6, translucent(0x3a3a40, 0.22));
      for (const blade of [0, 1]) {
        const reach = 72 * Math.cos(timeS * 23 + blade * (Math.PI / 2));
        pen.line([-1 - reach, -40, -1 + reach, -40], 2.8, translucent(0x2f2d30, 0.75));
      }
      pen.circle(-1, -40, 4, 0x3a3a3e);
    },
    pitch,
  );
}

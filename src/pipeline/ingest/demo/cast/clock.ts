/** A pendulum clock whose tick-tock comes when the bob passes the middle. */

import type { Actor, Note, Pose } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, LowPass } from '../dsp.ts';
import type { Color } from '../paint.ts';
import { darker, glow, lighter, linear, radial, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash } from '../random.ts';

interface Case {
  wood: Color;
  dial: Color;
  metal: Color;
  /** Full swing there and back. */
  periodS: number;
  offsetS: number;
}

export function createClock(seed: number): Actor {
  const random = createRandom(seed);
  const beatS = 1 / random.pick([2, 2, 2.5, 3]);
  const clock: Case = {
    wood: random.pick([0x7a4a2c, 0x5c3524, 0x8f5f38, 0x4a3a34]),
    dial: random.pick([0xf8f0dc, 0xfdfaf2, 0xefe3c4]),
    metal: random.pick([0xd8ab4a, 0xcfd0cc, 0xc58a4c]),
    periodS: 2 * beatS,
    offsetS: random.between(0, 43_000),
  };
  const toneHz = random.between(1900, 2800);
  const bodyHz = random.between(380, 620);
  return {
    className: 'clock',
    size: { width: 92, height: 190 },
    cycleS: clock.periodS,
    draw: (pen, pose) => drawClock(pen, clock, pose),
    compose: (durationS) => {
      const notes: Note[] = [];
      for (let i = 0; i * beatS + 0.15 <= durationS; i++) {
        notes.push({
          startS: i * beatS,
          durationS: Math.min(beatS, durationS - i * beatS),
          pitchesHz: [toneHz * (i % 2 === 0 ? 1 : 0.82)],
          strength: i % 2 === 0 ? 1 : 0.85,
          timbre: i % 2,
        });
      }
      return notes;
    },
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => tick(out, rateHz, note, bodyHz, hash(seed, i)));
    },
  };
}

/** Pallet strikes wheel: two clicks 18 ms apart ring the movement (kHz, dry) and the case (lower, duller). */
function tick(out: Float32Array, rateHz: number, note: Note, bodyHz: number, seed: number): void {
  const noise = createNoise(seed);
  const pitch = note.pitchesHz[0]!;
  const modes = [pitch, pitch * 1.62, pitch * 2.33].map((hz, i) =>
    new BandPass().tune(Math.min(hz, rateHz * 0.45), 260 + 240 * i, rateHz),
  );
  const works = new LowPass().tune(700, rateHz);
  const muffle = new LowPass().tune(2600, rateHz);
  const body = new BandPass().tune(bodyHz, 240, rateHz);
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    const click = strike(t, 0.005) + 0.55 * strike(t - 0.018, 0.004);
    const x = click * (0.5 + noise());
    let y = 3 * body.next(x) + 0.6 * x;
    for (const mode of modes) y += 2 * mode.next(x);
    const whirr = 0.03 * works.next(noise()) * envelope(t, note.durationS, 0.01, 0.01);
    return muffle.next(y) * note.strength + whirr;
  });
}

function strike(timeS: number, lengthS: number): number {
  return timeS < 0 ? 0 : Math.exp(-timeS / lengthS);
}

/** Swing angle: passes the middle at every beat. */
function swing(clock: Case, pose: Pose): number {
  return 0.3 * Math.sin((2 * Math.PI * pose.timeS) / clock.periodS);
}

function drawClock(pen: Pen, clock: Case, pose: Pose): void {
  const { wood, dial, metal } = clock;
  pen.aside(() => pen.roundRect(-38, -178, 88, 180, 12, translucent(0x2a1510, 0.16)));
  const grain = linear(-42, 0, 42, 0, lighter(wood, 0.12), darker(wood, 0.22));
  pen.blob(
    [-42, -168, -30, -180, -12, -184, 0, -191, 12, -184, 30, -180, 42, -168, 0, -160],
    darker(wood, 0.15),
  );
  pen.roundRect(-41, -174, 82, 172, 9, grain);
  pen.roundRect(-46, -80, 92, 7, 3, lighter(wood, 0.1));
  pen.roundRect(-47, -9, 94, 9, 4, darker(wood, 0.12));
  pen.roundRect(-30, -72, 60, 60, 5, darker(wood, 0.55));
  pen.roundRect(-27, -69, 54, 54, 4, linear(0, -69, 0, -15, 0x6d5c52, 0x4b3d38));
  pen.clipped(-27, -69, 54, 54, () => {
    pen.within(
      0,
      -92,
      () => {
        pen.line([0, 0, 0, 52], 3, darker(metal, 0.1));
        pen.circle(0, 58, 12.5, radial(-4, 54, 15, lighter(metal, 0.45), darker(metal, 0.12)));
        pen.circle(-3, 54, 3.4, glow(-3, 54, 4, 0xffffff, 0.7));
      },
      swing(clock, pose),
    );
  });
  pen.polygon([-22, -66, -14, -66, -24, -20, -26, -20], translucent(0xffffff, 0.12));
  pen.circle(0, -127, 37, darker(wood, 0.4));
  pen.ring(0, -127, 34.5, 3.4, metal);
  pen.circle(0, -127, 33, radial(-8, -138, 46, lighter(dial, 0.6), dial));
  for (let hour = 0; hour < 12; hour++) {
    const angle = (hour * Math.PI) / 6;
    const inner = hour % 3 === 0 ? 24 : 27;
    pen.line(
      [
        inner * Math.sin(angle),
        -127 - inner * Math.cos(angle),
        30 * Math.sin(angle),
        -127 - 30 * Math.cos(angle),
      ],
      hour % 3 === 0 ? 3 : 1.6,
      0x3a2c28,
    );
  }
  const secondS = clock.offsetS + pose.timeS;
  hand(pen, (secondS / 43_200) * 2 * Math.PI, 16, 4);
  hand(pen, (secondS / 3600) * 2 * Math.PI, 25, 2.8);
  hand(pen, (Math.floor(secondS) / 60) * 2 * Math.PI, 27, 1.2, 0xb0433c);
  pen.circle(0, -127, 3, 0x3a2c28);
}

function hand(pen: Pen, angle: number, length: number, width: number, color: Color = 0x2f2422): void {
  pen.line([0, -127, length * Math.sin(angle), -127 - length * Math.cos(angle)], width, color);
}

/** A tuba player: low brass whose brightness follows the breath. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, LowPass, Saw } from '../dsp.ts';
import { createLook, drawHand, drawLimb } from '../figure.ts';
import { composeTune } from '../melody.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear, radial } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash } from '../random.ts';
import type { Seat } from '../seated-player.ts';
import { drawSeatedPlayer, mouth, shoulder } from '../seated-player.ts';

export function createTubaPlayer(seed: number): Actor {
  const random = createRandom(seed);
  const seat: Seat = { look: createLook(random), seed, gazeX: -0.4, gazeY: 0.2 };
  const brass = random.pick([0xd6a844, 0xc8973a, 0xe0c070, 0xc9ccca]);
  const tonic = random.integer(34, 43);
  const beatS = random.between(0.36, 0.56);
  return {
    className: 'tuba',
    size: { width: 168, height: 336 },
    cycleS: null,
    draw: (pen, pose) => {
      drawSeatedPlayer(pen, seat, pose, () => drawTubaAndArms(pen, seat, brass, pose));
    },
    compose: (durationS, phrase) => composeTune({ tonic, beatS, legato: 0.88 }, durationS, phrase),
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => blow(out, rateHz, note, hash(seed, i)));
    },
  };
}

/** Lips as a saw; the louder they are blown, the more of its harmonics come out of the bell. */
function blow(out: Float32Array, rateHz: number, note: Note, seed: number): void {
  const noise = createNoise(seed);
  const saw = new Saw();
  const bell = [new LowPass(), new LowPass()];
  const body = new BandPass().tune(230, 160, rateHz);
  const chiff = new BandPass().tune(420, 500, rateHz);
  const pitchHz = note.pitchesHz[0]!;
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    const pressure = envelope(t, note.durationS, 0.05, 0.07) * (0.75 + 0.25 * Math.exp(-t / 0.15));
    for (const filter of bell) filter.tune(110 + 380 * pressure * note.strength, rateHz);
    const wobble = 1 - 0.03 * Math.exp(-t / 0.025) + 0.003 * Math.sin(2 * Math.PI * 4.6 * t);
    let y = saw.next(pitchHz * wobble, rateHz) + 0.3 * Math.exp(-t / 0.04) * chiff.next(noise());
    for (const filter of bell) y = filter.next(y);
    return (y + 0.5 * body.next(y) + 0.004 * noise()) * pressure * note.strength;
  });
}

function drawTubaAndArms(pen: Pen, seat: Seat, brass: Color, pose: Pose): void {
  const { look } = seat;
  const playing = currentNote(pose) === null ? 0 : 1;
  const valve = playing * (0.5 + 0.5 * Math.sin(pose.timeS * 9)) * 5;
  const swell = 1 + 0.012 * playing * Math.sin(pose.timeS * 4.2);
  drawLimb(pen, shoulder.x, shoulder.y, 74, -40, 42, -1, 28, look.shirt, look.skin);
  pen.within(40, -50, () => drawTuba(pen, brass, valve), 0.1, swell);
  drawHand(pen, 78, -36, 10, look.skin, 2.6);
  drawLimb(pen, -shoulder.x, shoulder.y, 16, -58, 44, 1, 28, look.shirt, look.skin);
  drawHand(pen, 19, -60 + valve * 0.4, 9.5, look.skin, 0.1);
  pen.curve([mouth.x - 2, mouth.y, 8, mouth.y + 3, 16, mouth.y + 20], 4.5, darker(brass, 0.25));
  pen.ellipse(mouth.x, mouth.y, 6.5, 5.5, lighter(brass, 0.25));
}

/** Its middle at the origin, the bell up at the top. */
function drawTuba(pen: Pen, brass: Color, valve: number): void {
  const edge = darker(brass, 0.42);
  const skin = linear(-40, 0, 40, 0, lighter(brass, 0.3), darker(brass, 0.16));
  const flare = [6, 10, 8, -40, 10, -86, 12, -126];
  const outer = [-26, -52, -34, -6, -30, 36, -8, 54, 20, 52, 36, 30, 36, -30];
  pen.curve(outer, 20, edge, 26);
  pen.curve(outer, 16, skin, 22);
  pen.polygon([-18, 34, -8, -56, -26, -116, -44, -140, 62, -140, 46, -116, 30, -56, 30, 34], edge);
  pen.polygon([-14, 32, -4, -57, -21, -114, -39, -138, 57, -138, 41, -114, 26, -56, 26, 32], skin);
  pen.curve(flare, 5, lighter(brass, 0.55), 14);
  pen.ellipse(9, -140, 56, 15, edge);
  pen.ellipse(9, -141, 53, 12.5, radial(9, -134, 54, darker(brass, 0.66), brass));
  pen.curve([-24, 6, -22, 30, 0, 38, 22, 32, 24, 2], 9, edge);
  pen.curve([-24, 6, -22, 30, 0, 38, 22, 32, 24, 2], 6, lighter(brass, 0.18));
  for (let i = 0; i < 3; i++) {
    const press = i === 1 ? valve : i === 0 ? 5 - valve : 0;
    pen.roundRect(-20 + i * 12, -22, 9, 34, 3, lighter(brass, 0.35));
    pen.line([-15.5 + i * 12, -22, -15.5 + i * 12, -32 + press], 2.4, edge);
    pen.ellipse(-15.5 + i * 12, -33 + press, 4.2, 2.2, 0xf4ecd8);
  }
}

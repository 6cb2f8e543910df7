/** A saxophonist: a reed with vibrato, breath and two strong formants. */

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

export function createSaxophonist(seed: number): Actor {
  const random = createRandom(seed);
  const seat: Seat = { look: createLook(random), seed, gazeX: 0.3, gazeY: 1 };
  const brass = random.pick([0xd9a63e, 0xc98f34, 0xe2bc62, 0xcfccc2]);
  const tonic = random.integer(50, 62);
  const beatS = random.between(0.34, 0.55);
  return {
    className: 'saxophone',
    size: { width: 172, height: 312 },
    cycleS: null,
    draw: (pen, pose) => {
      drawSeatedPlayer(pen, seat, pose, () => drawSaxophone(pen, seat, brass, pose));
    },
    compose: (durationS, phrase) => composeTune({ tonic, beatS, legato: 0.97 }, durationS, phrase),
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => blow(out, rateHz, note, notes[i - 1]?.pitchesHz[0], hash(seed, i)));
    },
  };
}

/** Each note scoops up from the one before; the vibrato comes late, as players do it. */
function blow(
  out: Float32Array,
  rateHz: number,
  note: Note,
  previousHz: number | undefined,
  seed: number,
): void {
  const noise = createNoise(seed);
  const saw = new Saw();
  const bell = [new LowPass(), new LowPass()];
  const low = new BandPass().tune(620, 320, rateHz);
  const high = new BandPass().tune(1350, 520, rateHz);
  const edge = new BandPass().tune(2300, 900, rateHz);
  const breath = new BandPass().tune(2400, 2400, rateHz);
  const pitchHz = note.pitchesHz[0]!;
  const fromHz = previousHz === undefined ? pitchHz * 0.94 : pitchHz + 0.25 * (previousHz - pitchHz);
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    const settled = 1 - Math.exp(-t / 0.02);
    const vibrato = 1 + 0.009 * Math.min(1, t * 3) * Math.sin(2 * Math.PI * 5.3 * t);
    const pressure = envelope(t, note.durationS, 0.03, 0.05) * (0.8 + 0.2 * Math.min(1, t * 5));
    for (const filter of bell) filter.tune(1200 + 3800 * pressure * note.strength, rateHz);
    const reed = Math.tanh(1.8 * saw.next((fromHz + (pitchHz - fromHz) * settled) * vibrato, rateHz));
    let tone = 0.6 * reed + 0.9 * low.next(reed) + 1.3 * high.next(reed) + 1.6 * edge.next(reed);
    for (const filter of bell) tone = filter.next(tone);
    return (tone + 0.05 * breath.next(noise())) * pressure * note.strength;
  });
}

function drawSaxophone(pen: Pen, seat: Seat, brass: Color, pose: Pose): void {
  const { look } = seat;
  const playing = currentNote(pose) === null ? 0 : 1;
  const raise = 0.07 * playing * Math.sin(pose.timeS * 4) - 0.05;
  const finger = playing * Math.sin(pose.timeS * 17) * 2;
  pen.curve([-22, -102, -6, -70, 10, -58], 3.5, 0x2a2426);
  pen.within(
    mouth.x,
    mouth.y,
    () => {
      drawLimb(pen, shoulder.x, shoulder.y - mouth.y, 30, 44, 38, 1, 26, look.shirt, look.skin);
      drawHorn(pen, brass);
      drawHand(pen, 27 + finger * 0.3, 44 + finger, 9, look.skin, 2.7);
      drawLimb(pen, -shoulder.x, shoulder.y - mouth.y, 24, 84, 48, 1, 27, look.shirt, look.skin);
      drawHand(pen, 22 - finger * 0.3, 84 - finger, 9, look.skin, 0.4);
    },
    raise,
  );
}

/** From the mouthpiece at the origin down to the bow and up to the bell at the right. */
function drawHorn(pen: Pen, brass: Color): void {
  const edge = darker(brass, 0.42);
  const shine = lighter(brass, 0.5);
  pen.curve([0, 1, 8, -5, 18, -6, 25, 4, 27, 20], 8, edge, 11);
  pen.curve([0, 1, 8, -5, 18, -6, 25, 4, 27, 20], 5.5, brass, 8.5);
  pen.curve([-3, 2, 8, -4], 7, 0x2a2426, 6);
  const tube = [27, 14, 30, 60, 33, 100, 42, 126, 60, 128, 70, 108, 73, 82, 80, 58];
  pen.curve(tube, 13, edge, 42);
  pen.curve(tube, 9.5, linear(20, 0, 84, 0, lighter(brass, 0.12), darker(brass, 0.1)), 38);
  pen.curve([26, 24, 29, 62, 31, 96], 2.2, shine, 2.8);
  pen.ellipse(82, 52, 27, 11, edge, 0.24);
  pen.ellipse(82, 51, 24.5, 9, radial(84, 54, 26, darker(brass, 0.62), brass), 0.24);
  for (let key = 0; key < 6; key++)
    pen.circle(31 + key * 1.1, 34 + key * 12, 4.6, key % 2 === 0 ? shine : lighter(brass, 0.25));
  for (let key = 0; key < 6; key++) pen.ring(31 + key * 1.1, 34 + key * 12, 4.6, 1.2, edge);
  pen.line([38, 34, 43, 104], 2, edge);
  pen.circle(66, 104, 6, lighter(brass, 0.3));
  pen.ring(66, 104, 6, 1.4, edge);
}

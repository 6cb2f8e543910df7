/** A pianist at an upright piano: struck strings with their own inharmonic partials. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote } from '../actor.ts';
import { addNote, createNoise, LowPass, midiHz } from '../dsp.ts';
import type { Look } from '../figure.ts';
import { createLook, drawHand, drawHead, drawLimb } from '../figure.ts';
import { composeTune } from '../melody.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear, mix, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash, wander } from '../random.ts';

export function createPianist(seed: number): Actor {
  const random = createRandom(seed);
  const look = createLook(random);
  const wood = random.pick([0x2b2524, 0x6a3c26, 0x8a5632, 0xe8e0d2]);
  const tonic = random.integer(60, 70);
  const beatS = random.between(0.3, 0.48);
  return {
    className: 'piano',
    size: { width: 262, height: 236 },
    cycleS: null,
    draw: (pen, pose) => drawPianist(pen, look, wood, seed, pose),
    compose: (durationS, phrase) => {
      const ring = (startS: number, wantedS: number): number => Math.min(wantedS, durationS - startS);
      const tune = composeTune({ tonic, beatS, legato: 1 }, durationS, phrase).map((note) => ({
        ...note,
        durationS: ring(note.startS, note.durationS + 0.15),
      }));
      const accompaniment: Note[] = [];
      const roots = phrase.pick([
        [0, -5, -3, -7],
        [0, -3, -7, -5],
        [0, -7, -5, 0],
      ]);
      for (let i = 0; (i + 1) * beatS <= durationS; i += 2) {
        const root = tonic - 12 + roots[Math.floor(i / 4) % 4]!;
        const pitch = root + [-12, 0, 7, 4][(i / 2) % 4]!;
        accompaniment.push({
          startS: i * beatS,
          durationS: ring(i * beatS, 1.5 * beatS),
          pitchesHz: [midiHz(pitch)],
          strength: 0.5,
          timbre: 0,
        });
      }
      return [...tune, ...accompaniment].sort((a, b) => a.startS - b.startS);
    },
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => strike(out, rateHz, note, hash(seed, i)));
    },
  };
}

/** Partials sharpened by the string's stiffness, each dying at its own rate, two strings a hair apart, and a felt thud. */
function strike(out: Float32Array, rateHz: number, note: Note, seed: number): void {
  const noise = createNoise(seed);
  const thud = new LowPass().tune(500, rateHz);
  const pitchHz = note.pitchesHz[0]!;
  const stiffness = 0.0003 * (pitchHz / 260) ** 1.3;
  // Each partial is a point that turns and shrinks a little with every sample.
  const partials: { real: number; imaginary: number; cos: number; sin: number }[] = [];
  for (let k = 1; k <= 14; k++) {
    const hz = pitchHz * k * Math.sqrt(1 + stiffness * k * k);
    if (hz > rateHz * 0.45) break;
    // The hammer strikes at an eighth of the string, and its felt swallows the high partials of soft notes.
    const gain =
      (Math.abs(Math.sin((Math.PI * k) / 8)) + 0.05) *
      Math.exp(-k * (0.34 - 0.12 * note.strength)) *
      (1 + pitchHz / 900);
    for (const detune of [0.9997, 1.0004]) {
      const decayS = 0.8 / (1 + 0.3 * k + pitchHz / 500);
      const shrink = Math.exp(-1 / (decayS * rateHz));
      const angle = (2 * Math.PI * hz * detune) / rateHz;
      partials.push({
        real: gain,
        imaginary: 0,
        cos: shrink * Math.cos(angle),
        sin: shrink * Math.sin(angle),
      });
    }
  }
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    let sum = 0.9 * thud.next(noise()) * Math.exp(-t / 0.012);
    for (const partial of partials) {
      const { real, imaginary, cos, sin } = partial;
      partial.real = real * cos - imaginary * sin;
      partial.imaginary = real * sin + imaginary * cos;
      sum += partial.imaginary;
    }
    return sum * note.strength * Math.min(1, t / 0.003, (note.durationS - t) / 0.08);
  });
}

function drawPianist(pen: Pen, look: Look, wood: Color, seed: number, pose: Pose): void {
  const { timeS } = pose;
  const note = currentNote(pose);
  const playing = note === null ? 0 : 1;
  const sway = wander(seed, timeS, 5) + playing * 0.6 * Math.sin(timeS * 3.2);
  pen.aside(() => pen.ellipse(10, 2, 138, 12, translucent(0x2a1510, 0.25)));
  drawPiano(pen, wood, note, pose);
  pen.aside(() => {
    pen.line([-100, -2, -94, -62], 7, darker(wood, 0.3));
    pen.line([-48, -2, -54, -62], 7, darker(wood, 0.3));
    pen.roundRect(-108, -74, 68, 13, 5, 0x7a3a3a);
  });
  pen.curve([-70, -78, -28, -74, -22, -12], 34, look.trousers, 22);
  pen.ellipse(-14, -7, 20, 8, 0x3a2c2a);
  pen.within(
    -74,
    -74,
    () => {
      const shirt = linear(-40, -90, 40, 0, lighter(look.shirt, 0.12), darker(look.shirt, 0.2));
      pen.blob([-30, 4, -34, -40, -34, -78, -14, -98, 8, -100, 28, -88, 33, -60, 30, 2, 0, 8], shirt);
      pen.within(
        8,
        -138,
        () => drawHead(pen, look, { timeS, open: 0, wide: 0.7, gazeX: 1, gazeY: 0.6 }),
        0.06 + 0.04 * sway,
        0.78,
      );
      const press = note === null ? 0 : Math.max(0, 1 - (pose.elapsedS - note.startS) * 7);
      const reach = note === null ? 0 : Math.min(22, Math.max(-14, 14 * Math.log2(note.pitchesHz[0]! / 330)));
      for (const near of [0, 1]) {
        const x = 84 + (near === 1 ? -16 : 10) + reach * (near === 1 ? 1 : 0.3);
        const y = -30 + (near === 1 ? 4 * press : 2 * Math.sin(timeS * 6) * playing);
        drawLimb(
          pen,
          14 - near * 26,
          -80,
          x,
          y,
          54,
          1,
          25,
          near === 1 ? look.shirt : darker(look.shirt, 0.15),
          look.skin,
        );
        drawHand(pen, x + 3, y, 9, mix(look.skin, 0x7a3b2a, near === 1 ? 0 : 0.12), 0.35);
      }
    },
    0.07 + 0.03 * sway,
  );
}

/** An upright, seen from its end of the bass, with the keyboard towards the player at the left. */
function drawPiano(pen: Pen, wood: Color, note: Note | null, pose: Pose): void {
  const side = linear(0, -236, 0, 0, lighter(wood, 0.16), darker(wood, 0.2));
  pen.roundRect(34, -228, 94, 226, 5, side);
  pen.roundRect(44, -210, 74, 92, 4, darker(wood, 0.18));
  pen.roundRect(48, -206, 66, 84, 3, lighter(wood, 0.1));
  pen.roundRect(44, -64, 74, 54, 4, darker(wood, 0.18));
  pen.roundRect(28, -236, 106, 12, 4, lighter(wood, 0.2));
  pen.polygon([-8, -92, 122, -92, 122, -74, -8, -74], darker(wood, 0.2));
  pen.roundRect(-12, -82, 136, 12, 4, lighter(wood, 0.14));
  pen.polygon([-2, -104, 118, -104, 118, -90, -12, -90], 0xfbf6ea);
  const pressed =
    note === null || pose.elapsedS - note.startS > 0.25 ? -1 : Math.floor((note.pitchesHz[0]! * 0.37) % 17);
  for (let key = 0; key < 17; key++) {
    const x = -10 + key * 7.6;
    if (key === pressed) pen.polygon([x, -100, x + 7, -100, x + 7, -90, x, -90], 0xd8cfbd);
    pen.line([x, -103, x, -91], 0.9, 0xa59c8c);
    if (key % 7 !== 2 && key % 7 !== 6) pen.line([x, -103, x, -98], 3.6, 0x221d1e);
  }
  pen.line([0, -70, 4, -4], 8, darker(wood, 0.25));
  pen.polygon([52, -170, 104, -176, 108, -132, 56, -128], 0xfdf8ec);
  for (let line = 0; line < 4; line++) pen.line([60, -164 + line * 9, 100, -168 + line * 9.5], 1, 0x8a8378);
  pen.line([82, -2, 98, -2], 4, 0xd0a850);
}

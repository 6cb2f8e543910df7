/** A rooster that stretches its neck and crows. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote, openness } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, LowPass, Saw } from '../dsp.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear, mix, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash, wander } from '../random.ts';

interface Plumage {
  body: Color;
  neck: Color;
  tail: readonly [Color, Color, Color];
  wing: Color;
}

const plumages: readonly Plumage[] = [
  { body: 0x9a4a2c, neck: 0xe0953c, tail: [0x1f4a44, 0x2d6a58, 0x18343c], wing: 0x6e3222 },
  { body: 0xe9e2d2, neck: 0xf6efdd, tail: [0x4a4a52, 0x6c6c74, 0x35353c], wing: 0xcfc4ae },
  { body: 0x3a3238, neck: 0xc98a34, tail: [0x1c3c4c, 0x28585c, 0x20243c], wing: 0x5a2e28 },
];

/** cock-a-doodle-doo: length in seconds, start and end pitch against the voice's, strength. */
const crow = [
  { lengthS: 0.2, from: 0.62, to: 0.82, strength: 0.75 },
  { lengthS: 0.13, from: 0.85, to: 0.9, strength: 0.6 },
  { lengthS: 0.36, from: 0.95, to: 1.12, strength: 0.95 },
  { lengthS: 0.95, from: 1.1, to: 0.66, strength: 1 },
] as const;

export function createRooster(seed: number): Actor {
  const random = createRandom(seed);
  const plumage = random.pick(plumages);
  const pitchHz = random.between(640, 880);
  const pace = random.between(0.9, 1.12);
  return {
    className: 'rooster',
    size: { width: 118, height: 124 },
    cycleS: null,
    draw: (pen, pose) => drawRooster(pen, plumage, seed, pose),
    compose: (durationS, phrase) => {
      const notes: Note[] = [];
      let atS = 0.02;
      for (let crowing = 0; crowing < 3; crowing++) {
        const stretch = pace * phrase.between(0.94, 1.06);
        const lengthS = crow.reduce((sum, part) => sum + part.lengthS + 0.03, 0) * stretch;
        if (atS + lengthS > durationS) break;
        for (const part of crow) {
          notes.push({
            startS: atS,
            durationS: part.lengthS * stretch,
            pitchesHz: [pitchHz * part.from, pitchHz * part.to],
            strength: part.strength,
            timbre: 0,
          });
          atS += (part.lengthS + 0.03) * stretch;
        }
        atS += phrase.between(0.25, 0.5);
      }
      return notes;
    },
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => callNote(out, rateHz, note, hash(seed, i)));
    },
  };
}

/** A bright, rough reed of a voice with its weight between 1 and 3 kHz. */
function callNote(out: Float32Array, rateHz: number, note: Note, seed: number): void {
  const noise = createNoise(seed);
  const saw = new Saw();
  const low = new BandPass().tune(1150, 500, rateHz);
  const high = new BandPass().tune(1900, 900, rateHz);
  const rasp = new LowPass().tune(120, rateHz);
  const [from = 0, to = 0] = note.pitchesHz;
  const { durationS } = note;
  addNote(out, rateHz, note.startS, durationS, (t) => {
    const share = t / durationS;
    const arch = 1 + 0.07 * Math.sin(Math.PI * Math.min(1, share * 1.6));
    const flutter = 1 + 0.01 * Math.sin(2 * Math.PI * 21 * t) + 0.03 * rasp.next(noise());
    const source = saw.next((from + (to - from) * share ** 1.5) * arch * flutter, rateHz) + 0.05 * noise();
    const voice = 1.3 * low.next(source) + 1.2 * high.next(source) + 0.1 * source;
    return (
      Math.tanh(1.6 * voice) *
      envelope(t, durationS, 0.03, Math.min(0.25, durationS * 0.45)) *
      note.strength *
      (1 - 0.35 * share)
    );
  });
}

function drawRooster(pen: Pen, plumage: Plumage, seed: number, pose: Pose): void {
  const { timeS } = pose;
  const open = openness(pose);
  const crowing = currentNote(pose) === null ? 0 : 0.45 + 0.55 * open;
  const peer = wander(seed, timeS * 1, 3.1);
  const { body, neck, tail, wing } = plumage;
  pen.aside(() => pen.ellipse(2, 0, 38, 6, translucent(0x2a1510, 0.25)));
  for (const x of [-5, 9]) {
    pen.line([x, -30, x + 1, -4], 4, 0xd99a3a);
    for (const toe of [-8, 1, 9]) pen.line([x + 1, -4, x + 2 + toe, 0], 2.8, 0xd99a3a);
  }
  pen.within(0, -40, () => {
    const flick = 0.05 * Math.sin(timeS * 2.2) + 0.12 * crowing;
    pen.within(
      -26,
      -12,
      () => {
        pen.curve([0, 6, -18, -2, -30, 8, -34, 26], 15, tail[2], 4);
        pen.curve([0, 2, -20, -18, -36, -8, -38, 14], 15, tail[0], 4);
        pen.curve([0, -2, -16, -34, -34, -30, -40, -6], 15, tail[1], 4);
        pen.curve([2, -4, -8, -44, -24, -48, -34, -30], 13, tail[0], 3);
      },
      flick,
    );
    pen.blob(
      [-32, -22, -14, -24, 12, -28, 30, -22, 32, 2, 14, 18, -10, 18, -28, 4],
      linear(0, -28, 0, 18, lighter(body, 0.12), darker(body, 0.15)),
    );
    pen.blob([-20, -14, 4, -18, 16, -6, 6, 8, -14, 8, -30, -2], wing);
    pen.curve([-22, 2, -6, 5, 8, 3], 2, lighter(wing, 0.25), 1);
    pen.curve([-18, -4, -4, -3, 9, -4], 2, lighter(wing, 0.25), 1);
    const headX = 30 + 4 * peer * (1 - crowing) + 8 * crowing;
    const headY = -56 - 12 * crowing + 2 * peer;
    pen.curve(
      [16, -8, 25, -30, headX - 1, headY + 4],
      36,
      linear(16, 0, headX, headY, mix(neck, body, 0.4), neck),
      18,
    );
    pen.within(
      headX,
      headY,
      () => drawRoosterHead(pen, neck, open),
      -0.15 - 0.45 * crowing + 0.1 * peer * (1 - crowing),
    );
  });
}

function drawRoosterHead(pen: Pen, neck: Color, open: number): void {
  const red = 0xc93a32;
  for (const [x, y, r] of [
    [-8, -12, 5.5],
    [-1, -16, 6.5],
    [6, -14, 5.5],
  ] as const)
    pen.circle(x, y, r, red);
  pen.circle(0, 0, 12, linear(0, -12, 0, 12, lighter(neck, 0.1), neck));
  pen.within(9, 0, () => pen.polygon([0, -5, 17, 0, 0, 2.5], 0xe8b23c), -0.35 * open);
  pen.within(9, 2, () => pen.polygon([0, -2.5, 13, 0, 0, 3.5], 0xc98a2c), 0.5 * open);
  pen.ellipse(8, 12, 4.5, 8, red, 0.1);
  pen.ellipse(4, 1, 6.5, 5.5, red);
  pen.circle(4, -3, 3, 0xf6c84a);
  pen.circle(4.6, -3, 1.6, 0x1c1414);
}

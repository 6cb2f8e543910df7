/** A seated guitarist: strummed chords and picked figures on steel strings. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote } from '../actor.ts';
import { BandPass, createNoise, midiHz } from '../dsp.ts';
import type { Look } from '../figure.ts';
import { createLook, drawHand, drawLimb } from '../figure.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, radial, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash } from '../random.ts';
import type { Seat } from '../seated-player.ts';
import { drawSeatedPlayer } from '../seated-player.ts';

/** Open chords as MIDI notes, lowest string first. */
const chords = {
  C: [48, 52, 55, 60, 64],
  G: [43, 47, 50, 55, 59, 67],
  D: [50, 57, 62, 66],
  A: [45, 52, 57, 61, 64],
  E: [40, 47, 52, 56, 59, 64],
  Am: [45, 52, 57, 60, 64],
  Em: [40, 47, 52, 55, 59, 64],
  Dm: [50, 57, 62, 65],
  F: [41, 48, 53, 57, 60, 65],
} as const;

type Chord = keyof typeof chords;

const progressions: readonly (readonly Chord[])[] = [
  ['C', 'G', 'Am', 'F'],
  ['G', 'D', 'Em', 'C'],
  ['Am', 'F', 'C', 'G'],
  ['D', 'A', 'G', 'A'],
  ['Em', 'C', 'G', 'D'],
  ['Dm', 'Am', 'E', 'Am'],
];

/** Eighths of a bar: 1 strums down, -1 up, 0 rests. */
const strumPatterns = [
  [1, 0, 1, -1, 0, -1, 1, -1],
  [1, 0, 1, 0, 1, -1, 1, -1],
  [1, 0, 0, -1, 1, 0, 1, -1],
] as const;

const woods = [0xd9a05b, 0xc4813f, 0xe2b877, 0xa8562f];

export function createGuitarist(seed: number): Actor {
  const random = createRandom(seed);
  const look = createLook(random);
  const seat: Seat = { look, seed, gazeX: 0.7, gazeY: 0.8 };
  const wood = random.pick(woods);
  const tempoBpm = random.between(92, 124);
  const capo = random.integer(0, 3);
  const brightness = random.between(0.35, 0.75);
  const bodyHz = random.between(95, 115);
  return {
    className: 'guitar',
    size: { width: 200, height: 312 },
    cycleS: null,
    draw: (pen, pose) => {
      drawSeatedPlayer(pen, seat, pose, (playing) => {
        drawGuitarAndArms(pen, look, wood, strumOffset(pose), playing, pose.timeS);
      });
    },
    compose: (durationS, phrase) => {
      const eighthS = 30 / tempoBpm;
      const progression = phrase.pick(progressions);
      const picked = phrase.chance(0.35);
      const pattern = phrase.pick(strumPatterns);
      const notes: Note[] = [];
      for (let i = 0; (i + 2) * eighthS <= durationS; i++) {
        const chord = chords[progression[Math.floor(i / 4) % progression.length]!];
        const stroke = picked ? 1 : pattern[i % 8]!;
        if (stroke === 0) continue;
        const strings = picked
          ? [chord[i % 4 === 0 ? 0 : (i * 2 + 1) % chord.length]!]
          : stroke > 0
            ? chord
            : chord.slice(-3);
        notes.push({
          startS: i * eighthS,
          durationS: Math.min(durationS - i * eighthS, picked ? 1.4 : 1.8),
          pitchesHz: strings.map((note) => midiHz(note + capo)),
          strength: i % 4 === 0 ? 1 : phrase.between(0.6, 0.85),
          timbre: stroke > 0 ? 1 : 0,
        });
      }
      return notes;
    },
    synthesise: (notes, out, rateHz) => synthesiseGuitar(notes, out, rateHz, brightness, bodyHz, seed),
  };
}

/** Plucked strings (Karplus and Strong 1983, with a fractional delay for tuning) through two body resonances. */
function synthesiseGuitar(
  notes: readonly Note[],
  out: Float32Array,
  rateHz: number,
  brightness: number,
  bodyHz: number,
  seed: number,
): void {
  const dry = new Float32Array(out.length);
  notes.forEach((note, index) => {
    const ordered = note.timbre > 0.5 ? note.pitchesHz : [...note.pitchesHz].reverse();
    // The hand crosses the strings; a new chord damps the old one.
    const next = notes[index + 1];
    const ringS = Math.min(
      note.durationS,
      next === undefined ? Infinity : next.startS - note.startS + (note.pitchesHz.length > 1 ? 0.04 : 0.9),
    );
    ordered.forEach((pitchHz, string) => {
      pluck(
        dry,
        rateHz,
        note.startS + string * 0.011,
        ringS,
        pitchHz,
        note.strength,
        brightness,
        hash(seed, index, string),
      );
    });
  });
  const air = new BandPass().tune(bodyHz, 60, rateHz);
  const top = new BandPass().tune(bodyHz * 2.1, 90, rateHz);
  for (let i = 0; i < out.length; i++) {
    const x = dry[i]!;
    out[i] = out[i]! + x + 0.6 * air.next(x) + 0.4 * top.next(x);
  }
}

function pluck(
  out: Float32Array,
  rateHz: number,
  startS: number,
  ringS: number,
  pitchHz: number,
  strength: number,
  brightness: number,
  seed: number,
): void {
  const noise = createNoise(seed);
  const smoothing = 0.38 - 0.3 * brightness;
  const delay = rateHz / pitchHz - smoothing / (1 - smoothing);
  const size = Math.ceil(delay) + 2;
  const line = new Float32Array(size);
  // A pick near the bridge: noise, softened, less its echo from a fifth of the string's length.
  let soft = 0;
  const excitation = Math.ceil(delay);
  for (let i = 0; i < excitation; i++) {
    soft += (noise() - soft) * (0.3 + 0.5 * brightness) * (0.6 + 0.4 * strength);
    line[i] = soft;
  }
  const nick = Math.round(delay * 0.2);
  for (let i = excitation - 1; i >= nick; i--) line[i] = line[i]! - 0.7 * line[i - nick]!;
  const feedback = 10 ** (-3 / (pitchHz * (3.2 - pitchHz / 400)));
  const first = Math.round(startS * rateHz);
  const count = Math.round(ringS * rateHz);
  const fade = Math.round(0.04 * rateHz);
  let write = excitation % size;
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const position = write - delay + size;
    const whole = Math.floor(position);
    const fraction = position - whole;
    const read = line[whole % size]! * (1 - fraction) + line[(whole + 1) % size]! * fraction;
    previous = read * (1 - smoothing) + previous * smoothing;
    const value = previous * feedback;
    line[write] = value;
    write = (write + 1) % size;
    const at = first + i;
    if (at < out.length) out[at] = out[at]! + value * strength * Math.min(1, (count - i) / fade, (i + 1) / 8);
  }
}

/** The strumming hand's place along its way over the strings, -1 above .. 1 below. */
function strumOffset(pose: Pose): number {
  const note = currentNote(pose);
  if (note === null) return -0.3;
  const since = pose.elapsedS - note.startS;
  const down = note.timbre > 0.5 ? 1 : -1;
  // A quick stroke, then back towards the start for the next.
  const stroke = since < 0.09 ? -1 + (2 * since) / 0.09 : Math.max(-0.6, 1 - (since - 0.09) * 7);
  return stroke * down * (0.6 + 0.4 * note.strength);
}

function drawGuitarAndArms(
  pen: Pen,
  look: Look,
  wood: Color,
  strum: number,
  playing: number,
  timeS: number,
): void {
  const angle = -0.4;
  const originX = -6;
  const originY = -22;
  const toFigure = (x: number, y: number): readonly [number, number] => [
    originX + x * Math.cos(angle) - y * Math.sin(angle),
    originY + x * Math.sin(angle) + y * Math.cos(angle),
  ];
  const fret = 88 + playing * 10 * Math.round(Math.sin(timeS * 1.3));
  const [fretX, fretY] = toFigure(fret, 5);
  drawLimb(pen, 38, -86, fretX, fretY + 4, 44, 1, 27, look.shirt, look.skin);
  pen.within(originX, originY, () => drawGuitar(pen, wood), angle);
  drawHand(pen, fretX - 1, fretY - 2, 9.5, look.skin, angle - 1.2);
  const [handX, handY] = toFigure(-2, strum * 17);
  drawLimb(pen, -38, -86, handX, handY, 47, 1, 28, look.shirt, look.skin);
  drawHand(pen, handX, handY, 10, look.skin, 0.5 + 0.35 * strum);
}

/** Lies along x: the body about the origin, the neck to the right. */
function drawGuitar(pen: Pen, wood: Color): void {
  const outline = [
    -58, 0, -54, -30, -30, -44, -6, -35, 12, -28, 32, -33, 50, -20, 54, 0, 50, 20, 32, 33, 12, 28, -6, 35,
    -30, 44, -54, 30,
  ];
  pen.blob(
    outline.map((v, i) => v * 1.05 + (i % 2 === 0 ? -1 : 2)),
    darker(wood, 0.55),
  );
  pen.blob(outline, radial(-15, -8, 75, lighter(wood, 0.22), darker(wood, 0.12)));
  pen.circle(8, 0, 14.5, 0x5d3a22);
  pen.circle(8, 0, 12, 0x2a1812);
  pen.blob([2, 13, 22, 15, 18, 29, -4, 27], translucent(0x4a1f14, 0.75));
  pen.roundRect(-36, -12, 8, 24, 2, 0x4a2c1c);
  pen.polygon([20, -5.5, 128, -4.5, 128, 4.5, 20, 5.5], 0x4b3022);
  for (let i = 0; i < 9; i++) pen.line([42 + i * 10, -5, 42 + i * 10, 5], 0.9, 0xcdbfa5);
  pen.blob([126, -5, 152, -9, 156, 0, 152, 9, 126, 5], 0x6a4228);
  for (const side of [-1, 1]) for (let i = 0; i < 3; i++) pen.circle(133 + i * 8, side * 10, 2.4, 0xe6dfd0);
  for (let string = 0; string < 4; string++) {
    const y = -4.2 + string * 2.8;
    pen.line([-32, y * 1.3, 128, y], 0.7, 0xf4ead6);
  }
}

/** An accordionist: a tune over oom-pah basses, from pairs of reeds that beat against each other. */

import type { Actor, Note, Pose } from '../actor.ts';
import { addNote, envelope, LowPass, midiHz, Saw } from '../dsp.ts';
import { createLook, drawHand, drawLimb } from '../figure.ts';
import { composeTune } from '../melody.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, wander } from '../random.ts';
import type { Seat } from '../seated-player.ts';
import { drawSeatedPlayer, shoulder } from '../seated-player.ts';

export function createAccordionist(seed: number): Actor {
  const random = createRandom(seed);
  const seat: Seat = { look: createLook(random), seed, gazeX: 0.2, gazeY: 0.4 };
  const shell = random.pick([0xa83a38, 0x2f3438, 0x2f5f74, 0xe4dccb]);
  const tonic = random.integer(64, 72);
  const beatS = random.between(0.36, 0.5);
  const detune = random.between(0.003, 0.007);
  return {
    className: 'accordion',
    size: { width: 190, height: 312 },
    cycleS: null,
    draw: (pen, pose) => {
      drawSeatedPlayer(pen, seat, pose, (playing) => drawAccordion(pen, seat, shell, pose, playing));
    },
    compose: (durationS, phrase) => {
      const tune = composeTune({ tonic, beatS, legato: 0.96 }, durationS, phrase);
      const basses: Note[] = [];
      for (let i = 0; (i + 1) * beatS <= durationS; i++) {
        const root = tonic - (i % 6 < 3 ? 24 : 17);
        const pitches = i % 3 === 0 ? [root] : [root + 12, root + 16, root + 19];
        basses.push({
          startS: i * beatS,
          durationS: beatS * (i % 3 === 0 ? 0.8 : 0.45),
          pitchesHz: pitches.map(midiHz),
          strength: 0.45,
          timbre: 0,
        });
      }
      return [...tune, ...basses].sort((a, b) => a.startS - b.startS);
    },
    synthesise: (notes, out, rateHz) => {
      for (const note of notes)
        for (const pitchHz of note.pitchesHz) reeds(out, rateHz, note, pitchHz, detune);
    },
  };
}

/** Two reeds a few cents apart and one an octave below, each a narrow pulse (two saws), behind a grille. */
function reeds(out: Float32Array, rateHz: number, note: Note, pitchHz: number, detune: number): void {
  const voices = [1 + detune, 1 - detune, 0.5].map((ratio, i) => ({
    ratio,
    gain: i === 2 ? 0.5 : 1,
    rise: new Saw(0.1 * i),
    fall: new Saw(0.1 * i + 0.28),
  }));
  const grille = new LowPass().tune(3800, rateHz);
  addNote(out, rateHz, note.startS, note.durationS, (t) => {
    let sum = 0;
    for (const { ratio, gain, rise, fall } of voices) {
      sum += gain * (rise.next(pitchHz * ratio, rateHz) - fall.next(pitchHz * ratio, rateHz));
    }
    const bellows = 1 + 0.06 * Math.sin(2 * Math.PI * 0.9 * (note.startS + t));
    return grille.next(sum) * bellows * note.strength * envelope(t, note.durationS, 0.035, 0.05);
  });
}

function drawAccordion(pen: Pen, seat: Seat, shell: Color, pose: Pose, playing: number): void {
  const { look } = seat;
  const { timeS } = pose;
  // Half the length of the bellows; they breathe while playing.
  const half = 24 + (playing > 0 ? 15 * Math.sin(timeS * 2.6) + 6 : 2 * wander(seat.seed, timeS, 5));
  const top = -92;
  const height = 98;
  const tilt = 0.12 * Math.sin(timeS * 2.6) * playing;
  pen.line([-26, -98, -34, -60], 7, 0x3a2a26);
  pen.line([26, -98, 34, -60], 7, 0x3a2a26);
  drawLimb(pen, -shoulder.x, shoulder.y, -half - 44, -46, 37, 1, 28, look.shirt);
  drawLimb(pen, shoulder.x, shoulder.y, half + 46, -44, 37, -1, 28, look.shirt);
  drawBellows(pen, half, top, height, tilt);
  const body = linear(0, top, 0, top + height, lighter(shell, 0.15), darker(shell, 0.2));
  pen.within(
    -half,
    top + height / 2,
    () => {
      pen.roundRect(-36, -54, 38, 110, 6, body);
      pen.roundRect(-32, -48, 11, 98, 3, 0xfaf5e8);
      for (let key = 0; key < 9; key++) {
        pen.line([-32, -38 + key * 10, -21, -38 + key * 10], 1, 0xa59c8c);
        if (key % 7 !== 2 && key % 7 !== 6)
          pen.line([-31, -38 + key * 10, -26, -38 + key * 10], 3.4, 0x2a2426);
      }
      for (let slot = 0; slot < 5; slot++)
        pen.line([-10, -30 + slot * 15, -4, -26 + slot * 15], 2.4, darker(shell, 0.45));
    },
    -tilt,
  );
  pen.within(
    half,
    top + height / 2,
    () => {
      pen.roundRect(-2, -52, 36, 106, 6, body);
      for (let row = 0; row < 8; row++) {
        for (let column = 0; column < 3; column++)
          pen.circle(5 + column * 8, -34 + row * 10 + column * 2, 2.2, 0xf1ead8);
      }
      pen.line([27, -34, 27, 38], 4, 0x3a2a26);
    },
    tilt,
  );
  const tap = playing * 2.5 * Math.sin(timeS * 13);
  drawHand(pen, -half - 38, -48 + tap, 9.5, look.skin, 0.35);
  drawHand(pen, half + 38, -42, 9.5, look.skin, Math.PI - 0.3);
}

function drawBellows(pen: Pen, half: number, top: number, height: number, tilt: number): void {
  const folds = 9;
  for (let fold = 0; fold < folds; fold++) {
    const x0 = -half + (2 * half * fold) / folds;
    const x1 = -half + (2 * half * (fold + 1)) / folds;
    const flare0 = tilt * x0 * 0.4;
    const flare1 = tilt * x1 * 0.4;
    const inset = fold % 2 === 0 ? 0 : 3;
    pen.polygon(
      [
        x0,
        top - flare0 + inset,
        x1,
        top - flare1 + 3 - inset,
        x1,
        top + height + flare1 - 3 + inset,
        x0,
        top + height + flare0 - inset,
      ],
      fold % 2 === 0 ? 0xcdbfa4 : 0x8a3a3a,
    );
  }
}

/** A sitting dog that barks. */

import type { Actor, Note, Pose } from '../actor.ts';
import { openness } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, interpolate, LowPass, Saw } from '../dsp.ts';
import type { Color } from '../paint.ts';
import { darker, lighter, linear, mix, radial, translucent } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, hash, wander } from '../random.ts';

interface Coat {
  fur: Color;
  belly: Color;
  ear: Color;
  collar: Color;
}

const coats = [
  { fur: 0xb87a48, belly: 0xf0dcc0, ear: 0x8a5632 },
  { fur: 0x8f8478, belly: 0xe6ded2, ear: 0x655b52 },
  { fur: 0xd9ae72, belly: 0xf7ead0, ear: 0xb98649 },
  { fur: 0x54433c, belly: 0xc98f5c, ear: 0x3b2e29 },
  { fur: 0xeee4d4, belly: 0xfffaf0, ear: 0x9a6a44 },
] as const;

export function createDog(seed: number): Actor {
  const random = createRandom(seed);
  const coat: Coat = { ...random.pick(coats), collar: random.pick([0xb8433c, 0x3f6f8c, 0x4f7a4a]) };
  /** 0 large and deep .. 1 small and shrill. */
  const smallness = random.between(0.15, 0.75);
  return {
    className: 'dog',
    size: { width: 150, height: 158 },
    cycleS: null,
    draw: (pen, pose) => drawDog(pen, coat, seed, pose),
    compose: (durationS, phrase) => {
      const notes: Note[] = [];
      let atS = 0.02;
      while (atS < durationS - 0.35) {
        const barks = phrase.integer(1, 3);
        for (let i = 0; i < barks && atS < durationS - 0.35; i++) {
          const barkS = phrase.between(0.17, 0.27) * (1.15 - 0.35 * smallness);
          notes.push({
            startS: atS,
            durationS: barkS,
            pitchesHz: [(280 + 420 * smallness) * phrase.between(0.94, 1.08)],
            strength: phrase.between(0.85, 1),
            timbre: phrase.next(),
          });
          atS += barkS + phrase.between(0.1, 0.2);
        }
        atS += phrase.between(0.15, 0.4);
      }
      return notes;
    },
    synthesise: (notes, out, rateHz) => {
      notes.forEach((note, i) => bark(out, rateHz, note, smallness, hash(seed, i)));
    },
  };
}

/** A rough voiced burst whose pitch jumps up and falls, through a mouth that opens and closes. */
function bark(out: Float32Array, rateHz: number, note: Note, smallness: number, seed: number): void {
  const noise = createNoise(seed);
  const saw = new Saw();
  const size = 1 + 0.45 * smallness;
  const throat = new BandPass();
  const mouth = new BandPass();
  const nose = new BandPass().tune(2600 * size, 900, rateHz);
  const breath = new LowPass().tune(3800 * size, rateHz);
  const growl = new LowPass().tune(90, rateHz);
  const { durationS, strength } = note;
  addNote(out, rateHz, note.startS, durationS, (t) => {
    const share = t / durationS;
    const pitch = note.pitchesHz[0]! * interpolate([0, 0.8, 0.18, 1.35, 0.45, 1.15, 1, 0.62], share);
    const jaw = interpolate([0, 0.5, 0.25, 1, 0.7, 0.8, 1, 0.4], share);
    throat.tune(480 * size * (0.7 + 0.5 * jaw), 260, rateHz);
    mouth.tune(1150 * size * (0.7 + 0.4 * jaw), 420, rateHz);
    const rough = 1 + 4 * growl.next(noise());
    const source = 0.75 * saw.next(pitch * rough, rateHz) + 0.5 * breath.next(noise());
    const body = 1.6 * throat.next(source) + 2 * mouth.next(source) + 0.3 * nose.next(source) + 0.05 * source;
    const gain = envelope(t, durationS, 0.016, durationS * 0.55);
    return Math.tanh(2.2 * body) * gain * strength;
  });
}

function drawDog(pen: Pen, coat: Coat, seed: number, pose: Pose): void {
  const { timeS } = pose;
  const open = openness(pose);
  const excited = pose.notes.length > 0 ? 1 : 0;
  const breath = Math.sin(timeS * 2.6);
  const hop = 4 * open;
  const { fur, belly } = coat;
  const shade = darker(fur, 0.22);
  pen.aside(() => pen.ellipse(4, 0, 68, 11, translucent(0x2a1510, 0.28)));
  pen.within(3 * wander(seed, timeS, 7), 0, () => {
    const wag = Math.sin(timeS * (excited > 0 ? 15 : 4)) * (excited > 0 ? 0.32 : 0.16);
    pen.within(-40, -22, () => pen.curve([0, 0, -18, -6, -30, -22, -33, -42], 13, shade, 6), wag);
    pen.curve([12, -62, 9, -10], 19, shade, 13);
    pen.ellipse(13, -6, 14, 7, shade);
    pen.blob(
      [-46, -14, -44, -48, -26, -78, -2, -100 - hop, 22, -108 - hop, 34, -88, 32, -52, 22, -22, -4, -8],
      linear(-40, -90, 30, 0, lighter(fur, 0.1), darker(fur, 0.12)),
    );
    pen.ellipse(
      -24,
      -30,
      28 + 0.6 * breath,
      29,
      radial(-30, -42, 44, lighter(fur, 0.12), darker(fur, 0.06)),
      -0.25,
    );
    pen.ellipse(-8, -6, 24, 8, fur);
    pen.curve([26, -66, 28, -38, 27, -10], 20, fur, 15);
    pen.blob([10, -94 - hop, 26, -98 - hop, 34, -84, 33, -64, 25, -56, 15, -68], belly);
    pen.ellipse(33, -6, 15, 7.5, belly);
    for (const toe of [0, 1]) pen.line([36 + toe * 6, -8, 37 + toe * 6, -3], 1.2, shade);
    pen.curve([12, -92 - hop, 20, -116 - hop], 42, fur, 38);
    pen.curve([-3, -103 - hop, 14, -96 - hop, 34, -101 - hop], 7, coat.collar);
    pen.circle(20, -91 - hop, 4.5, 0xe4be5a);
    pen.within(
      18,
      -118 - hop,
      () => drawDogHead(pen, coat, seed, timeS, open),
      -0.3 * open + 0.05 * wander(seed + 1, timeS, 4),
    );
  });
}

function drawDogHead(pen: Pen, coat: Coat, seed: number, timeS: number, open: number): void {
  const { fur, belly, ear } = coat;
  const jaw = 0.55 * open;
  if (open > 0.02) {
    pen.blob([12, 4, 48, -4, 46 - 6 * open, 4 + 24 * open, 18, 12 + 6 * open], 0x6e2028);
    pen.within(14, 6, () => pen.blob([4, -2, 22, -5, 36, -3, 34, 2, 18, 3], 0xd8737a), jaw * 0.75);
  }
  pen.within(
    10,
    4,
    () => pen.blob([-4, -4, 14, -5, 34, -4, 38, 0, 34, 5, 14, 7, -4, 8], darker(belly, 0.06)),
    jaw,
  );
  pen.ellipse(4, -8, 29, 27, radial(-2, -18, 46, lighter(fur, 0.14), fur));
  pen.blob([10, -14, 30, -15, 48, -10, 52, -3, 46, 3, 24, 5, 8, 6], belly);
  pen.blob([-2, -34, 10, -32, 24, -20, 22, -12, 8, -18], mix(fur, belly, 0.55));
  pen.ellipse(49, -10, 7, 5.5, 0x2a2022);
  pen.ellipse(47.5, -12, 2, 1.3, 0x8a7c7c);
  pen.curve([46, 2, 34, 4.5, 24, 3], 1.4, darker(fur, 0.5));
  const blink = (hash(seed, Math.floor(timeS / 0.15)) & 31) === 0;
  if (blink) pen.curve([10, -14, 14, -12, 18, -14], 1.8, 0x2a1c1c);
  else {
    pen.ellipse(14, -14, 4.6, 5.2, 0x2a1c1c);
    pen.circle(15.6, -16, 1.6, 0xffffff);
  }
  pen.curve([8, -22, 14, -24, 19, -22], 2, darker(fur, 0.35));
  pen.within(
    -8,
    -26,
    () =>
      pen.blob(
        [-6, -4, 6, -4, 10, 14, 6, 34, -6, 40, -15, 28, -14, 8],
        linear(0, -4, 0, 40, ear, darker(ear, 0.2)),
      ),
    0.12 + 0.5 * open,
  );
}

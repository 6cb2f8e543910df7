/** A person who talks to the camera: syllables from a glottal source through moving formants. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote, openness } from '../actor.ts';
import { BandPass, createNoise, envelope, Resonator } from '../dsp.ts';
import type { Look } from '../figure.ts';
import { createLook, drawHand, drawHead, drawLimb } from '../figure.ts';
import { darker, lighter, linear, mix } from '../paint.ts';
import type { Pen } from '../pen.ts';
import { createRandom, wander } from '../random.ts';

/** First three formants in Hz of /a e i o u/ (Peterson and Barney 1952, men), and how wide the lips are. */
const vowels = [
  { formantsHz: [730, 1090, 2440], wide: 0.5 },
  { formantsHz: [530, 1840, 2480], wide: 0.8 },
  { formantsHz: [300, 2240, 2950], wide: 1 },
  { formantsHz: [500, 880, 2410], wide: 0.15 },
  { formantsHz: [320, 900, 2240], wide: 0 },
] as const;

const vowelOf = (note: Note): (typeof vowels)[number] => vowels[Math.min(4, Math.floor(note.timbre * 5))]!;

export function createSpeaker(seed: number): Actor {
  const random = createRandom(seed);
  const look = createLook(random);
  const highVoice = !look.beard && random.chance(0.55);
  const pitchHz = highVoice ? random.between(175, 225) : random.between(95, 135);
  const tract = highVoice ? random.between(1.1, 1.2) : random.between(0.96, 1.05);
  return {
    className: 'speech',
    size: { width: 200, height: 300 },
    cycleS: null,
    draw: (pen, pose) => drawSpeaker(pen, look, seed, pose),
    compose: (durationS, phrase) => {
      const notes: Note[] = [];
      let atS = 0.05;
      while (atS < durationS - 0.4) {
        // A breath group: pitch falls along it, its last syllable is long.
        const syllables = phrase.integer(4, 9);
        for (let i = 0; i < syllables; i++) {
          const last = i === syllables - 1;
          const syllableS = phrase.between(0.13, 0.21) * (last ? 1.6 : 1);
          if (atS + syllableS > durationS - 0.02) break;
          const accent = phrase.chance(0.35) ? 1 : 0;
          notes.push({
            startS: atS,
            durationS: syllableS,
            pitchesHz: [pitchHz * (1.18 - (0.3 * i) / syllables + 0.14 * accent)],
            strength: 0.62 + 0.3 * accent + phrase.between(0, 0.08),
            timbre: phrase.next(),
          });
          atS += syllableS + 0.012;
        }
        atS += phrase.between(0.18, 0.34);
      }
      return notes;
    },
    synthesise: (notes, out, rateHz) => synthesiseSpeech(notes, out, rateHz, tract, seed),
  };
}

/** Cascade formant synthesis with a falling glottal spectrum; each syllable is consonant and vowel, gliding into the next. */
function synthesiseSpeech(
  notes: readonly Note[],
  out: Float32Array,
  rateHz: number,
  tract: number,
  seed: number,
): void {
  const random = createRandom(seed ^ 0x5eec);
  const noise = createNoise(seed);
  const cascade = [new Resonator(), new Resonator(), new Resonator(), new Resonator()];
  const hiss = new BandPass();
  const formants: number[] = [500, 1500, 2500].map((hz) => hz * tract);
  cascade[3]!.tune(3500 * tract, 250, rateHz);
  let phase = 0;
  let glottal = 0;
  let lips = 0;
  for (const note of notes) {
    const vowel = vowelOf(note);
    const consonant = random.pick(['plosive', 'fricative', 'nasal', 'glide', 'none'] as const);
    const onsetS = consonant === 'none' ? 0.01 : random.between(0.035, 0.065);
    const hissHz = consonant === 'fricative' ? random.between(3200, 6500) : random.between(1500, 4000);
    hiss.tune(hissHz, hissHz * 0.5, rateHz);
    const first = Math.round(note.startS * rateHz);
    const count = Math.min(out.length - first, Math.round(note.durationS * rateHz));
    const pitch = note.pitchesHz[0]!;
    for (let i = 0; i < count; i++) {
      const t = i / rateHz;
      if (i % 64 === 0) {
        const glide = consonant === 'nasal' && t < onsetS ? [270, 1100, 2300] : vowel.formantsHz;
        for (let k = 0; k < 3; k++) {
          formants[k] = formants[k]! + (glide[k]! * tract - formants[k]!) * 0.14;
          cascade[k]!.tune(formants[k]!, 60 + 40 * k, rateHz);
        }
      }
      const f0 =
        pitch * (1 + 0.012 * Math.sin(2 * Math.PI * 5.1 * (note.startS + t)) - 0.08 * (t / note.durationS));
      phase += f0 / rateHz;
      if (phase >= 1) phase -= 1;
      // Rosenberg's glottal flow: opens over 40 % of the period, closes over 16 %.
      const flow =
        phase < 0.4
          ? 0.5 - 0.5 * Math.cos((Math.PI * phase) / 0.4)
          : phase < 0.56
            ? Math.cos((Math.PI * (phase - 0.4)) / 0.32)
            : 0;
      const source = flow - glottal;
      glottal = flow;
      const murmur = consonant === 'nasal' || consonant === 'glide' ? 0.5 : 0;
      const voice = t < onsetS ? murmur * envelope(t, onsetS * 2, 0.015, 0.01) : 1;
      const gain = voice * envelope(t + 0.004, note.durationS + 0.004, 0.025, 0.05) * note.strength;
      let y = (source + 0.004 * noise()) * gain;
      for (const resonator of cascade) y = resonator.next(y);
      const burst =
        consonant === 'plosive'
          ? envelope(t - onsetS * 0.6, 0.022, 0.002, 0.018)
          : consonant === 'fricative'
            ? envelope(t, onsetS * 1.5, 0.015, 0.02)
            : 0;
      const sample = y * 3 + hiss.next(noise() * burst) * 0.5 * note.strength;
      lips = 0.55 * sample + 0.45 * lips;
      out[first + i] = out[first + i]! + lips;
    }
  }
}

function drawSpeaker(pen: Pen, look: Look, seed: number, pose: Pose): void {
  const { timeS } = pose;
  const note = currentNote(pose);
  const open = openness(pose);
  const talking = note === null ? 0 : 1;
  const sway = wander(seed, timeS, 6.5);
  const nod = 3 * open + 1.5 * wander(seed + 7, timeS, 3);
  pen.within(4 * sway, 0, () => {
    const shirt = linear(-70, -140, 70, 0, lighter(look.shirt, 0.14), darker(look.shirt, 0.2));
    pen.blob(
      [-97, 6, -95, -66, -76, -108, -38, -126, 0, -132, 38, -126, 76, -108, 95, -66, 97, 6, 0, 10],
      shirt,
    );
    pen.curve([-66, 2, -64, -50], 2.5, darker(look.shirt, 0.35));
    pen.curve([66, 2, 64, -50], 2.5, darker(look.shirt, 0.35));
    pen.within(
      0,
      -208 + nod,
      () => {
        drawHead(pen, look, {
          timeS,
          open,
          wide: note === null ? 0.5 : vowelOf(note).wide,
          gazeX: -0.5 + 0.3 * sway,
          gazeY: 0,
        });
      },
      0.035 * sway + 0.03 * talking * Math.sin(timeS * 3.1),
      1.5,
    );
    pen.blob([-25, -130, 0, -112, 25, -130, 33, -120, 0, -96, -33, -120], mix(look.shirt, 0xfff6e8, 0.75));
    drawGesture(pen, look, seed, timeS, talking);
  });
}

/** The near hand beats along while talking, and rests low otherwise. */
function drawGesture(pen: Pen, look: Look, seed: number, timeS: number, talking: number): void {
  const beat = talking * (0.6 + 0.4 * Math.sin(timeS * 7.3));
  const x = -58 + 10 * wander(seed + 3, timeS, 2.3) * talking;
  const y = -12 - 44 * beat;
  drawLimb(pen, -80, -84, x, y, 56, 1, 36, darker(look.shirt, 0.08), darker(look.shirt, 0.04));
  drawHand(pen, x + 3, y - 6, 14, look.skin, -1.1 + 0.3 * beat);
}

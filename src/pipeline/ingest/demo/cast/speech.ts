/** A person who talks to the camera: syllables from a glottal source through moving formants. */

import type { Actor, Note, Pose } from '../actor.ts';
import { currentNote, openness } from '../actor.ts';
import { addNote, BandPass, createNoise, envelope, Resonator } from '../dsp.ts';
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

/** What a syllable begins with: how much voice goes on meanwhile, and what noise is made at the lips or teeth. */
const consonants = [
  { kind: 'plosive', murmur: 0, burst: 1 },
  { kind: 'fricative', murmur: 0, burst: 0.8 },
  { kind: 'nasal', murmur: 0.5, burst: 0 },
  { kind: 'glide', murmur: 0.6, burst: 0 },
  { kind: 'none', murmur: 0.9, burst: 0 },
] as const;

/** Formants move in steps of under a millisecond: retuning at every sample doubles the cost. */
const GLIDE_SAMPLES = 16;

const nasalHz = [270, 1100, 2300] as const;

/** Cascade formant synthesis; each syllable is a consonant and a vowel, gliding from what came before. */
function synthesiseSpeech(
  notes: readonly Note[],
  out: Float32Array,
  rateHz: number,
  tract: number,
  seed: number,
): void {
  const random = createRandom(seed ^ 0x5eec);
  const noise = createNoise(seed);
  const moving = [new Resonator(), new Resonator(), new Resonator()];
  const fixed = [
    new Resonator().tune(3450 * tract, 220, rateHz),
    new Resonator().tune(4600 * tract, 350, rateHz),
  ];
  const hiss = new BandPass();
  const formantsHz: number[] = [500, 1500, 2500].map((hz) => hz * tract);
  const glide = 1 - Math.exp((-50 * GLIDE_SAMPLES) / rateHz);
  let sample = 0;
  let phase = 0;
  let before = 0;
  for (const note of notes) {
    const vowel = vowelOf(note);
    const consonant = random.pick(consonants);
    const onsetS = consonant.kind === 'none' ? 0.01 : random.between(0.035, 0.065);
    const hissHz = consonant.kind === 'fricative' ? random.between(3400, 6500) : random.between(1500, 4000);
    hiss.tune(hissHz, hissHz * 0.4, rateHz);
    addNote(out, rateHz, note.startS, note.durationS, (t) => {
      if (sample++ % GLIDE_SAMPLES === 0) {
        const targetHz = consonant.kind === 'nasal' && t < onsetS ? nasalHz : vowel.formantsHz;
        moving.forEach((resonator, k) => {
          formantsHz[k] = formantsHz[k]! + (targetHz[k]! * tract - formantsHz[k]!) * glide;
          resonator.tune(formantsHz[k], 50 + 40 * k, rateHz);
        });
      }
      const tremor = 1 + 0.012 * Math.sin(2 * Math.PI * 5.1 * (note.startS + t));
      phase += (note.pitchesHz[0]! * (tremor - 0.08 * (t / note.durationS))) / rateHz;
      if (phase >= 1) phase -= 1;
      const flow = glottalFlow(phase);
      const opened = Math.min(1, Math.max(0, (t - onsetS) / 0.015));
      const voiced = consonant.murmur + (1 - consonant.murmur) * opened;
      const shape = envelope(t + 0.003, note.durationS + 0.003, 0.02, 0.05) * note.strength;
      let voice = (flow - before + 0.002 * noise()) * voiced * shape;
      before = flow;
      for (const resonator of moving) voice = resonator.next(voice);
      for (const resonator of fixed) voice = resonator.next(voice);
      const burst =
        consonant.kind === 'plosive'
          ? envelope(t - onsetS * 0.6, 0.024, 0.002, 0.018)
          : envelope(t, onsetS * 1.6, 0.015, 0.02);
      return 3 * voice + 0.7 * hiss.next(noise() * burst * consonant.burst) * shape;
    });
  }
}

/** Air through the glottis over one period (Rosenberg 1971): opens over 45 % of it, snaps shut over 8 %. */
function glottalFlow(phase: number): number {
  if (phase < 0.45) return 0.5 - 0.5 * Math.cos((Math.PI * phase) / 0.45);
  return phase < 0.53 ? Math.cos((Math.PI * (phase - 0.45)) / 0.16) : 0;
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

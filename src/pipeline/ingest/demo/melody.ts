/** Tunes for the players: a walk over a scale in simple rhythms that comes home at the end. */

import type { Note } from './actor.ts';
import { midiHz } from './dsp.ts';
import type { Random } from './random.ts';

const scales = [
  [0, 2, 4, 5, 7, 9, 11],
  [0, 2, 3, 5, 7, 8, 10],
  [0, 2, 4, 7, 9],
] as const;

export interface Tune {
  /** MIDI note of the key; the tune keeps to about an octave above and a fourth below it. */
  tonic: number;
  beatS: number;
  /** How much of its time each note is held, 0..1. */
  legato: number;
}

/** Notes that follow each other within `durationS`; one pitch each. */
export function composeTune({ tonic, beatS, legato }: Tune, durationS: number, random: Random): Note[] {
  const scale = random.pick(scales);
  const pitchAt = (step: number): number => {
    const octave = Math.floor(step / scale.length);
    return tonic + 12 * octave + scale[step - octave * scale.length]!;
  };
  const notes: Note[] = [];
  let step = random.integer(0, scale.length - 1);
  let atS = 0;
  for (;;) {
    const beats = random.pick([0.5, 0.5, 1, 1, 1, 2]);
    const last = atS + (beats + 1) * beatS > durationS;
    const lengthS = last ? Math.min(durationS - atS, 2 * beatS) : beats * beatS;
    if (last) step = 0;
    if (last || !random.chance(0.08)) {
      notes.push({
        startS: atS,
        durationS: last ? lengthS : lengthS * legato,
        pitchesHz: [midiHz(pitchAt(step))],
        strength: random.between(0.75, 1),
        timbre: random.next(),
      });
    }
    if (last) return notes;
    atS += lengthS;
    step = Math.max(-3, Math.min(scale.length + 1, step + random.pick([-2, -1, -1, 1, 1, 2, 3])));
  }
}

/** The cast: for each class a generator of individuals, varied without end by seed. The demo scene and training share it. */

import type { Actor, CastClass, Note } from './actor.ts';
import { createAccordionist } from './cast/accordion.ts';
import { createClock } from './cast/clock.ts';
import { createDog } from './cast/dog.ts';
import { createGuitarist } from './cast/guitar.ts';
import { createHelicopter } from './cast/helicopter.ts';
import { createPianist } from './cast/piano.ts';
import { createRooster } from './cast/rooster.ts';
import { createSaxophonist } from './cast/saxophone.ts';
import { createSpeaker } from './cast/speech.ts';
import { createTubaPlayer } from './cast/tuba.ts';
import { level } from './dsp.ts';
import { createRandom } from './random.ts';

/** Makes an individual; the same seed makes the same one. */
export const cast: Record<CastClass, (seed: number) => Actor> = {
  accordion: createAccordionist,
  clock: createClock,
  dog: createDog,
  guitar: createGuitarist,
  helicopter: createHelicopter,
  piano: createPianist,
  rooster: createRooster,
  saxophone: createSaxophonist,
  speech: createSpeaker,
  tuba: createTubaPlayer,
};

/** A phrase and its sound. */
export interface Performance {
  notes: readonly Note[];
  /** Mono; starts and ends in silence; RMS of the sounding parts at most 0.11, peak at most 0.5. */
  samples: Float32Array<ArrayBuffer>;
}

const TARGET_RMS = 0.11;
const MAX_PEAK = 0.5;
const EDGE_S = 0.06;

/** Lets an actor make up a phrase and sound it. Depends on its arguments alone. */
export function perform(actor: Actor, sampleCount: number, rateHz: number, seed: number): Performance {
  const notes = actor.compose(sampleCount / rateHz, createRandom(seed));
  const samples = new Float32Array(sampleCount);
  actor.synthesise(notes, samples, rateHz);
  level(samples, rateHz, TARGET_RMS, MAX_PEAK);
  const edge = Math.min(sampleCount, Math.round(EDGE_S * rateHz));
  for (let i = 0; i < edge; i++) {
    const at = sampleCount - 1 - i;
    samples[at] = samples[at]! * (0.5 - 0.5 * Math.cos((Math.PI * i) / edge));
  }
  return { notes, samples };
}

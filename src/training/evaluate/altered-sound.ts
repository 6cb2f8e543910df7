/** Scenes as they are, heard through something: quieter, duller, noisier. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { createRandom, hash } from '../../pipeline/ingest/demo/random.ts';
import { LogMel } from '../../pipeline/prep/log-mel.ts';
import { QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import type { SampleBatch, SampleShape, SampleSource, SampleTruth } from '../sample.ts';
import type { SceneSource } from '../scenes/scene-source.ts';
import { addNoise, clip, lowPass } from '../scenes/sound-effects.ts';

/** What happens to the second of sound, in place, full scale 1. */
export interface Alteration {
  name: string;
  apply: (samples: Float32Array, random: Random) => void;
}

const ratio = (db: number): number => 10 ** (db / 20);

function gain(db: number): Alteration {
  return {
    name: `${db > 0 ? '+' : ''}${db} dB`,
    apply: (samples) => {
      for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * ratio(db);
      clip(samples, 1);
    },
  };
}

function band(hz: number): Alteration {
  return {
    name: `nothing above ${hz} Hz`,
    apply: (samples) => lowPass(samples, hz, QIAN_LOG_MEL.rateHz),
  };
}

/** Noise of a random colour, so far below the sound's RMS. A silent clip gets the noise of a sound at -40 dBFS. */
function noise(snrDb: number): Alteration {
  return {
    name: `noise ${snrDb} dB below the sound`,
    apply: (samples, random) => {
      const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
      addNoise(samples, Math.max(rms, 0.01) * ratio(-snrDb), random);
      clip(samples, 1);
    },
  };
}

/** From -20 to +6 dB, from telephone to full band, from clear to drowned. */
export const ALTERATIONS: readonly Alteration[] = [
  { name: 'as it is', apply: () => undefined },
  ...[-20, -12, -6, 6].map(gain),
  ...[6000, 4000, 2000].map(band),
  ...[20, 10, 0].map(noise),
];

export class AlteredSound implements SampleSource {
  readonly shape: SampleShape;
  readonly length: number | null;
  readonly #scenes: SceneSource;
  readonly #alteration: Alteration;
  readonly #logMel = new LogMel(QIAN_LOG_MEL);
  readonly #seed: number;

  /** The scenes stay the caller's. */
  constructor(scenes: SceneSource, alteration: Alteration, seed: number) {
    this.shape = scenes.shape;
    this.length = scenes.length;
    this.#scenes = scenes;
    this.#alteration = alteration;
    this.#seed = seed;
  }

  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const truth = this.#scenes.write(index, batch, slot);
    const samples = this.#scenes.lastSound.slice();
    this.#alteration.apply(samples, createRandom(hash(this.#seed, index)));
    const { columns, mels } = this.shape.logmel;
    this.#logMel.write(samples, batch.logmel, slot * columns * mels);
    return truth;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

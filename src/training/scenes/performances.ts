/** Phrases of the drawn cast, synthesised once and used for many scenes, replaced by new ones little by little. */

import type { CastClass, Note } from '../../pipeline/ingest/demo/actor.ts';
import { castClasses } from '../../pipeline/ingest/demo/actor.ts';
import { cast, perform } from '../../pipeline/ingest/demo/cast.ts';
import { hash } from '../../pipeline/ingest/demo/random.ts';
import { activeLevel } from './levels.ts';
import type { Split } from './split.ts';
import { splits } from './split.ts';

export interface PooledPhrase {
  notes: readonly Note[];
  /** -1..1 times 32768. */
  samples: Int16Array;
  activeRms: number;
}

const PHRASE_S = 6;
/** Phrases of a class in use at a time. */
const PLACES = 16;
/** Scenes after which all have been replaced. A phrase costs 10 to 20 ms, so this is 0.1 ms a scene. */
const RENEWAL_SCENES = 24_576;
/** Kept per thread; 45 MB. Scenes made in order never need more than all classes' places. */
const KEPT = castClasses.length * PLACES;

/** Individuals of the splits: their seeds never meet. `n` below 2^28. */
export function individualSeed(split: Split, n: number): number {
  return splits.indexOf(split) * 2 ** 28 + (n % 2 ** 28);
}

/** What it gives depends on seed, split and scene number alone; what it keeps only saves time. */
export class Performances {
  readonly #seed: number;
  readonly #split: Split;
  readonly #rateHz: number;
  readonly #kept = new Map<string, PooledPhrase>();

  constructor(seed: number, split: Split, rateHz: number) {
    this.#seed = seed;
    this.#split = split;
    this.#rateHz = rateHz;
  }

  /** The phrase that stands at one of the class's places when scene `index` is made; `choice` is any number. */
  at(className: CastClass, index: number, choice: number): PooledPhrase {
    const place = choice % PLACES;
    const classNumber = castClasses.indexOf(className);
    // Each place is renewed at a time of its own, so that no scene waits for many phrases.
    const offset = hash(classNumber, place) % RENEWAL_SCENES;
    const generation = Math.floor((index + offset) / RENEWAL_SCENES);
    const key = `${className} ${place} ${generation}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const seed = individualSeed(this.#split, hash(this.#seed, classNumber, place, generation));
    const count = PHRASE_S * this.#rateHz;
    const { notes, samples } = perform(cast[className](seed), count, this.#rateHz, hash(seed, 1));
    // Ten times as fast as Int16Array.from with a function.
    const rounded = new Int16Array(count);
    for (let i = 0; i < count; i++) rounded[i] = Math.round(samples[i]! * 32_768);
    const phrase: PooledPhrase = {
      notes,
      samples: rounded,
      activeRms: activeLevel(samples, 1),
    };
    this.#kept.set(key, phrase);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return phrase;
  }
}

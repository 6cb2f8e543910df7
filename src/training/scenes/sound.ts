/** Mixes the second of sound that belongs to a scene, and says which classes can be heard in it. */

import type { Pose } from '../../pipeline/ingest/demo/actor.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { BLOCK_SAMPLES, blockPowers, isAudible } from './levels.ts';
import type { SoundEntry } from './media-bank.ts';
import { Performances } from './performances.ts';
import type { ScenePlan } from './plan.ts';
import { addHum, addNoise, clip, lowPass, reverb, tilt, writeOtherSound } from './sound-effects.ts';
import type { SceneSpec } from './spec.ts';

/** A part of the mix. */
export interface Voice {
  /** -1 for a sound of no class. */
  classIndex: number;
  samples: Int16Array;
  /** First sample of the window; may be below 0 or reach past the end: there it is silent. */
  from: number;
  /** Samples of the recording for each of the window: it plays so much faster, and higher. */
  speed: number;
  /** RMS of the whole recording's loud parts. */
  activeRms: number;
  /** The pose of a drawn actor at the window's end; null for recordings. */
  pose: Pose | null;
  name: string;
}

/** Share of windows, for training, in which a recording begins or ends. */
const EDGE_SHARE = 0.15;
/** Share of recordings, for learning, that play at another speed, and the fastest: three semitones up. */
const OTHER_SPEED_SHARE = 0.6;
const MAX_SPEED = 2 ** (3 / 12);
/** Places tried for a window in which a recording really sounds. */
const ATTEMPTS = 5;
/** A window's loudest block must be within this of the recording's active level: -14 dB. */
const LIVELY_POWER = 10 ** -1.4;

const decibels = (db: number): number => 10 ** (db / 20);

export class SoundComposer {
  readonly #spec: SceneSpec;
  readonly #windowSamples: number;
  readonly #rateHz: number;
  readonly #line: Int16Array;
  readonly #byClass: SoundEntry[][];
  readonly #others: SoundEntry[];
  readonly #performances: Performances;
  readonly #mix: Float32Array;
  readonly #part: Float32Array;

  constructor(spec: SceneSpec, windowSamples: number, rateHz: number) {
    this.#spec = spec;
    this.#windowSamples = windowSamples;
    this.#rateHz = rateHz;
    this.#line = new Int16Array(spec.bank?.samples ?? new ArrayBuffer(0));
    const sounds = spec.bank?.sounds.filter(({ split }) => split === spec.split) ?? [];
    this.#byClass = spec.classes.map((entry) =>
      sounds.filter(({ category }) => entry.sounds.includes(category)),
    );
    const known = new Set(spec.classes.flatMap((entry) => entry.sounds));
    this.#others = sounds.filter(({ category }) => !known.has(category));
    this.#performances = new Performances(spec.seed, spec.split, rateHz);
    this.#mix = new Float32Array(windowSamples);
    this.#part = new Float32Array(windowSamples);
  }

  /** Whether there is anything that sounds for the class. */
  hasVoice(classIndex: number): boolean {
    return this.#byClass[classIndex]!.length > 0 || this.#spec.classes[classIndex]!.drawn !== null;
  }

  /**
   * Somebody or something that sounds for the class; null where there is neither recording nor cast. `drawnShare`: the
   * chance that it is of the cast where there are both.
   */
  pickVoice(classIndex: number, index: number, drawnShare: number, random: Random): Voice | null {
    const recordings = this.#byClass[classIndex]!;
    const { drawn } = this.#spec.classes[classIndex]!;
    const { purpose } = this.#spec;
    const wantsDrawn = purpose.kind === 'evaluation' ? purpose.style === 'drawn' : random.chance(drawnShare);
    if (drawn !== null && (recordings.length === 0 || wantsDrawn)) {
      const phrase = this.#performances.at(drawn, index, random.integer(0, 1e6));
      const from = this.#pickWindow(phrase.samples, phrase.activeRms, 1, random);
      const endS = (from + this.#windowSamples) / this.#rateHz;
      const pose = { timeS: endS, notes: phrase.notes, elapsedS: endS };
      return { classIndex, ...phrase, from, speed: 1, pose, name: `synthesised ${drawn}` };
    }
    return recordings.length === 0 ? null : this.#recorded(classIndex, random.pick(recordings), random);
  }

  #recorded(classIndex: number, entry: SoundEntry, random: Random): Voice {
    const samples = this.#line.subarray(entry.at, entry.at + entry.count);
    // Recordings are few: at another speed one is another dog, another instrument.
    const speed = this.#toLearn && random.chance(OTHER_SPEED_SHARE) ? MAX_SPEED ** random.between(-1, 1) : 1;
    const from = this.#pickWindow(samples, entry.activeRms, speed, random);
    return { classIndex, samples, from, speed, activeRms: entry.activeRms, pose: null, name: entry.file };
  }

  get #toLearn(): boolean {
    return this.#spec.purpose.kind !== 'evaluation';
  }

  #pickWindow(samples: Int16Array, activeRms: number, speed: number, random: Random): number {
    const windowSamples = Math.ceil(this.#windowSamples * speed);
    const room = samples.length - windowSamples;
    // Now and then it only begins or just ends.
    if (this.#toLearn && random.chance(EDGE_SHARE)) {
      const shown = random.between(0.12, 0.9) * windowSamples;
      return Math.round(random.chance(0.5) ? shown - windowSamples : samples.length - shown);
    }
    // A recording shorter than the window begins anywhere within it.
    if (room <= 0) return room === 0 ? 0 : -random.integer(0, -room);
    const wanted = LIVELY_POWER * activeRms ** 2 * BLOCK_SAMPLES * 32_768 ** 2;
    let from = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      from = random.integer(0, room);
      for (let at = from; at + BLOCK_SAMPLES <= from + windowSamples; at += BLOCK_SAMPLES) {
        let energy = 0;
        // Every third sample tells enough.
        for (let i = at; i < at + BLOCK_SAMPLES; i += 3) energy += samples[i]! * samples[i]!;
        if (3 * energy >= wanted) return from;
      }
    }
    return from;
  }

  /**
   * The mix of `voices` and the plan's bed: `windowSamples` samples that belong to the composer until the next call.
   * `heard[c]` becomes 1 for each class that is audible in it (see `isAudible`).
   */
  mix(plan: ScenePlan, voices: readonly Voice[], random: Random, heard: Float32Array): Float32Array {
    const rateHz = this.#rateHz;
    const mix = this.#mix.fill(0);
    heard.fill(0);
    const level = decibels(random.between(-34, -12));
    const parts: { classIndex: number; power: Float64Array }[] = [];
    const add = (voice: Voice, gain: number): void => {
      const part = this.#part;
      this.#cut(voice, gain / voice.activeRms);
      // Each voice of every class may lose its highs, so that no class has a bandwidth of its own.
      if (random.chance(0.55)) lowPass(part, 2500 * (11_000 / 2500) ** random.next() * 0.98, rateHz);
      if (random.chance(0.5)) tilt(part, random.between(500, 4000), random.between(-8, 6), rateHz);
      parts.push({ classIndex: voice.classIndex, power: blockPowers(part, part.length, 1) });
      for (let i = 0; i < mix.length; i++) mix[i] = mix[i]! + part[i]!;
    };
    voices.forEach((voice, i) => add(voice, level * (i === 0 ? 1 : decibels(random.between(-8, 0)))));
    if (plan.bed === 'other') {
      const gain = voices.length === 0 ? level : level * decibels(random.between(-22, -4));
      if (this.#others.length > 0 && !random.chance(0.2))
        add(this.#recorded(-1, random.pick(this.#others), random), gain);
      else this.#addSynthetic(gain, random, parts);
    }
    if (random.chance(0.25)) reverb(mix, random.between(0.1, 0.45), random, rateHz);
    if (random.chance(0.25)) lowPass(mix, random.between(3000, 9000), rateHz);
    const noise = this.#addBed(plan, level, voices.length === 0, random);
    parts.push({
      classIndex: -1,
      power: new Float64Array(Math.ceil(mix.length / BLOCK_SAMPLES)).fill(noise * noise),
    });
    markHeard(parts, heard);
    if (random.chance(0.04)) {
      // The gain was set too high: peaks are cut off, and somebody turned the result down again.
      const limit = level * random.between(1, 3);
      clip(mix, Math.min(1, limit));
    }
    clip(mix, 1);
    return mix;
  }

  #addSynthetic(gain: number, random: Random, parts: { classIndex: number; power: Float64Array }[]): void {
    const part = this.#part;
    writeOtherSound(part, random, this.#rateHz);
    for (let i = 0; i < part.length; i++) {
      part[i] = part[i]! * gain * 10;
      this.#mix[i] = this.#mix[i]! + part[i]!;
    }
    parts.push({ classIndex: -1, power: blockPowers(part, part.length, 1) });
  }

  /** What is there when nothing sounds. Returns its RMS. */
  #addBed(plan: ScenePlan, level: number, alone: boolean, random: Random): number {
    if (plan.bed === 'silence') {
      // A muted microphone gives zeros; any other, its own noise.
      if (random.chance(0.3)) return 0;
      const floor = decibels(random.between(-95, -48));
      addNoise(this.#mix, floor, random);
      return floor;
    }
    if (plan.bed === 'floor' && random.chance(0.2)) return 0;
    const floor = decibels(random.between(-85, -52));
    const noise =
      plan.bed === 'noise'
        ? alone
          ? decibels(random.between(-48, -12))
          : level * decibels(random.between(-32, -6))
        : floor;
    addNoise(this.#mix, noise, random);
    if (random.chance(0.1)) addHum(this.#mix, noise, random, this.#rateHz);
    return noise;
  }

  /** The voice's window into the work buffer, times `gain`. */
  #cut({ samples, from, speed }: Voice, gain: number): void {
    const part = this.#part;
    const scale = gain / 32_768;
    if (speed !== 1) {
      part.fill(0);
      // Between two samples along the straight line: it dulls the highest octave, which a random low pass does anyway.
      for (let i = 0; i < part.length; i++) {
        const at = from + i * speed;
        const left = Math.floor(at);
        if (left < 0) continue;
        if (left + 1 >= samples.length) break;
        const share = at - left;
        part[i] = ((1 - share) * samples[left]! + share * samples[left + 1]!) * scale;
      }
      return;
    }
    const first = Math.max(0, -from);
    const last = Math.min(part.length, samples.length - from);
    part.fill(0);
    for (let i = first; i < last; i++) part[i] = samples[from + i]! * scale;
  }
}

function markHeard(parts: readonly { classIndex: number; power: Float64Array }[], heard: Float32Array): void {
  for (const classIndex of new Set(parts.map((part) => part.classIndex))) {
    if (classIndex < 0) continue;
    const own = new Float64Array(parts[0]!.power.length);
    const rest = new Float64Array(own.length);
    for (const part of parts) {
      const sum = part.classIndex === classIndex ? own : rest;
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part.power[i]!;
    }
    heard[classIndex] = isAudible(own, rest) ? 1 : 0;
  }
}

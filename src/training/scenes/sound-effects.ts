/** What rooms, microphones and file formats do to sound: bandwidth, colour, echo, noise. All in place. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { createRandom } from '../../pipeline/ingest/demo/random.ts';

/** Coefficients of a second-order section, normalised (R. Bristow-Johnson, Audio EQ Cookbook). */
interface Section {
  b0: number;
  b1: number;
  b2: number;
  a1: number;
  a2: number;
}

function run(samples: Float32Array, { b0, b1, b2, a1, a2 }: Section): void {
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < samples.length; i++) {
    const x0 = samples[i]!;
    // The offset keeps a silent tail out of denormal numbers, which are slow.
    const y0 = b0 * x0 + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2 + 1e-18;
    samples[i] = y0;
    x2 = x1;
    x1 = x0;
    y2 = y1;
    y1 = y0;
  }
}

function lowPassSection(hz: number, q: number, rateHz: number): Section {
  const w = (2 * Math.PI * hz) / rateHz;
  const alpha = Math.sin(w) / (2 * q);
  const cos = Math.cos(w);
  const a0 = 1 + alpha;
  const b1 = (1 - cos) / a0;
  return { b0: b1 / 2, b1, b2: b1 / 2, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** Butterworth of fourth order: what a lower sampling rate or a poor microphone leaves. */
export function lowPass(samples: Float32Array, hz: number, rateHz: number): void {
  run(samples, lowPassSection(hz, 0.5412, rateHz));
  run(samples, lowPassSection(hz, 1.3066, rateHz));
}

/** Highs above `hz` louder by `db`: a high shelf. */
export function tilt(samples: Float32Array, hz: number, db: number, rateHz: number): void {
  const a = 10 ** (db / 40);
  const w = (2 * Math.PI * hz) / rateHz;
  const cos = Math.cos(w);
  const alpha = (Math.sin(w) / 2) * Math.SQRT2;
  const root = 2 * Math.sqrt(a) * alpha;
  const a0 = a + 1 - (a - 1) * cos + root;
  run(samples, {
    b0: (a * (a + 1 + (a - 1) * cos + root)) / a0,
    b1: (-2 * a * (a - 1 + (a + 1) * cos)) / a0,
    b2: (a * (a + 1 + (a - 1) * cos - root)) / a0,
    a1: (2 * (a - 1 - (a + 1) * cos)) / a0,
    a2: (a + 1 - (a - 1) * cos - root) / a0,
  });
}

/** A small room: three echoes that feed back, their highs dying first, below the sound by `wet` (0..1). */
export function reverb(samples: Float32Array, wet: number, random: Random, rateHz: number): void {
  for (let echo = 0; echo < 3; echo++) {
    const delay = Math.round(rateHz * random.between(0.011, 0.047));
    const gain = wet * random.between(0.5, 0.9);
    let soft = 0;
    for (let i = delay; i < samples.length; i++) {
      soft += 0.6 * (samples[i - delay]! - soft);
      samples[i] = samples[i]! + gain * soft;
    }
  }
}

/** Beyond full scale the converter has no numbers. */
export function clip(samples: Float32Array, limit: number): void {
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    if (sample > limit) samples[i] = limit;
    else if (sample < -limit) samples[i] = -limit;
  }
}

const NOISE_SAMPLES = 1 << 18;
let colours: Float32Array[] | null = null;

/** White, pink (P. Kellet's filter) and brown noise of RMS 1, made once; each use reads from another place. */
function noiseColours(): Float32Array[] {
  if (colours !== null) return colours;
  const random = createRandom(0x7015e);
  const white = new Float32Array(NOISE_SAMPLES);
  const pink = new Float32Array(NOISE_SAMPLES);
  const brown = new Float32Array(NOISE_SAMPLES);
  let p0 = 0;
  let p1 = 0;
  let p2 = 0;
  let b = 0;
  for (let i = 0; i < NOISE_SAMPLES; i++) {
    const w = random.next() + random.next() + random.next() - 1.5;
    p0 = 0.99765 * p0 + w * 0.099046;
    p1 = 0.963 * p1 + w * 0.2965164;
    p2 = 0.57 * p2 + w * 1.0526913;
    b = 0.985 * b + w;
    white[i] = w;
    pink[i] = p0 + p1 + p2 + w * 0.1848;
    brown[i] = b;
  }
  colours = [white, pink, brown];
  for (const colour of colours) {
    const rms = Math.sqrt(colour.reduce((sum, sample) => sum + sample * sample, 0) / NOISE_SAMPLES);
    for (let i = 0; i < NOISE_SAMPLES; i++) colour[i] = colour[i]! / rms;
  }
  return colours;
}

/** Adds noise of RMS `level`, of a random colour or mixture. */
export function addNoise(samples: Float32Array, level: number, random: Random): void {
  const table = noiseColours();
  const one = table[random.integer(0, 2)]!;
  const two = table[random.integer(0, 1)]!;
  const share = random.next();
  const gainOne = level * Math.sqrt(share);
  const gainTwo = level * Math.sqrt(1 - share);
  let i1 = random.integer(0, NOISE_SAMPLES - 1);
  let i2 = random.integer(0, NOISE_SAMPLES - 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = samples[i]! + gainOne * one[i1]! + gainTwo * two[i2]!;
    i1 = (i1 + 1) & (NOISE_SAMPLES - 1);
    i2 = (i2 + 1) & (NOISE_SAMPLES - 1);
  }
}

/** Adds the mains' hum, 50 or 60 Hz and harmonics, of about RMS `level`. */
export function addHum(samples: Float32Array, level: number, random: Random, rateHz: number): void {
  const hz = random.pick([50, 60]);
  for (let harmonic = 1; harmonic <= 4; harmonic++) {
    const step = (2 * Math.PI * hz * harmonic) / rateHz;
    const gain = (level * random.next() * 1.6) / harmonic;
    const phase = random.between(0, 6.28);
    for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! + gain * Math.sin(phase + step * i);
  }
}

/** Writes a sound that is none of the classes, of RMS about 0.1: beeps, sweeps, knocks or gusts. */
export function writeOtherSound(out: Float32Array, random: Random, rateHz: number): void {
  out.fill(0);
  const kind = random.integer(0, 3);
  if (kind === 3) {
    addNoise(out, 0.1, random);
    const rate = random.between(0.3, 4);
    const phase = random.between(0, 6.28);
    for (let i = 0; i < out.length; i++) {
      out[i] = out[i]! * (0.55 + 0.45 * Math.sin(phase + (2 * Math.PI * rate * i) / rateHz));
    }
    lowPass(out, random.between(300, 6000), rateHz);
    return;
  }
  let at = random.integer(0, Math.round(0.4 * rateHz));
  while (at < out.length) {
    const length = Math.round(rateHz * (kind === 2 ? random.between(0.03, 0.12) : random.between(0.08, 0.6)));
    const fromHz = kind === 2 ? random.between(60, 400) : random.between(250, 3800);
    const toHz = kind === 1 ? fromHz * random.between(0.4, 2.5) : fromHz;
    let phase = 0;
    for (let i = 0; i < length && at + i < out.length; i++) {
      const share = i / length;
      phase += (2 * Math.PI * (fromHz + (toHz - fromHz) * share)) / rateHz;
      const shape = kind === 2 ? Math.exp(-6 * share) : Math.min(1, share * 20, (1 - share) * 20);
      out[at + i] =
        0.15 * shape * (kind === 2 ? Math.sin(phase) + 0.5 * (random.next() - 0.5) : Math.sin(phase));
    }
    at += length + Math.round(rateHz * random.between(0.05, 0.6));
  }
}

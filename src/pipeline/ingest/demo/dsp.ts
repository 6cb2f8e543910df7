/** The few signal-processing parts that the cast's voices are built of. */

import { createRandom } from './random.ts';

/** Two-pole resonator with unity gain at 0 Hz (Klatt 1980, "Software for a cascade/parallel formant synthesizer"). */
export class Resonator {
  private a = 1;
  private b = 0;
  private c = 0;
  private y1 = 0;
  private y2 = 0;

  tune(frequencyHz: number, bandwidthHz: number, rateHz: number): this {
    const radius = Math.exp((-Math.PI * bandwidthHz) / rateHz);
    this.c = -radius * radius;
    this.b = 2 * radius * Math.cos((2 * Math.PI * frequencyHz) / rateHz);
    this.a = 1 - this.b - this.c;
    return this;
  }

  next(x: number): number {
    const y = this.a * x + this.b * this.y1 + this.c * this.y2;
    this.y2 = this.y1;
    this.y1 = y;
    return y;
  }
}

/** Band-pass with unity gain at its centre (bilinear, constant peak gain). */
export class BandPass {
  private b0 = 0;
  private a1 = 0;
  private a2 = 0;
  private x1 = 0;
  private x2 = 0;
  private y1 = 0;
  private y2 = 0;

  tune(frequencyHz: number, bandwidthHz: number, rateHz: number): this {
    const w = (2 * Math.PI * frequencyHz) / rateHz;
    const alpha = (Math.sin(w) * bandwidthHz) / (2 * frequencyHz);
    this.b0 = alpha / (1 + alpha);
    this.a1 = (-2 * Math.cos(w)) / (1 + alpha);
    this.a2 = (1 - alpha) / (1 + alpha);
    return this;
  }

  next(x: number): number {
    const y = this.b0 * (x - this.x2) - this.a1 * this.y1 - this.a2 * this.y2;
    this.x2 = this.x1;
    this.x1 = x;
    this.y2 = this.y1;
    this.y1 = y;
    return y;
  }
}

/** One-pole low-pass. */
export class LowPass {
  private share = 1;
  private y = 0;

  tune(cornerHz: number, rateHz: number): this {
    this.share = 1 - Math.exp((-2 * Math.PI * Math.min(cornerHz, rateHz * 0.49)) / rateHz);
    return this;
  }

  next(x: number): number {
    this.y += (x - this.y) * this.share;
    return this.y;
  }
}

/** Saw wave in -1..1 with its step rounded off (polynomial band-limited step), so that it hardly aliases. */
export class Saw {
  private phase: number;

  constructor(phase = 0) {
    this.phase = phase;
  }

  next(frequencyHz: number, rateHz: number): number {
    const step = frequencyHz / rateHz;
    this.phase += step;
    if (this.phase >= 1) this.phase -= 1;
    let value = 2 * this.phase - 1;
    if (this.phase < step) {
      const t = this.phase / step;
      value -= 2 * t - t * t - 1;
    } else if (this.phase > 1 - step) {
      const t = (this.phase - 1) / step;
      value -= t * t + 2 * t + 1;
    }
    return value;
  }
}

/** White noise in -1..1. */
export function createNoise(seed: number): () => number {
  const random = createRandom(seed);
  return () => random.next() * 2 - 1;
}

/** 0 to 1 over `attackS`, down to 0 over the last `releaseS` of `durationS`; raised cosine, so without clicks. */
export function envelope(timeS: number, durationS: number, attackS: number, releaseS: number): number {
  if (timeS <= 0 || timeS >= durationS) return 0;
  const share = Math.min(1, timeS / attackS, (durationS - timeS) / releaseS);
  return 0.5 - 0.5 * Math.cos(Math.PI * share);
}

/** Equal-tempered pitch; A4 = 69 = 440 Hz. */
export function midiHz(note: number): number {
  return 440 * 2 ** ((note - 69) / 12);
}

/** Runs `sample(timeS)` over a note's samples and adds what it returns. */
export function addNote(
  out: Float32Array,
  rateHz: number,
  startS: number,
  durationS: number,
  sample: (timeS: number) => number,
): void {
  const first = Math.round(startS * rateHz);
  const end = Math.min(out.length, first + Math.round(durationS * rateHz));
  for (let i = Math.max(0, first); i < end; i++) out[i] = out[i]! + sample((i - first) / rateHz);
}

/** Piecewise linear through (x, y) pairs given flat and in order of x; constant outside. */
export function interpolate(points: readonly number[], x: number): number {
  if (x <= points[0]!) return points[1]!;
  for (let i = 2; i < points.length; i += 2) {
    if (x <= points[i]!) {
      const share = (x - points[i - 2]!) / (points[i]! - points[i - 2]!);
      return points[i - 1]! + share * (points[i + 1]! - points[i - 1]!);
    }
  }
  return points[points.length - 1]!;
}

/** Scales so that the sounding parts (above 1 % of the peak, in 20 ms steps) have `targetRms`, the peak at most `maxPeak`. */
export function level(samples: Float32Array, rateHz: number, targetRms: number, maxPeak: number): void {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  if (peak === 0) return;
  const step = Math.round(rateHz / 50);
  let energy = 0;
  let counted = 0;
  for (let start = 0; start < samples.length; start += step) {
    const end = Math.min(samples.length, start + step);
    let sum = 0;
    for (let i = start; i < end; i++) sum += samples[i]! ** 2;
    if (sum / (end - start) < (0.01 * peak) ** 2) continue;
    energy += sum;
    counted += end - start;
  }
  const gain = Math.min(targetRms / Math.sqrt(energy / counted), maxPeak / peak);
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * gain;
}

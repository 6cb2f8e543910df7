/** Colours as other cameras and other light would give them, and the noise of a sensor. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { createRandom } from '../../pipeline/ingest/demo/random.ts';

/** Writes 256 entries each for red, green and blue: exposure, contrast, gamma and white balance by `strength`. */
export function writeTone(tone: Uint8Array, random: Random, strength: number): void {
  const contrast = 1 + strength * random.between(-0.5, 0.5);
  const shift = strength * random.between(-70, 70);
  const gamma = Math.exp(strength * random.between(-0.5, 0.5));
  for (let channel = 0; channel < 3; channel++) {
    const gain = 1 + strength * random.between(-0.22, 0.22);
    for (let i = 0; i < 256; i++) {
      const curved = 255 * (i / 255) ** gamma;
      const value = ((curved - 128) * contrast + 128 + shift) * gain;
      tone[channel * 256 + i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
    }
  }
}

const NOISE_LENGTH = 1 << 17;
let noise: Int8Array | null = null;

/** Normal with a deviation of 32, the same for all; where it is read from is what differs. */
function noiseTable(): Int8Array {
  if (noise !== null) return noise;
  const random = createRandom(0x5e2502);
  noise = new Int8Array(NOISE_LENGTH);
  for (let i = 0; i < NOISE_LENGTH; i++) {
    const sum = random.next() + random.next() + random.next() + random.next() - 2;
    noise[i] = Math.max(-127, Math.min(127, Math.round(sum * 55)));
  }
  return noise;
}

/** Finishes a picture of `count` bytes into `out` at `at`: tone, less colour (0..1 of it kept), noise of a deviation. */
export function finish(
  rgb: Uint8Array,
  count: number,
  tone: Uint8Array,
  saturation: number,
  deviation: number,
  random: Random,
  out: Uint8Array,
  at: number,
): void {
  const table = noiseTable();
  const amount = deviation / 32;
  let n = random.integer(0, NOISE_LENGTH - 1);
  const step = 1 + 2 * random.integer(0, 3);
  for (let i = 0; i < count; i += 3) {
    let red = tone[rgb[i]!]!;
    let green = tone[256 + rgb[i + 1]!]!;
    let blue = tone[512 + rgb[i + 2]!]!;
    if (saturation !== 1) {
      const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
      red = grey + (red - grey) * saturation;
      green = grey + (green - grey) * saturation;
      blue = grey + (blue - grey) * saturation;
    }
    n = (n + step) & (NOISE_LENGTH - 1);
    const luma = table[n]! * amount;
    const tint = table[(n + 4099) & (NOISE_LENGTH - 1)]! * amount * 0.4;
    red += luma + tint;
    green += luma;
    blue += luma - tint;
    out[at + i] = red < 0 ? 0 : red > 254.5 ? 255 : red + 0.5;
    out[at + i + 1] = green < 0 ? 0 : green > 254.5 ? 255 : green + 0.5;
    out[at + i + 2] = blue < 0 ? 0 : blue > 254.5 ? 255 : blue + 0.5;
  }
}

/** 3x3 binomial blur in place, `passes` times. `row` holds at least three rows. */
export function blur(rgb: Uint8Array, width: number, height: number, passes: number): void {
  const stride = width * 3;
  for (let pass = 0; pass < passes; pass++) {
    for (let y = 0; y < height; y++) {
      const at = y * stride;
      for (let c = 0; c < 3; c++) {
        let before = rgb[at + c]!;
        for (let x = 0; x < width; x++) {
          const i = at + 3 * x + c;
          const here = rgb[i]!;
          const after = x + 1 < width ? rgb[i + 3]! : here;
          rgb[i] = (before + 2 * here + after + 2) >> 2;
          before = here;
        }
      }
    }
    for (let i = 0; i < stride; i++) {
      let before = rgb[i]!;
      for (let y = 0, at = i; y < height; y++, at += stride) {
        const here = rgb[at]!;
        const after = y + 1 < height ? rgb[at + stride]! : here;
        rgb[at] = (before + 2 * here + after + 2) >> 2;
        before = here;
      }
    }
  }
}

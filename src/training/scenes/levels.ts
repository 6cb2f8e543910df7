/** How loud a sound is, and whether it can be told among others. */

/** Blocks in which loudness is judged: 50 ms at 22,050 Hz. */
export const BLOCK_SAMPLES = 1102;

/** Mean square of each block of `samples`; a shorter rest counts as a block of its own. */
export function blockPowers(samples: ArrayLike<number>, count: number, scale: number): Float64Array {
  const powers = new Float64Array(Math.max(1, Math.ceil(count / BLOCK_SAMPLES)));
  for (let block = 0; block < powers.length; block++) {
    const from = block * BLOCK_SAMPLES;
    const to = Math.min(count, from + BLOCK_SAMPLES);
    let sum = 0;
    for (let i = from; i < to; i++) sum += samples[i]! * samples[i]!;
    powers[block] = to > from ? (sum * scale * scale) / (to - from) : 0;
  }
  return powers;
}

/** RMS over the blocks within 20 dB of the loudest: of a bark, not of the pause after it. */
export function activeLevel(samples: ArrayLike<number>, scale: number): number {
  const powers = blockPowers(samples, samples.length, scale);
  const loudest = powers.reduce((a, b) => Math.max(a, b), 0);
  const active = powers.filter((power) => power > 0 && power >= loudest / 100);
  return active.length === 0 ? 0 : Math.sqrt(active.reduce((a, b) => a + b, 0) / active.length);
}

/** A block counts as heard above this (-52 dBFS) ... */
const FLOOR_POWER = 10 ** -5.2;
/** ... and no more than 12 dB below all the rest. */
const REST_SHARE = 10 ** -1.2;
/** Blocks that must be heard: 100 ms. */
const HEARD_BLOCKS = 2;

/** Whether a part is audible: in two blocks its own power is above the floor and not drowned by the rest. */
export function isAudible(own: Float64Array, rest: Float64Array): boolean {
  let heard = 0;
  for (let i = 0; i < own.length; i++) {
    if (own[i]! >= FLOOR_POWER && own[i]! >= REST_SHARE * rest[i]!) heard++;
  }
  return heard >= HEARD_BLOCKS;
}

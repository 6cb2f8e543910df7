/** RTP and NTP arithmetic: counters that wrap become counters that don't, and clock ticks become microseconds. */

/** Seconds from the NTP prime epoch (1900) to 1970 (RFC 5905 figure 4). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const NTP_ERA_SECONDS = 2 ** 32;

/**
 * Unwraps a counter of `bits` bits: each value is taken as the one nearest to the highest seen so far, so
 * values may come out of order by up to half the range (as RFC 3711 section 3.3.1 estimates a packet's index).
 */
export class Unwrapper {
  readonly #range: number;
  #highest: number | null = null;

  constructor(bits: 16 | 32) {
    this.#range = 2 ** bits;
  }

  /** The value without wraps, an integer; it becomes the reference for later ones when it is the highest yet. */
  unwrap(value: number): number {
    const unwrapped = this.peek(value);
    if (this.#highest === null || unwrapped > this.#highest) this.#highest = unwrapped;
    return unwrapped;
  }

  /** As {@link unwrap}, without moving the reference. The first value is itself, one range up (so never negative). */
  peek(value: number): number {
    if (this.#highest === null) return value + this.#range;
    const half = this.#range / 2;
    const ahead = modulo(value - this.#highest, this.#range);
    return this.#highest + (ahead < half ? ahead : ahead - this.#range);
  }
}

/**
 * Clock ticks as integer microseconds, rounded to nearest. Whole seconds are split off first: ticks times 1e6
 * would leave the integers a number can hold after a day of wraps.
 */
export function ticksToUs(ticks: number, clockRateHz: number): number {
  const rest = modulo(ticks, clockRateHz);
  return ((ticks - rest) / clockRateHz) * 1_000_000 + Math.round((rest * 1_000_000) / clockRateHz);
}

/**
 * A 64-bit NTP timestamp (RFC 3550 section 4) as integer microseconds since 1970. A clear top bit means the era
 * that begins in 2036 (RFC 4330 section 3; RFC 5905, which follows it, keeps the eras and leaves the choice open).
 */
export function ntpToUnixUs(ntp: bigint): number {
  const seconds = Number(ntp >> 32n);
  const fraction = Number(ntp & 0xffff_ffffn);
  const era = seconds < NTP_ERA_SECONDS / 2 ? NTP_ERA_SECONDS : 0;
  return (
    (seconds + era - NTP_TO_UNIX_SECONDS) * 1_000_000 + Math.round((fraction * 1_000_000) / NTP_ERA_SECONDS)
  );
}

function modulo(value: number, range: number): number {
  return ((value % range) + range) % range;
}

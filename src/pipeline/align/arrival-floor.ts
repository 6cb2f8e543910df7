/** The least delay between media time and arrival that a track showed lately: its clock, as far as arrival tells it. */

const BUCKET_US = 500_000;
const BUCKETS = 10;

/**
 * A sliding minimum of `arrivalUs - mediaUs` over the last five seconds, in half-second steps. The minimum, because
 * the network only ever adds delay.
 */
export class ArrivalFloor {
  readonly #minima = new Float64Array(BUCKETS);
  /** Which half second each bucket holds. */
  readonly #buckets = new Float64Array(BUCKETS).fill(Number.NaN);
  #newest = Number.NEGATIVE_INFINITY;

  push(mediaUs: number, arrivalUs: number): void {
    const bucket = Math.floor(arrivalUs / BUCKET_US);
    const slot = ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
    const delayUs = arrivalUs - mediaUs;
    if (this.#buckets[slot] !== bucket) {
      this.#buckets[slot] = bucket;
      this.#minima[slot] = delayUs;
    } else {
      this.#minima[slot] = Math.min(this.#minima[slot]!, delayUs);
    }
    this.#newest = Math.max(this.#newest, bucket);
  }

  /** The minimum in microseconds; null before the first arrival. Silence ages nothing: the last seconds stay. */
  delayUs(): number | null {
    let least: number | null = null;
    for (let slot = 0; slot < BUCKETS; slot++) {
      if (!(this.#buckets[slot]! > this.#newest - BUCKETS)) continue;
      const delayUs = this.#minima[slot]!;
      if (least === null || delayUs < least) least = delayUs;
    }
    return least;
  }

  /**
   * What the delay has come to: the minimum over the two whole half seconds before `nowUs`; null where nothing arrived in
   * either. A burst after a stall is over before it counts.
   */
  settledUs(nowUs: number): number | null {
    const now = Math.floor(nowUs / BUCKET_US);
    let least = Infinity;
    for (let bucket = now - 2; bucket < now; bucket++) {
      const slot = ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
      if (this.#buckets[slot] !== bucket) return null;
      least = Math.min(least, this.#minima[slot]!);
    }
    return least;
  }

  reset(): void {
    this.#buckets.fill(Number.NaN);
    this.#newest = Number.NEGATIVE_INFINITY;
  }
}

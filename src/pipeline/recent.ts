/** A bounded memory of the last measurements, for rates and percentiles in the API. Pure. */

/**
 * Keeps up to `capacity` rows of `columns` numbers, each with the time it was added; rows older than `horizonUs`
 * are not counted. Nothing is allocated after construction but the answers.
 */
export class Recent {
  readonly #columns: number;
  readonly #capacity: number;
  readonly #horizonUs: number;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  #added = 0;

  constructor(columns: number, capacity: number, horizonUs: number) {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#horizonUs = horizonUs;
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity * columns);
  }

  add(nowUs: number, row: readonly number[]): void {
    const slot = this.#added++ % this.#capacity;
    this.#times[slot] = nowUs;
    this.#values.set(row, slot * this.#columns);
  }

  /** Rows a second, over the horizon or since the first row if that is shorter. */
  rateHz(nowUs: number): number {
    const slots = this.#recentSlots(nowUs);
    if (slots.length < 2) return 0;
    const first = this.#times[slots[0]!]!;
    return ((slots.length - 1) * 1e6) / Math.max(1, nowUs - first);
  }

  /** Mean of each column; null when there is no recent row. */
  means(nowUs: number): number[] | null {
    const slots = this.#recentSlots(nowUs);
    if (slots.length === 0) return null;
    const sums = new Array<number>(this.#columns).fill(0);
    for (const slot of slots) {
      for (let c = 0; c < this.#columns; c++) sums[c]! += this.#values[slot * this.#columns + c]!;
    }
    return sums.map((sum) => sum / slots.length);
  }

  /** Nearest-rank quantiles of one column; null when there is no recent row. */
  quantiles(nowUs: number, column: number, shares: readonly number[]): number[] | null {
    const slots = this.#recentSlots(nowUs);
    if (slots.length === 0) return null;
    const sorted = slots.map((slot) => this.#values[slot * this.#columns + column]!).sort((a, b) => a - b);
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!);
  }

  /** Oldest first. */
  #recentSlots(nowUs: number): number[] {
    const slots: number[] = [];
    const kept = Math.min(this.#added, this.#capacity);
    for (let i = this.#added - kept; i < this.#added; i++) {
      const slot = i % this.#capacity;
      if (nowUs - this.#times[slot]! <= this.#horizonUs) slots.push(slot);
    }
    return slots;
  }
}

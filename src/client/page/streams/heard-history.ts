/** What was heard over the last half minute: per class, the loudest claim in each quarter of a second. */

export const HISTORY_SPAN_MS = 30_000;
const COLUMN_MS = 250;
/** Columns of the history, oldest first when read. */
export const HISTORY_COLUMNS = HISTORY_SPAN_MS / COLUMN_MS;

export class HeardHistory {
  readonly #classes: number;
  /** `[column, class]`; NaN where nothing was received. */
  readonly #values: Float32Array;
  #column = -1;

  constructor(classes: number) {
    this.#classes = classes;
    this.#values = new Float32Array(classes * HISTORY_COLUMNS).fill(Number.NaN);
  }

  /** @param heard Probability 0..1. */
  accept(classIndex: number, heard: number, nowMs: number): void {
    if (classIndex < 0 || classIndex >= this.#classes) return;
    this.advance(nowMs);
    const at = (this.#column % HISTORY_COLUMNS) * this.#classes + classIndex;
    const before = this.#values[at]!;
    this.#values[at] = Number.isNaN(before) ? heard : Math.max(before, heard);
  }

  /** Opens the columns up to now; those nobody wrote into stay empty. */
  advance(nowMs: number): void {
    const now = Math.floor(nowMs / COLUMN_MS);
    if (this.#column < 0 || now - this.#column > HISTORY_COLUMNS) {
      this.#values.fill(Number.NaN);
    } else {
      for (let column = this.#column + 1; column <= now; column++) {
        const start = (column % HISTORY_COLUMNS) * this.#classes;
        this.#values.fill(Number.NaN, start, start + this.#classes);
      }
    }
    this.#column = Math.max(this.#column, now);
  }

  /** Fills `out` (`HISTORY_COLUMNS` values, oldest first; NaN: nothing received) for one class. */
  read(classIndex: number, out: Float32Array): void {
    for (let i = 0; i < HISTORY_COLUMNS; i++) {
      const column = (this.#column + 1 + i) % HISTORY_COLUMNS;
      out[i] = this.#column < 0 ? Number.NaN : this.#values[column * this.#classes + classIndex]!;
    }
  }
}

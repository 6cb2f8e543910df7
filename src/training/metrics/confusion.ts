/** Which class is taken for which, where several may be true at once. */

/**
 * `table[true][answer]` counts, for every true class, where the answer went: to itself when it was given, else to the
 * strongest answer that is not true, else to the last column ("none"). The last row counts answers in examples where
 * nothing was true.
 */
export class ConfusionTable {
  readonly table: number[][];
  readonly #count: number;

  constructor(classCount: number) {
    this.#count = classCount;
    this.table = Array.from({ length: classCount + 1 }, () => new Array<number>(classCount + 1).fill(0));
  }

  /** `scores` 0..1 of each class; an answer is given from `thresholds[class]` on. */
  add(isTrue: readonly boolean[], scores: ArrayLike<number>, thresholds: readonly number[]): void {
    const none = this.#count;
    let wrong = none;
    for (let index = 0; index < this.#count; index++) {
      const isGiven = scores[index]! >= thresholds[index]!;
      if (isTrue[index] === true || !isGiven) continue;
      if (wrong === none || scores[index]! > scores[wrong]!) wrong = index;
    }
    let any = false;
    for (let index = 0; index < this.#count; index++) {
      if (isTrue[index] !== true) continue;
      any = true;
      const isFound = scores[index]! >= thresholds[index]!;
      this.table[index]![isFound ? index : wrong]!++;
    }
    if (!any) this.table[none]![wrong]!++;
  }
}

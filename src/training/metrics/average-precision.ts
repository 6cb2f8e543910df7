/** Area under precision over recall of a ranking. */

/** Scores and their order, so that one sort answers for many truths. */
export interface Ranked {
  scores: ArrayLike<number>;
  /** Indices from the highest score to the lowest. */
  order: Uint32Array;
}

export function ranked(scores: ArrayLike<number>): Ranked {
  const order = new Uint32Array(scores.length).map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  return { scores, order };
}

/**
 * Average precision as scikit-learn's `average_precision_score`: the sum over distinct scores of precision times the
 * recall won, no interpolation; equal scores are one step.
 *
 * @param positive whether each item is one to be found; soft labels count from 0.5
 * @returns 0..1, or null when there is nothing to be found, where it means nothing
 */
export function averagePrecision(scores: ArrayLike<number>, positive: ArrayLike<number>): number | null {
  return averagePrecisionOf(ranked(scores), positive);
}

/** {@link averagePrecision} of scores whose order is known. */
export function averagePrecisionOf({ scores, order }: Ranked, positive: ArrayLike<number>): number | null {
  const count = order.length;
  let all = 0;
  for (let i = 0; i < count; i++) if (positive[i]! >= 0.5) all++;
  if (all === 0) return null;
  let found = 0;
  let recall = 0;
  let area = 0;
  for (let rank = 0; rank < count; rank++) {
    if (positive[order[rank]!]! >= 0.5) found++;
    const isTied = rank + 1 < count && scores[order[rank + 1]!] === scores[order[rank]!];
    if (isTied) continue;
    const reached = found / all;
    area += (found / (rank + 1)) * (reached - recall);
    recall = reached;
  }
  return area;
}

/** Mean over what has a value; null where nothing has. */
export function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}

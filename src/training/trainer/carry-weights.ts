/** Takes weights over into the next stage: by name where they fit, the class heads class by class. Pure. */

import type { WeightArrays } from './parameters.ts';

/** Weights and the classes that their heads are for, in order. */
export interface ClassedWeights {
  weights: WeightArrays;
  classes: readonly string[];
}

const HEAD = 'head/';

/** Weights of the stage before where they fit, new ones elsewhere; and the names of those that stayed new. */
export function carriedWeights(
  initial: WeightArrays,
  classes: readonly string[],
  before: ClassedWeights | null,
): { weights: Map<string, Float32Array>; fresh: string[] } {
  const weights = new Map(initial);
  const fresh: string[] = [];
  for (const [name, values] of initial) {
    const old = before?.weights.get(name);
    const taken =
      old === undefined || before === null
        ? null
        : name.startsWith(HEAD)
          ? carriedHead(values, classes, old, before.classes)
          : old.length === values.length
            ? old
            : null;
    if (taken === null) fresh.push(name);
    else weights.set(name, taken);
  }
  return { weights, fresh };
}

/**
 * Matrices `[features, classes]`: the column of each class that there was before, by name; null where there is none.
 */
function carriedHead(
  values: Float32Array,
  classes: readonly string[],
  old: Float32Array,
  oldClasses: readonly string[],
): Float32Array | null {
  const features = values.length / classes.length;
  if (old.length / oldClasses.length !== features) return null;
  const columns = classes.map((name) => oldClasses.indexOf(name));
  if (columns.every((column) => column < 0)) return null;
  const head = Float32Array.from(values);
  for (const [to, from] of columns.entries()) {
    if (from < 0) continue;
    for (let f = 0; f < features; f++) {
      head[f * classes.length + to] = old[f * oldClasses.length + from]!;
    }
  }
  return head;
}

/** Where each named weight lies in one flat array, so that optimiser, averages and threads work on plain ranges. */

/** What the layout needs to know of a weight; the network room's specifications are such. */
export interface ParameterSpec {
  name: string;
  /** Empty for a scalar. */
  shape: readonly number[];
  /** `statistic`: a running mean or variance, measured and not learned. */
  kind: 'weight' | 'statistic';
}

export interface Parameter extends ParameterSpec {
  /** First element in the flat array. */
  offset: number;
  length: number;
  /** What the stage's learning rate is multiplied by. */
  rateFactor: number;
  /** Weight decay applies: matrices and filters, not biases and norms (which have one dimension). */
  decays: boolean;
}

/** Weights that begin with `prefix` are trained; the first rule that fits decides. */
export interface TrainableRule {
  prefix: string;
  rateFactor: number;
}

/**
 * The flat array holds the trained weights in `[0, trained)`, running statistics in `[trained, measured)` and frozen
 * weights in `[measured, total)`. Gradients and averages thus need only its beginning.
 */
export interface ParameterLayout {
  parameters: readonly Parameter[];
  trained: number;
  measured: number;
  total: number;
}

/** Weights by name, each dense in row-major order. */
export type WeightArrays = ReadonlyMap<string, Float32Array>;

/** @param reached starts of the names of the weights that the loss depends on: no others are trained or measured */
export function layoutOf(
  specs: readonly ParameterSpec[],
  rules: readonly TrainableRule[],
  reached: readonly string[] = [''],
): ParameterLayout {
  const ruleOf = (name: string) =>
    reached.some((prefix) => name.startsWith(prefix))
      ? rules.find(({ prefix }) => name.startsWith(prefix))
      : undefined;
  const isTrained = (spec: ParameterSpec) => spec.kind === 'weight' && ruleOf(spec.name) !== undefined;
  const isMeasured = (spec: ParameterSpec) => spec.kind === 'statistic' && ruleOf(spec.name) !== undefined;
  const parameters: Parameter[] = [];
  let offset = 0;
  const append = (chosen: readonly ParameterSpec[]): number => {
    for (const spec of chosen) {
      const length = spec.shape.reduce((product, extent) => product * extent, 1);
      const rateFactor = ruleOf(spec.name)?.rateFactor ?? 0;
      parameters.push({ ...spec, offset, length, rateFactor, decays: spec.shape.length > 1 });
      offset += length;
    }
    return offset;
  };
  const trained = append(specs.filter(isTrained));
  const measured = append(specs.filter(isMeasured));
  const total = append(specs.filter((spec) => !isTrained(spec) && !isMeasured(spec)));
  return { parameters, trained, measured, total };
}

/** The trained weights, in their order in the flat array. */
export function trainedOf({ parameters, trained }: ParameterLayout): Parameter[] {
  return parameters.filter(({ offset, length }) => offset + length <= trained);
}

/** Views of a flat array, by name; parameters that lie past its end are left out. */
export function viewsOf<A extends ArrayBufferLike>(
  flat: Float32Array<A>,
  { parameters }: ParameterLayout,
): Map<string, Float32Array<A>> {
  const within = parameters.filter(({ offset, length }) => offset + length <= flat.length);
  return new Map(within.map(({ name, offset, length }) => [name, flat.subarray(offset, offset + length)]));
}

/** A piece of the trained range in which rate and decay do not change. */
export interface Span {
  from: number;
  to: number;
  rateFactor: number;
  decays: boolean;
}

/** The spans within `[from, to)`; neighbours that are alike become one. */
export function spansOf(layout: ParameterLayout, from: number, to: number): Span[] {
  const spans: Span[] = [];
  for (const { offset, length, rateFactor, decays } of trainedOf(layout)) {
    const start = Math.max(from, offset);
    const end = Math.min(to, offset + length);
    if (start >= end) continue;
    const last = spans.at(-1);
    if (last?.to === start && last.rateFactor === rateFactor && last.decays === decays) last.to = end;
    else spans.push({ from: start, to: end, rateFactor, decays });
  }
  return spans;
}

/** Part `index` of `parts` of `[0, length)`: as even as whole elements allow. */
export function partOf(length: number, index: number, parts: number): { from: number; to: number } {
  return { from: Math.floor((length * index) / parts), to: Math.floor((length * (index + 1)) / parts) };
}

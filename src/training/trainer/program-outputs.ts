/** Named arrays that a stage's program gave, as the answers of a step engine. Pure. */

import { GRADIENT, STATISTIC, TERM } from './stage-program.ts';
import type { EvaluationOutput, StepOutput } from './step-engine.ts';

type NamedArrays = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

export function stepOutputOf(arrays: NamedArrays): StepOutput {
  return {
    loss: scalarOf(arrays.get('loss')),
    terms: termsOf(arrays),
    gradients: withPrefix(arrays, GRADIENT),
    statistics: withPrefix(arrays, STATISTIC),
  };
}

export function evaluationOutputOf(size: number, arrays: NamedArrays): EvaluationOutput {
  const of = (name: string): Float32Array<ArrayBuffer> => arrays.get(name) ?? new Float32Array(0);
  return {
    size,
    terms: termsOf(arrays),
    audioProbability: of('audioProbability'),
    visualProbability: of('visualProbability'),
    cam: of('cam'),
    similarity: of('similarity'),
  };
}

function termsOf(arrays: NamedArrays): Record<string, number> {
  return Object.fromEntries([...withPrefix(arrays, TERM)].map(([name, values]) => [name, scalarOf(values)]));
}

function withPrefix(arrays: NamedArrays, prefix: string): Map<string, Float32Array<ArrayBuffer>> {
  return new Map(
    [...arrays].flatMap(([name, values]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), values] as const] : [],
    ),
  );
}

function scalarOf(values: Float32Array | undefined): number {
  const value = values?.[0];
  if (value === undefined) throw new Error('the program gave no number where one is due');
  return value;
}

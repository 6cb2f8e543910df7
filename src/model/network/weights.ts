/** The network's weights: a plain map of named arrays, and how each begins. */

import { type Branch, backbone, type ConvLayer, convLayers } from './layers.ts';
import { featureCount, type NetworkOptions } from './options.ts';

/** One array, row by row. Convolution kernels are `[height, width, inputs, outputs]`, matrices `[inputs, outputs]`. */
export interface Weight {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

/** By name, in the order of {@link weightSpecs}. */
export type WeightMap = Map<string, Weight>;

export interface WeightSpec {
  name: string;
  shape: readonly number[];
  /** `statistic`: batch normalisation's running mean and variance, which no gradient reaches. */
  kind: 'weight' | 'statistic';
  /** Whether weight decay applies: not to normalisation, biases and scalars. */
  decays: boolean;
  /** All equal to a number, or normally distributed with this standard deviation (He et al. 2015). */
  initial: { value: number } | { deviation: number };
}

export const branches: readonly Branch[] = ['visual', 'audio'];

/** All weights of a network. Names are stable: checkpoints and transfers between networks go by them. */
export function weightSpecs(options: NetworkOptions): WeightSpec[] {
  const features = featureCount(options);
  const { classes, projection } = options;
  const specs: WeightSpec[] = [];
  for (const branch of branches) {
    for (const layer of convLayers(backbone(branch, options))) specs.push(...convSpecs(layer));
  }
  for (const branch of branches) {
    specs.push(matrix(`head/${branch}/kernel`, features, classes, 1));
    specs.push(matrix(`projection/${branch}/hidden/kernel`, features, projection.hidden, 2));
    specs.push(matrix(`projection/${branch}/output/kernel`, projection.hidden, projection.size, 1));
    if (projection.form === 'original') {
      specs.push(constant(`projection/${branch}/hidden/bias`, [projection.hidden], 0));
      specs.push(constant(`projection/${branch}/output/bias`, [projection.size], 0));
    }
  }
  for (const branch of branches) specs.push(matrix(`avc/${branch}/kernel`, features, AVC_HIDDEN, 1));
  specs.push(constant('avc/hidden/bias', [AVC_HIDDEN], 0));
  specs.push(matrix('avc/output/kernel', AVC_HIDDEN, 2, 2));
  specs.push(constant('avc/output/bias', [2], 0));
  // The alignment stage reads a similarity k as the probability of logistic(scale * (k - margin)); see losses.
  specs.push(constant('alignment/scale', [1], 8));
  specs.push(constant('alignment/margin', [1], 0.4));
  return specs;
}

/** Units between the pooled features of both branches and match or mismatch (all sources). */
const AVC_HIDDEN = 128;

function convSpecs({ name, kernel, inputs, outputs }: ConvLayer): WeightSpec[] {
  const deviation = Math.sqrt(2 / (kernel * kernel * inputs));
  // A block begins as its shortcut alone (Goyal et al. 2017), which makes large learning rates safe from the start.
  const scale = name.endsWith('/conv2') ? 0 : 1;
  return [
    {
      name: `${name}/kernel`,
      shape: [kernel, kernel, inputs, outputs],
      kind: 'weight',
      decays: true,
      initial: { deviation },
    },
    constant(`${name}/norm/scale`, [outputs], scale),
    constant(`${name}/norm/offset`, [outputs], 0),
    { ...constant(`${name}/norm/mean`, [outputs], 0), kind: 'statistic' },
    { ...constant(`${name}/norm/variance`, [outputs], 1), kind: 'statistic' },
  ];
}

function matrix(name: string, inputs: number, outputs: number, gain: 1 | 2): WeightSpec {
  return {
    name,
    shape: [inputs, outputs],
    kind: 'weight',
    decays: true,
    initial: { deviation: Math.sqrt(gain / inputs) },
  };
}

function constant(name: string, shape: number[], value: number): WeightSpec {
  return { name, shape, kind: 'weight', decays: false, initial: { value } };
}

/** Fresh weights; the same options and seed give the same numbers, and each array's do not depend on the others. */
export function initialWeights(options: NetworkOptions, seed: number): WeightMap {
  return new Map(
    weightSpecs(options).map(({ name, shape, initial }) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      if ('value' in initial) data.fill(initial.value);
      else fillNormal(data, initial.deviation, seed, name);
      return [name, { shape, data }];
    }),
  );
}

/** Box and Muller's transform of a xorshift sequence that starts from the seed and the name. */
function fillNormal(data: Float32Array, deviation: number, seed: number, name: string): void {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i < name.length; i++) {
    state = Math.imul(state ^ name.charCodeAt(i), 0x01000193) >>> 0;
  }
  if (state === 0) state = 1;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state + 0.5) / 0x1_0000_0000;
  };
  for (let burnIn = 0; burnIn < 8; burnIn++) uniform();
  for (let i = 0; i < data.length; i++) {
    data[i] = deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }
}

/**
 * The weights for serving: each convolution's normalisation by running statistics is folded into its kernel, and
 * `<name>/kernel` and `<name>/bias` remain of it; what no serving output needs is left out. New arrays.
 */
export function foldBatchNorm(options: NetworkOptions, weights: WeightMap): WeightMap {
  const folded: WeightMap = new Map();
  for (const branch of branches) {
    for (const { name, outputs } of convLayers(backbone(branch, options))) {
      const of = (part: string): Weight => weightOf(weights, `${name}/${part}`);
      const kernel = of('kernel');
      const data = kernel.data.slice();
      const bias = new Float32Array(outputs);
      for (let channel = 0; channel < outputs; channel++) {
        const gain =
          of('norm/scale').data[channel]! / Math.sqrt(of('norm/variance').data[channel]! + NORM_EPSILON);
        for (let at = channel; at < data.length; at += outputs) data[at] = data[at]! * gain;
        bias[channel] = of('norm/offset').data[channel]! - of('norm/mean').data[channel]! * gain;
      }
      folded.set(`${name}/kernel`, { shape: kernel.shape, data });
      folded.set(`${name}/bias`, { shape: [outputs], data: bias });
    }
  }
  for (const [name, weight] of weights) {
    if (/^(head|projection|avc)\//.test(name)) folded.set(name, { ...weight, data: weight.data.slice() });
  }
  return folded;
}

/** Added to variances before the root, as everywhere. */
export const NORM_EPSILON = 1e-5;

function weightOf(weights: WeightMap, name: string): Weight {
  const weight = weights.get(name);
  if (weight === undefined) throw new RangeError(`The weights have no "${name}".`);
  return weight;
}

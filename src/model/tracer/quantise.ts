/**
 * Static int8: the convolutional part of a graph in the QDQ form (QuantizeLinear, DequantizeLinear around what is to
 * be computed in integers), which onnxruntime turns into integer kernels. Activations are unsigned bytes with one
 * scale a tensor, weights signed 7-bit integers with one an output channel, biases 32-bit integers (Jacob et al. 2018,
 * "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference").
 */

import { type OnnxConstant, type OnnxGraph, type OnnxNode, withoutUnused } from './onnx-file.ts';

/** What an activation takes values between on calibration scenes. */
export interface Range {
  min: number;
  max: number;
}

const FEATURE_OPERATORS = new Set(['Conv', 'MaxPool', 'Relu', 'Add']);

/** Names of the activations that become bytes: what convolutions, pools and residual sums read. */
export function quantisedTensors(graph: OnnxGraph): string[] {
  const makers = makersOf(graph);
  const kernels = kernelsOf(graph);
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op === 'Conv' && kernels.has(node.inputs[1]!)) names.add(node.inputs[0]!);
    if (node.op === 'MaxPool') names.add(node.inputs[0]!);
    if (isResidual(node, makers)) for (const name of node.inputs) names.add(name);
  }
  // The last feature map is read by the heads, which stay in floating point; as an output of integers it is a byte too.
  for (const node of graph.nodes) {
    if (node.op === 'Relu' && isResidual(makers.get(node.inputs[0]!), makers)) names.add(node.outputs[0]!);
  }
  return [...names];
}

/** The graph with the least and greatest of each named activation as outputs `min NAME`, `max NAME`. */
export function observed(graph: OnnxGraph, names: readonly string[]): OnnxGraph {
  const outputs = names.flatMap((name) => [`min ${name}`, `max ${name}`]);
  const nodes = names.flatMap((name): OnnxNode[] => [
    { op: 'ReduceMin', inputs: [name], outputs: [`min ${name}`], attributes: { keepdims: 0 } },
    { op: 'ReduceMax', inputs: [name], outputs: [`max ${name}`], attributes: { keepdims: 0 } },
  ]);
  return withoutUnused({
    ...graph,
    nodes: [...graph.nodes, ...nodes],
    outputs: outputs.map((name) => ({ name, type: 'float32', shape: [] })),
  });
}

/** @param ranges - of every one of {@link quantisedTensors}. Convolutions must have their bias (see `fuseBias`). */
export function quantise(graph: OnnxGraph, ranges: ReadonlyMap<string, Range>): OnnxGraph {
  const unknown = quantisedTensors(graph).find((name) => !ranges.has(name));
  if (unknown !== undefined) throw new RangeError(`The activation ${unknown} has no range.`);
  const kernels = kernelsOf(graph);
  const constants: OnnxConstant[] = [...graph.constants];
  const nodes: OnnxNode[] = [];
  const scales = new Map<string, number>();
  /** Appends the pair, and gives the name of the value that comes out. */
  const throughBytes = (name: string, range: Range): string => {
    const { scale, zero } = byteScale(range);
    scales.set(name, scale);
    constants.push(
      { name: `${name}.scale`, type: 'float32', shape: [], data: Float32Array.of(scale) },
      { name: `${name}.zero`, type: 'uint8', shape: [], data: Uint8Array.of(zero) },
    );
    const parameters = [`${name}.scale`, `${name}.zero`];
    nodes.push(
      { op: 'QuantizeLinear', inputs: [name, ...parameters], outputs: [`${name}.bytes`], attributes: {} },
      {
        op: 'DequantizeLinear',
        inputs: [`${name}.bytes`, ...parameters],
        outputs: [`${name}.back`],
        attributes: {},
      },
    );
    return `${name}.back`;
  };
  const stored = new Map<string, string>();
  for (const node of graph.nodes) {
    const inFeatures = FEATURE_OPERATORS.has(node.op) || node.op === 'Transpose';
    const inputs = node.inputs.map((name) => (inFeatures ? (stored.get(name) ?? name) : name));
    if (node.op === 'Conv' && kernels.has(node.inputs[1]!)) {
      const [input, kernel, bias] = node.inputs as [string, string, string | undefined];
      inputs[1] = weightBytes(kernels.get(kernel)!, constants, nodes);
      if (bias !== undefined) {
        inputs[2] = biasIntegers(
          constantOf(graph, bias),
          kernels.get(kernel)!,
          scales.get(input)!,
          constants,
          nodes,
        );
      }
    }
    nodes.push({ ...node, inputs });
    for (const name of node.outputs) {
      const range = ranges.get(name);
      if (range !== undefined) stored.set(name, throughBytes(name, range));
    }
  }
  return withoutUnused({ ...graph, nodes, constants });
}

/** Scale and zero point of bytes that hold `min` to `max`, with zero among them exactly. */
function byteScale({ min, max }: Range): { scale: number; zero: number } {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  const scale = Math.max((high - low) / 255, 1e-8);
  return { scale, zero: Math.round(-low / scale) };
}

/**
 * Weights go from -63 to 63, a bit less than a byte holds. Processors with AVX2 or AVX-512 and no VNNI multiply by
 * VPMADDUBSW, which adds two products of an unsigned and a signed byte in 16 bits and saturates: 2 x 255 x 127 does not fit,
 * 2 x 255 x 63 does. There the lost bit gains far more than it costs, and every machine computes the same.
 */
const MOST_WEIGHT = 63;

/** One scale an output channel, symmetric. */
function channelScales({ data, shape }: OnnxConstant): Float32Array {
  const weights = data as Float32Array;
  const channels = shape[0]!;
  const length = weights.length / channels;
  return Float32Array.from({ length: channels }, (_, channel) => {
    let most = 0;
    for (let i = channel * length; i < (channel + 1) * length; i++)
      most = Math.max(most, Math.abs(weights[i]!));
    return Math.max(most / MOST_WEIGHT, 1e-8);
  });
}

function weightBytes(kernel: OnnxConstant, constants: OnnxConstant[], nodes: OnnxNode[]): string {
  const { name, shape, data } = kernel;
  const scales = channelScales(kernel);
  const length = data.byteLength / 4 / scales.length;
  const bytes = Int8Array.from(data as Float32Array, (value, i) =>
    Math.round(value / scales[Math.floor(i / length)]!),
  );
  constants.push(
    { name: `${name}.bytes`, type: 'int8', shape, data: bytes },
    { name: `${name}.scale`, type: 'float32', shape: [scales.length], data: scales },
    { name: `${name}.zero`, type: 'int8', shape: [scales.length], data: new Int8Array(scales.length) },
  );
  nodes.push({
    op: 'DequantizeLinear',
    inputs: [`${name}.bytes`, `${name}.scale`, `${name}.zero`],
    outputs: [`${name}.back`],
    attributes: { axis: 0 },
  });
  return `${name}.back`;
}

function biasIntegers(
  bias: OnnxConstant,
  kernel: OnnxConstant,
  inputScale: number,
  constants: OnnxConstant[],
  nodes: OnnxNode[],
): string {
  const name = `${kernel.name}.${bias.name}`;
  const scales = channelScales(kernel).map((scale) => scale * inputScale);
  const integers = Int32Array.from(bias.data as Float32Array, (value, channel) =>
    Math.round(value / scales[channel]!),
  );
  constants.push(
    { name: `${name}.integers`, type: 'int32', shape: bias.shape, data: integers },
    { name: `${name}.scale`, type: 'float32', shape: bias.shape, data: scales },
    { name: `${name}.zero`, type: 'int32', shape: bias.shape, data: new Int32Array(integers.length) },
  );
  nodes.push({
    op: 'DequantizeLinear',
    inputs: [`${name}.integers`, `${name}.scale`, `${name}.zero`],
    outputs: [`${name}.back`],
    attributes: { axis: 0 },
  });
  return `${name}.back`;
}

const makersOf = (graph: OnnxGraph): Map<string, OnnxNode> =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));

/** Constant kernels of convolutions, by name. */
function kernelsOf(graph: OnnxGraph): Map<string, OnnxConstant> {
  const used = new Set(graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs[1]));
  return new Map(graph.constants.filter(({ name }) => used.has(name)).map((one) => [one.name, one]));
}

function constantOf(graph: OnnxGraph, name: string): OnnxConstant {
  const found = graph.constants.find((constant) => constant.name === name);
  if (found === undefined) throw new RangeError(`The bias ${name} is no constant.`);
  return found;
}

/** The sum of a block and its shortcut: both are activations of the convolutional part. */
function isResidual(node: OnnxNode | undefined, makers: ReadonlyMap<string, OnnxNode>): boolean {
  return node?.op === 'Add' && node.inputs.every((name) => FEATURE_OPERATORS.has(makers.get(name)?.op ?? ''));
}

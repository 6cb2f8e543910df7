/** The int8 variant against the graph that it is made of. */

import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { fuseBias } from '../../src/model/tracer/fuse-bias.ts';
import { encodeOnnx, type OnnxGraph } from '../../src/model/tracer/onnx-file.ts';
import { observed, quantise, quantisedTensors, type Range } from '../../src/model/tracer/quantise.ts';
import { traceOnnx } from '../../src/model/tracer/trace.ts';
import { servingGraph } from '../../src/training/export/serving-graph.ts';
import { tinyNetwork, unevenWeights, wave } from '../support/network/tiny.ts';
import { runOnnx } from '../support/tracer/run-onnx.ts';

const SIDE = 64;
const network = tinyNetwork({ visualPooling: 'log-sum-exp' });
const graph = servingGraph(network, unevenWeights(network, 2), {
  frame: { width: SIDE, height: SIDE },
  logmel: { columns: 51, mels: 64 },
});
const feeds = {
  frames: new ort.Tensor(
    'uint8',
    Uint8Array.from(wave(2 * SIDE * SIDE * 3, 0.7), (value) => 127 + 120 * value),
    [2, SIDE, SIDE, 3],
  ),
  logmel: new ort.Tensor(
    'float32',
    wave(2 * 51 * 64, 1.3).map((value) => -8 + 7 * value),
    [2, 1, 51, 64],
  ),
};

async function rangesOf(of: OnnxGraph): Promise<Map<string, Range>> {
  const names = quantisedTensors(of);
  const results = await runOnnx(encodeOnnx(observed(of, names)), feeds);
  return new Map(
    names.map((name) => [
      name,
      { min: results[`min ${name}`]!.data[0]!, max: results[`max ${name}`]!.data[0]! },
    ]),
  );
}

test('says nearly the same, of weights a quarter of the size', async () => {
  const small = encodeOnnx(quantise(graph, await rangesOf(graph)));
  const full = encodeOnnx(graph);
  expect(small.length).toBeLessThan(0.5 * full.length);
  const [expected, got] = [await runOnnx(full, feeds), await runOnnx(small, feeds)];
  for (const [name, { data, shape }] of Object.entries(expected)) {
    expect(got[name]!.shape).toEqual(shape);
    // Four channels and random weights average little out; what a trained network loses is measured on scenes.
    const power = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
    const error = power(data.map((value, i) => value - got[name]!.data[i]!));
    expect(Math.sqrt(error / power(data)), name).toBeLessThan(0.12);
    // And not the same: integers did compute it.
    expect(error, name).toBeGreaterThan(0);
  }
});

test('every convolution has its bias inside, and reads bytes', async () => {
  const convolutions = graph.nodes.filter(({ op }) => op === 'Conv');
  expect(convolutions.length).toBeGreaterThan(20);
  expect(convolutions.every(({ inputs }) => inputs.length === 3)).toBe(true);
  const quantised = quantise(graph, await rangesOf(graph));
  const makers = new Map(
    quantised.nodes.flatMap((node) => node.outputs.map((name) => [name, node.op] as const)),
  );
  for (const { inputs } of quantised.nodes.filter(({ op }) => op === 'Conv'))
    expect(inputs.map((name) => makers.get(name))).toEqual(Array(3).fill('DequantizeLinear'));
});

test('no two products of a weight and an activation leave 16 bits, where processors without VNNI saturate', async () => {
  const weights = quantise(graph, await rangesOf(graph)).constants.flatMap(({ type, name, data }) =>
    type === 'int8' && name.endsWith('.bytes') ? [...(data as Int8Array)] : [],
  );
  const most = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  expect(2 * 255 * most).toBeLessThan(2 ** 15);
  expect(most).toBeGreaterThan(60);
});

test('a range that is missing is named', () => {
  expect(() => quantise(graph, new Map([['v0', { min: 0, max: 1 }]]))).toThrow(/no range/);
});

test('a bias that another operation reads too, or that is no bias, is left where it is', () => {
  const kernel = { name: 'k', type: 'float32', shape: [1, 1, 1, 1], data: Float32Array.of(2) } as const;
  const bias = { name: 'b', type: 'float32', shape: [1, 1, 1], data: Float32Array.of(3) } as const;
  const made = (readers: string[]): OnnxGraph => ({
    name: 'small',
    inputs: [{ name: 'x', type: 'float32', shape: [1, 1, 2, 2] }],
    outputs: readers.map((name) => ({ name, type: 'float32', shape: [1, 1, 2, 2] })),
    constants: [kernel, bias],
    nodes: [
      { op: 'Conv', inputs: ['x', 'k'], outputs: ['y'], attributes: { kernel_shape: [1, 1] } },
      { op: 'Add', inputs: ['b', 'y'], outputs: ['z'], attributes: {} },
    ],
  });
  expect(fuseBias(made(['z'])).nodes.map(({ op }) => op)).toEqual(['Conv']);
  expect(fuseBias(made(['y', 'z'])).nodes.map(({ op }) => op)).toEqual(['Conv', 'Add']);
  expect(
    traceOnnx({ inputs: { x: { shape: [2], dtype: 'float32' } } }, ({ x }) => ({ y: x! })).nodes,
  ).toHaveLength(1);
});

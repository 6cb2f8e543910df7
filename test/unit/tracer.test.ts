/** Traced graphs, run by onnxruntime, against the same computation on tfjs's cpu back end. */

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../../src/model/network/gradients.ts';
import { evaluationOutputs, servingOutputs } from '../../src/model/network/forward.ts';
import { foldBatchNorm } from '../../src/model/network/weights.ts';
import { traceGraph, traceOnnx } from '../../src/model/tracer/trace.ts';
import { defaultLosses, paperLosses } from '../../src/training/losses/options.ts';
import {
  type BatchTensors,
  stageInputs,
  stageLoss,
  stageWeights,
} from '../../src/training/losses/stage-loss.ts';
import { tinyBatch, tinyNetwork, unevenWeights } from '../support/network/tiny.ts';
import { type Build, type Feeds, onBoth, relativeDifference } from '../support/tracer/run-onnx.ts';

/** Of one operation. */
const TOLERANCE = 1e-5;
/** Of the gradient of twenty layers, each normalised over few numbers: rounding adds up in either implementation. */
const NETWORK_TOLERANCE = 1e-4;

/** Seeded noise away from zero by turns, so that kinks are met on both sides and never on the edge. */
function noise(shape: readonly number[], seed: number): { shape: readonly number[]; data: Float32Array } {
  let state = seed * 2654435761 + 1;
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state / 2 ** 31) * 2 + (state < 0 ? -0.01 : 0.01);
  });
  return { shape, data };
}

const positive = ({ shape, data }: ReturnType<typeof noise>) => ({
  shape,
  data: data.map((value) => Math.abs(value) + 0.1),
});

async function expectEqual(feeds: Feeds, build: Build, batch = false, tolerance = TOLERANCE): Promise<void> {
  const { traced, oracle } = await onBoth(feeds, build, batch);
  expect(Object.keys(traced).toSorted()).toEqual(Object.keys(oracle).toSorted());
  for (const [name, expected] of Object.entries(oracle))
    expect(relativeDifference(traced[name]!, expected), name).toBeLessThan(tolerance);
}

/** The computation and the gradient of its weighted sum with respect to every input. */
function withGradients(compute: (...inputs: tf.Tensor[]) => tf.Tensor): Build {
  return (inputs) => {
    const names = Object.keys(inputs);
    const y = compute(...names.map((name) => inputs[name]!));
    // Unequal weights, so that a gradient which is spread wrongly shows.
    const weights = tf.tensor(noise(y.shape, 9).data, y.shape);
    const gradients = tf.grads((...values) => tf.sum(tf.mul(compute(...values), weights)))(
      names.map((name) => inputs[name]!),
    );
    return { y, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, gradients[i]!])) };
  };
}

describe('elementwise', () => {
  const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    abs: tf.abs,
    exp: tf.exp,
    neg: tf.neg,
    relu: tf.relu,
    sigmoid: tf.sigmoid,
    square: tf.square,
    cast: (x) => tf.cast(x, 'float32'),
    'times a constant': (x) => tf.mul(x, 3),
    'by a constant': (x) => tf.div(x, 7),
    'plus ones': (x) => tf.add(x, tf.onesLike(x)),
    'minus zeros': (x) => tf.sub(x, tf.zerosLike(x)),
    'one less itself': (x) => tf.sub(1, x),
    'to a whole power': (x) => tf.pow(x, 3),
  };
  test.each(Object.entries(unary))('%s', async (_, compute) => {
    await expectEqual({ x: noise([3, 5], 1) }, withGradients(compute));
  });
  const ofPositive: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    log: tf.log,
    sqrt: tf.sqrt,
    rsqrt: tf.rsqrt,
    'to a broken power': (x) => tf.pow(x, 1.5),
  };
  test.each(Object.entries(ofPositive))('%s', async (_, compute) => {
    await expectEqual({ x: positive(noise([3, 5], 2)) }, withGradients(compute));
  });
  test('step, and comparisons', async () => {
    await expectEqual({ x: noise([3, 5], 3), y: noise([1, 5], 4) }, ({ x, y }) => ({
      step: tf.step(x!),
      greater: tf.cast(tf.greater(x!, y!), 'float32'),
      less: tf.cast(tf.less(x!, 0.2), 'float32'),
      equal: tf.cast(tf.equal(x!, x!), 'float32'),
      chosen: tf.where(tf.greater(x!, y!), x!, tf.mul(x!, 2)),
    }));
  });

  const binary: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    div: (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
  };
  const shapes: [number[], number[]][] = [
    [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ],
    [[2, 3, 4, 5], [5]],
    [
      [2, 3, 4, 1],
      [4, 5],
    ],
    [[5], [3, 1]],
    [[], [2, 3]],
  ];
  test.each(Object.entries(binary))('%s, broadcasting', async (_, compute) => {
    for (const [a, b] of shapes)
      await expectEqual({ a: noise(a, 5), b: noise(b, 6) }, withGradients(compute));
  });
});

test.each([
  ['maximum', tf.maximum],
  ['minimum', tf.minimum],
] as const)('%s (whose gradients do not broadcast in tfjs)', async (_, compute) => {
  await expectEqual(
    { a: noise([2, 3], 5), b: noise([2, 3], 6) },
    withGradients((a, b) => compute(a, b)),
  );
});

describe('reductions', () => {
  const axes: (number | number[] | undefined)[] = [undefined, 0, 1, 3, [0, 1, 2], [1, 2], [-1]];
  const reductions: Record<string, (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor> = {
    sum: (x, axis, keep) => tf.sum(x, axis, keep),
    mean: (x, axis, keep) => tf.mean(x, axis, keep),
    max: (x, axis, keep) => tf.max(x, axis, keep),
    min: (x, axis, keep) => tf.min(x, axis, keep),
  };
  test.each(Object.entries(reductions))('%s', async (_, reduce) => {
    for (const axis of axes) {
      for (const keep of [false, true]) {
        await expectEqual(
          { x: noise([2, 3, 4, 5], 7) },
          withGradients((x) => reduce(x, axis, keep)),
        );
      }
    }
  });
});

describe('shapes', () => {
  const moves: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    reshape: (x) => tf.reshape(x, [6, -1]),
    expandDims: (x) => tf.expandDims(tf.reshape(x, [24]), -1),
    transpose: (x) => tf.transpose(x, [2, 0, 3, 1]),
    slice: (x) => tf.slice(x, [0, 1, 0, 1], [-1, 2, 2, -1]),
    pad: (x) =>
      tf.pad(
        x,
        [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ],
        0.5,
      ),
  };
  test.each(Object.entries(moves))('%s', async (_, move) => {
    await expectEqual(
      { x: noise([2, 3, 2, 2], 8) },
      withGradients((x) => move(x)),
    );
  });
});

describe('matrix products', () => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const)('transposed %s, %s', async (transposeA, transposeB) => {
    for (const batch of [[], [1], [3], [2, 3]]) {
      const a = noise([...batch, ...(transposeA ? [4, 2] : [2, 4])], 11);
      const b = noise([...batch, ...(transposeB ? [5, 4] : [4, 5])], 12);
      await expectEqual(
        { a, b },
        withGradients((x, y) => tf.matMul(x, y, transposeA, transposeB)),
      );
    }
  });
});

describe('convolution and pooling', () => {
  const sizes: [name: string, side: number, kernel: number, stride: number][] = [
    ['3x3', 8, 3, 1],
    ['3x3 by 2', 8, 3, 2],
    ['3x3 by 2 of odd size', 9, 3, 2],
    ['1x1', 6, 1, 1],
    ['1x1 by 2', 6, 1, 2],
    ['1x1 by 2 of odd size', 7, 1, 2],
    ['7x7 by 2', 16, 7, 2],
    ['3x3 over more places than one product takes', 18, 3, 1],
    ['7x7 by 2 over more places than one product takes', 40, 7, 2],
    ['1x1 by 2 over more places than one product takes', 36, 1, 2],
  ];
  test.each(sizes)('%s', async (_, side, kernel, stride) => {
    await expectEqual(
      { x: noise([2, side, side + 1, 3], 13), w: noise([kernel, kernel, 3, 4], 14) },
      withGradients((x, w) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, (kernel - 1) / 2, 'NHWC', 1, 'floor'),
      ),
    );
  });
  test.each([
    [8, 8],
    [9, 7],
  ])('maximum over windows that overlap, of %i x %i', async (height, width) => {
    await expectEqual(
      { x: noise([2, height, width, 3], 15) },
      withGradients((x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 1, 'floor')),
    );
  });
  test('the places of maxima are computed for a gradient alone', () => {
    const inputs = { x: { shape: [1, 8, 8, 2], dtype: 'float32' as const } };
    const pool = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, 3, 2, 1, 'floor');
    const outputsOf = (build: Build): number[] =>
      traceOnnx({ inputs }, build).nodes.flatMap(({ op, outputs }) =>
        op === 'MaxPool' ? outputs.length : [],
      );
    expect(outputsOf(({ x }) => ({ y: pool(x!) }))).toEqual([1]);
    expect(outputsOf(withGradients(pool))).toEqual([2]);
  });
  test('among equals the first gets the gradient', async () => {
    const x = { shape: [1, 4, 4, 1], data: new Float32Array(16).fill(2) };
    await expectEqual(
      { x },
      withGradients((y) => tf.maxPool(y as tf.Tensor4D, 3, 2, 1, 'floor')),
    );
  });
  test('what follows a convolution keeps its meaning: bias, sums, cells, mixed ranks', async () => {
    await expectEqual(
      { x: noise([2, 6, 5, 3], 16), w: noise([3, 3, 3, 4], 17), b: noise([4], 18), m: noise([5, 4], 19) },
      withGradients((x, w, b, m) => {
        const y = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1), b));
        const scaled = tf.mul(tf.add(y, m), tf.sum(y, [1, 2], true));
        const cells = tf.reshape(scaled, [2, 30, 4]);
        const across = tf.mean(scaled, [3]);
        return tf.add(tf.sum(cells, 2), tf.reshape(tf.mul(across, tf.max(y, 3)), [2, 30]));
      }),
    );
  });
});

describe('a batch of any size', () => {
  test('the same graph serves 1, 2 and 5', async () => {
    const build: Build = ({ x }) => {
      const pixels = tf.cast(x!, 'float32') as tf.Tensor4D;
      const kernel = tf.tensor4d(noise([3, 3, 3, 4], 20).data, [3, 3, 3, 4]);
      const y = tf.relu(tf.add(tf.conv2d(tf.mul(pixels, 1 / 255), kernel, 2, 1, 'NHWC', 1, 'floor'), 0.1));
      const [batch, rows, cols, depth] = y.shape as [number, number, number, number];
      const cells = tf.reshape(y, [batch, rows * cols, depth]);
      return { y, maps: tf.transpose(cells, [0, 2, 1]), pooled: tf.sigmoid(tf.mean(cells, 1)) };
    };
    const { nodes } = traceOnnx({ inputs: { x: { shape: ['batch', 8, 8, 3], dtype: 'uint8' } } }, build);
    // A picture is turned once, while it is bytes.
    expect(nodes.slice(0, 2).map(({ op }) => op)).toEqual(['Transpose', 'Cast']);
    for (const size of [1, 2, 5]) {
      const data = Uint8Array.from({ length: size * 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
      await expectEqual({ x: { shape: [size, 8, 8, 3], data } }, build, true);
    }
  });
  test('a shape that would grow in two dimensions is refused', () => {
    const build: Build = ({ x }) => ({
      y: tf.expandDims(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true)),
    });
    expect(() => traceGraph({ inputs: { x: { shape: ['batch', 4], dtype: 'float32' } } }, build)).toThrow(
      /grow with the batch/,
    );
  });
});

describe('what a trace refuses and promises', () => {
  const spec = { inputs: { x: { shape: [2, 3], dtype: 'float32' } } } as const;
  test('numbers of a traced tensor', () => {
    expect(() => traceGraph(spec, ({ x }) => ({ y: tf.mul(x!, x!.dataSync()[0]!) }))).toThrow(/no numbers/);
  });
  test('tensors from outside', async () => {
    await tf.setBackend('cpu');
    const outside = tf.tensor2d([1, 2, 3], [1, 3]);
    expect(() => traceGraph(spec, ({ x }) => ({ y: tf.add(x!, outside) }))).toThrow(/inside/);
    outside.dispose();
  });
  test('an operation that has no kernel', () => {
    expect(() => traceGraph(spec, ({ x }) => ({ y: tf.erf(x!) }))).toThrow(/Erf/);
  });
  test('the same computation gives the same bytes, and leaves the back end that was there', async () => {
    await tf.setBackend('cpu');
    const bytes = () => traceGraph(spec, ({ x }) => ({ y: tf.sum(tf.mul(x!, x!)), z: x! }));
    expect(bytes()).toEqual(bytes());
    expect(tf.getBackend()).toBe('cpu');
  });
});

describe('the network', () => {
  const network = tinyNetwork();
  const weights = unevenWeights(network, 4);
  const batch = tinyBatch(network, 48);
  const feedOf = (tensor: tf.Tensor): Feeds[string] => ({
    shape: tensor.shape,
    data:
      tensor.dtype === 'int32' ? Uint8Array.from(tensor.dataSync()) : Float32Array.from(tensor.dataSync()),
  });

  test.each([
    ['default', tinyNetwork(), defaultLosses],
    ['log-sum-exp', tinyNetwork({ visualPooling: 'log-sum-exp' }), defaultLosses],
    ['paper', tinyNetwork({ similarity: 'distance', camFloor: 0.1 }), paperLosses],
  ] as const)('loss, terms, statistics and every gradient: %s', async (_, variant, losses) => {
    const values = unevenWeights(variant, 5);
    const trained = [...values.keys()].filter(
      (name) =>
        !/norm\/(mean|variance)$/.test(name) &&
        stageWeights('alignment', losses).some((prefix) => name.startsWith(prefix)),
    );
    const feeds: Feeds = Object.fromEntries([
      ...stageInputs('alignment').map((name) => [name, feedOf(batch[name])]),
      ...trained.map((name) => [`w ${name}`, values.get(name)!]),
    ]);
    await expectEqual(
      feeds,
      (inputs) => {
        const parts: Record<string, tf.Tensor> = {};
        const compute = (...tensors: tf.Tensor[]): tf.Scalar => {
          const named = Object.fromEntries(trained.map((name, i) => [name, tensors[i]!]));
          const { loss, terms, statistics } = stageLoss(
            variant,
            losses,
            'alignment',
            named,
            inputs as BatchTensors,
          );
          for (const [name, tensor] of Object.entries({ ...terms, ...statistics }))
            parts[`of ${name}`] = tf.keep(tensor);
          return loss;
        };
        const { value, grads } = tf.valueAndGrads(compute)(trained.map((name) => inputs[`w ${name}`]!));
        return {
          loss: value,
          ...parts,
          ...Object.fromEntries(grads.map((grad, i) => [`d ${trained[i]!}`, grad])),
        };
      },
      false,
      NETWORK_TOLERANCE,
    );
  });

  const inputs: Feeds = { frames: feedOf(batch.frames), logmel: feedOf(batch.logmel) };
  test('evaluation, for any batch', async () => {
    const build: Build = ({ frames, logmel }) => ({
      ...evaluationOutputs(
        network,
        Object.fromEntries(
          [...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        ),
        { frames: frames as tf.Tensor4D, logmel: logmel as tf.Tensor3D },
        { kind: 'evaluation' },
      ),
    });
    await expectEqual(inputs, build, true);
  });
  test('serving with folded weights equals the network that was trained', async () => {
    const build =
      (folded: boolean): Build =>
      ({ frames, logmel }) => {
        const map = folded ? foldBatchNorm(network, weights) : weights;
        const tensors = Object.fromEntries(
          [...map].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        );
        const input = { frames: frames as tf.Tensor4D, logmel: logmel as tf.Tensor3D };
        if (folded) return { ...servingOutputs(network, tensors, input) };
        const outputs = evaluationOutputs(network, tensors, input, { kind: 'evaluation' });
        const { audio_probability, visual_probability, similarity, activation } = outputs;
        return { audio_probability, visual_probability, similarity, activation };
      };
    const served = await onBoth(inputs, build(true), true);
    const trained = await onBoth(inputs, build(false), true);
    for (const [name, expected] of Object.entries(trained.oracle))
      expect(relativeDifference(served.traced[name]!, expected), name).toBeLessThan(TOLERANCE);
  });
});

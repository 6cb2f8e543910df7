/** Operations on each element, with broadcasting. */

import * as tf from '@tensorflow/tfjs-core';
import { TO_CHANNELS_FIRST, type TraceBackend, type TracedValue } from '../trace-backend.ts';
import { type Call, defineKernel, elementCount, type Made, sameShape, splatOf } from './kernel.ts';

export function registerElementwise(): void {
  for (const [kernel, op] of Object.entries(unaryOperators)) {
    defineKernel(kernel, (call) => unary(call, (backend, x) => backend.builder.node(op, [x])));
  }
  defineKernel(tf.Square, (call) => unary(call, ({ builder }, x) => builder.node('Mul', [x, x])));
  defineKernel(tf.Rsqrt, (call) =>
    unary(call, ({ builder }, x) => builder.node('Reciprocal', [builder.node('Sqrt', [x])])),
  );
  defineKernel(tf.Step, step);
  for (const [kernel, op] of Object.entries(binaryOperators))
    defineKernel(kernel, (call) => binary(call, op));
  for (const [kernel, op] of Object.entries(comparisons))
    defineKernel(kernel, (call) => binary(call, op), 'bool');
  defineKernel(tf.Identity, ({ input }) => input('x'));
  defineKernel(tf.Cast, cast);
  defineKernel(tf.OnesLike, ({ input }) => splatOf(1, input('x').shape, input('x').type));
  defineKernel(tf.ZerosLike, ({ input }) => splatOf(0, input('x').shape, input('x').type));
  defineKernel(tf.Fill, ({ attributes }) =>
    splatOf(attributes['value'] as number, attributes['shape'] as number[]),
  );
  defineKernel(tf.Select, select);
}

const unaryOperators = {
  [tf.Abs]: 'Abs',
  [tf.Exp]: 'Exp',
  [tf.Log]: 'Log',
  [tf.Neg]: 'Neg',
  [tf.Relu]: 'Relu',
  [tf.Sigmoid]: 'Sigmoid',
  [tf.Sign]: 'Sign',
  [tf.Sqrt]: 'Sqrt',
};

const binaryOperators = {
  [tf.Add]: 'Add',
  [tf.Sub]: 'Sub',
  [tf.Multiply]: 'Mul',
  [tf.RealDiv]: 'Div',
  [tf.Maximum]: 'Max',
  [tf.Minimum]: 'Min',
  [tf.Pow]: 'Pow',
};

const comparisons = {
  [tf.Equal]: 'Equal',
  [tf.Greater]: 'Greater',
  [tf.GreaterEqual]: 'GreaterOrEqual',
  [tf.Less]: 'Less',
  [tf.LessEqual]: 'LessOrEqual',
};

function unary({ backend, input }: Call, append: (backend: TraceBackend, x: string) => string): Made {
  const x = input('x');
  return { name: append(backend, backend.named(x)), shape: x.shape, channelsFirst: x.channelsFirst };
}

/** 1 above zero, `alpha` elsewhere. A comparison: onnxruntime's Sign takes twice as long. */
function step(call: Call): Made {
  const alpha = (call.attributes['alpha'] as number | undefined) ?? 0;
  return unary(call, (backend, x) => {
    const { builder } = backend;
    const above = backend.cast(builder.node('Greater', [x, builder.float(0)]), 'float32');
    if (alpha === 0) return above;
    return builder.node('Add', [
      builder.node('Mul', [above, builder.float(1 - alpha)]),
      builder.float(alpha),
    ]);
  });
}

function binary({ backend, input }: Call, op: string): Made | TracedValue {
  const a = input('a');
  const b = input('b');
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const trivial = withoutEffect(op, a, b, shape);
  if (trivial !== null) return trivial;
  const channelsFirst = shape.length === 4 && (a.channelsFirst || b.channelsFirst);
  const operands = [a, b].map((value) => operand(backend, value, channelsFirst));
  const name = backend.builder.node(op, operands);
  // Two constants of one number have lost their extent.
  if (a.name !== null || b.name !== null) {
    const extent = a.name === null ? b.shape : b.name === null ? a.shape : shape;
    return {
      name: sameShape(extent, shape) ? name : expand(backend, name, extent, shape, channelsFirst),
      shape,
      channelsFirst,
    };
  }
  return { name: expand(backend, name, [], shape, channelsFirst), shape, channelsFirst };
}

/** Times or divided by one, plus or minus zero: the other operand, stretched where its shape asks for it. */
function withoutEffect(
  op: string,
  a: TracedValue,
  b: TracedValue,
  shape: readonly number[],
): TracedValue | null {
  const neutral = op === 'Mul' || op === 'Div' ? 1 : op === 'Add' || op === 'Sub' ? 0 : null;
  const is = (value: TracedValue): boolean => value.name === null && value.splat === neutral;
  if (is(b) && sameShape(a.shape, shape)) return a;
  if ((op === 'Mul' || op === 'Add') && is(a) && sameShape(b.shape, shape)) return b;
  return null;
}

/** The name of an operand in the axes that the operation works in. */
function operand(backend: TraceBackend, value: TracedValue, channelsFirst: boolean): string {
  if (value.name === null) {
    const number = backend.builder.float(value.splat);
    return value.type === 'float32' ? number : backend.cast(number, value.type);
  }
  if (!channelsFirst) return backend.channelsLast(value);
  if (value.shape.length === 4) return backend.channelsFirst(value);
  const padded = [1, 1, 1, 1, ...value.shape].slice(-4);
  const turned = TO_CHANNELS_FIRST.map((axis) => padded[axis]!);
  // One number a channel, or one for all: turning the axes moves nothing.
  if (padded[1] === 1 && padded[2] === 1) {
    const perChannel = turned.slice(1);
    return value.constant === null
      ? backend.reshape(value.name, perChannel)
      : backend.builder.constant('float32', perChannel, value.constant);
  }
  return backend.builder.node('Transpose', [backend.reshape(value.name, padded)], {
    perm: TO_CHANNELS_FIRST,
  });
}

function expand(
  backend: TraceBackend,
  name: string,
  from: readonly number[],
  shape: readonly number[],
  channelsFirst: boolean,
): string {
  const physical = channelsFirst ? TO_CHANNELS_FIRST.map((axis) => shape[axis]!) : shape;
  const padded = [...shape.map(() => 1), ...from].slice(-shape.length);
  // Expand takes 1 as "what is there", which also holds for a batch of any size.
  const wanted = shape.map((size, axis) => (padded[axis] === size ? 1 : size));
  const target = channelsFirst ? TO_CHANNELS_FIRST.map((axis) => wanted[axis]!) : wanted;
  if (target.some((size) => backend.dimension(size) === -1)) {
    throw new Error(
      `A value of shape ${from.join(' x ')} cannot be stretched to a batch of any size (${physical.join(' x ')}).`,
    );
  }
  return backend.builder.node('Expand', [name, backend.builder.integers(target)]);
}

function cast({ backend, input, attributes }: Call): TracedValue {
  const x = input('x');
  const to = attributes['dtype'] as tf.DataType;
  const type = to === 'float32' ? 'float32' : to === 'bool' ? 'bool' : 'int32';
  if (x.type === type) return x;
  if (x.name === null) return { ...x, type };
  // A picture's bytes are turned while they are bytes: what follows then goes along rows instead of over three
  // channels at a time, which took 6 % of serving a picture.
  const channelsFirst = x.channelsFirst || (x.type === 'uint8' && x.shape.length === 4);
  const from = channelsFirst ? backend.channelsFirst(x) : x.name;
  return { ...x, name: backend.cast(from, type), type, channelsFirst, constant: null };
}

function select({ backend, input }: Call): Made {
  const [condition, yes, no] = ['condition', 't', 'e'].map((name) => input(name));
  const shape = yes!.shape;
  if (!sameShape(condition!.shape, shape) || elementCount(no!.shape) !== elementCount(shape)) {
    throw new Error('Only choices between tensors of one shape are traced.');
  }
  const operands = [condition!, yes!, no!].map((value) => backend.channelsLast(value));
  return { name: backend.builder.node('Where', operands), shape };
}

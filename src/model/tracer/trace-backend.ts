/** A tfjs back end whose tensors are names of values in a graph that is being built, with no numbers behind them. */

import * as tf from '@tensorflow/tfjs-core';
import type { GraphBuilder } from './graph-builder.ts';
import { type ElementType, elementTypes } from './onnx-file.ts';

/**
 * A tensor of a traced computation. tfjs sees activations as `[B, H, W, C]`; convolution on CPUs wants `[B, C, H, W]`.
 * What comes out of a convolution therefore lies `channelsFirst` in the graph, and stays so as long as the operations
 * that follow can do with it; only where order matters is it transposed.
 */
export interface TracedValue {
  /** In the graph, or null for a constant that has the same number everywhere and is not written out yet. */
  name: string | null;
  /** That number. */
  splat: number;
  type: ElementType;
  /** As tfjs sees it. */
  shape: readonly number[];
  channelsFirst: boolean;
  /** The numbers of a constant, which some operations can be done on at once. */
  constant: Float32Array | null;
}

/** Logical axis of each axis of a value that lies channels first, and the reverse. */
export const TO_CHANNELS_FIRST = [0, 3, 1, 2];
export const TO_CHANNELS_LAST = [0, 2, 3, 1];

export class TraceBackend extends tf.KernelBackend {
  readonly #values = new WeakMap<object, TracedValue>();
  #builder: GraphBuilder | null = null;
  /** Stands for the batch in shapes; null where the batch has a fixed size. */
  #batchMark: number | null = null;

  begin(builder: GraphBuilder, batchMark: number | null): void {
    this.#builder = builder;
    this.#batchMark = batchMark;
  }

  end(): void {
    this.#builder = null;
  }

  get builder(): GraphBuilder {
    if (this.#builder === null) throw new Error('The tracing back end computes nothing outside of a trace.');
    return this.#builder;
  }

  /** A dimension as nodes take it: -1, "what is left", for one that grows with the batch. */
  dimension(size: number): number {
    return this.#batchMark !== null && size % this.#batchMark === 0 && size > 0 ? -1 : size;
  }

  traced(tensor: tf.TensorInfo): TracedValue {
    const value = this.#values.get(tensor.dataId);
    if (value === undefined) {
      throw new Error('A traced computation may use only tensors that were made inside of it.');
    }
    return value;
  }

  make(value: TracedValue, dtype: tf.DataType): tf.TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    const type = dtype === 'float32' ? 'float32' : dtype === 'bool' ? 'bool' : 'int32';
    const from = values as ArrayLike<number>;
    const array =
      type === 'float32'
        ? Float32Array.from(from)
        : type === 'bool'
          ? Uint8Array.from(from)
          : Int32Array.from(from);
    const first = array[0] ?? 0;
    const isSplat = array.length > 1 && array.every((number) => number === first);
    this.#values.set(dataId, {
      name: isSplat ? null : this.builder.constant(type, shape, array),
      splat: first,
      type,
      shape,
      channelsFirst: false,
      constant: array instanceof Float32Array && !isSplat ? array : null,
    });
    return dataId;
  }

  override read(): Promise<tf.BackendValues> {
    return Promise.reject(noNumbers());
  }

  override readSync(): tf.BackendValues {
    throw noNumbers();
  }

  override disposeData(): boolean {
    return true;
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {}

  override numDataIds(): number {
    return 0;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.end();
  }

  // What kernels share.

  /** The value's name with its axes as tfjs sees them. */
  channelsLast(value: TracedValue): string {
    const name = this.named(value);
    return value.channelsFirst ? this.builder.node('Transpose', [name], { perm: TO_CHANNELS_LAST }) : name;
  }

  /** The name of a value of rank 4 as `[B, C, H, W]`. */
  channelsFirst(value: TracedValue): string {
    const name = this.named(value);
    return value.channelsFirst ? name : this.builder.node('Transpose', [name], { perm: TO_CHANNELS_FIRST });
  }

  /** The value's name in the axes that it has; a constant of one number is written out in full. */
  named(value: TracedValue): string {
    if (value.name !== null) return value.name;
    const shape = this.builder.integers(value.shape.map((size) => this.#fixed(size)));
    const number = this.builder.float(value.splat);
    const filled = this.builder.node('Expand', [number, shape]);
    return value.type === 'float32' ? filled : this.cast(filled, value.type);
  }

  /** The name of a value that lies as tfjs sees it, with its axes exchanged; constants are exchanged at once. */
  transposed(value: TracedValue, perm: readonly number[]): string {
    if (value.constant !== null && !value.channelsFirst) {
      const shape = perm.map((axis) => value.shape[axis]!);
      return this.builder.constant('float32', shape, exchangeAxes(value.constant, value.shape, perm));
    }
    return this.builder.node('Transpose', [this.channelsLast(value)], { perm });
  }

  cast(name: string, type: ElementType): string {
    return this.builder.node('Cast', [name], { to: elementTypes[type] });
  }

  reshape(name: string, shape: readonly number[]): string {
    const dimensions = shape.map((size) => this.dimension(size));
    if (dimensions.filter((size) => size === -1).length > 1) {
      throw new Error(`A shape may grow with the batch in one dimension: ${shape.join(' x ')} does in more.`);
    }
    return this.builder.node('Reshape', [name, this.builder.integers(dimensions)]);
  }

  #fixed(size: number): number {
    if (this.dimension(size) === -1) {
      throw new Error('A constant cannot grow with the batch: trace it with a fixed batch.');
    }
    return size;
  }
}

function noNumbers(): Error {
  return new Error('A traced tensor has no numbers: a graph must not depend on what its tensors hold.');
}

/** A new array with the axes of `data`, of shape `shape`, in the order `perm`. */
function exchangeAxes(data: Float32Array, shape: readonly number[], perm: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const result = new Float32Array(data.length);
  const sizes = perm.map((axis) => shape[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const at = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return result;
}

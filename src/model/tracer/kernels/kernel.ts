/** How a kernel of the tracing back end is written. */

import * as tf from '@tensorflow/tfjs-core';
import { TraceBackend, type TracedValue } from '../trace-backend.ts';

/** What tfjs hands to a kernel, with its inputs as values of the graph. */
export interface Call {
  backend: TraceBackend;
  /** The input called `name`. */
  input: (name: string) => TracedValue;
  /** Attributes; their types are tfjs's. */
  attributes: tf.NamedAttrMap;
}

export interface Made {
  name: string;
  shape: readonly number[];
  channelsFirst?: boolean;
}

export const BACKEND_NAME = 'onnx-trace';

/** A kernel that appends nodes and answers with the value that they make, of element type float32 unless told. */
export function defineKernel(
  kernelName: string,
  trace: (call: Call) => Made | TracedValue,
  dtype: tf.DataType = 'float32',
): void {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, backend, attrs }) => {
      if (!(backend instanceof TraceBackend))
        throw new Error(`${kernelName} was traced on another back end.`);
      const of = (name: string): tf.TensorInfo => {
        const tensor = inputs[name];
        if (tensor === undefined) throw new Error(`${kernelName} has no input ${name}.`);
        return tensor;
      };
      const made = trace({
        backend,
        input: (name) => backend.traced(of(name)),
        attributes: attrs ?? {},
      });
      if ('splat' in made) return backend.make(made, dtypeOf(made));
      const { name, shape, channelsFirst = false } = made;
      const type = dtype === 'bool' ? 'bool' : dtype === 'int32' ? 'int32' : 'float32';
      return backend.make({ name, splat: 0, type, shape, channelsFirst, constant: null }, dtype);
    },
  });
}

function dtypeOf({ type }: TracedValue): tf.DataType {
  return type === 'float32' ? 'float32' : type === 'bool' ? 'bool' : 'int32';
}

/** The same number everywhere, not written out until it must be. */
export function splatOf(
  value: number,
  shape: readonly number[],
  type: TracedValue['type'] = 'float32',
): TracedValue {
  return { name: null, splat: value, type, shape, channelsFirst: false, constant: null };
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

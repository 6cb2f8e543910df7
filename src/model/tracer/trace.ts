/** Runs a tfjs computation once on tensors without numbers, and gives back the ONNX graph that does the same. */

import * as tf from '@tensorflow/tfjs-core';
import { GraphBuilder } from './graph-builder.ts';
import { registerConvolution } from './kernels/convolution.ts';
import { registerElementwise } from './kernels/elementwise.ts';
import { BACKEND_NAME } from './kernels/kernel.ts';
import { registerMatMul } from './kernels/matmul.ts';
import { registerPooling } from './kernels/pooling.ts';
import { registerReductions } from './kernels/reductions.ts';
import { registerShape } from './kernels/shape.ts';
import { type ElementType, encodeOnnx, type OnnxGraph } from './onnx-file.ts';
import { TraceBackend, type TracedValue } from './trace-backend.ts';

/** An input of the graph. `batch` as the first dimension: any size, the same for all inputs. */
export interface TraceInput {
  shape: readonly (number | 'batch')[];
  dtype: 'float32' | 'int32' | 'uint8';
}

export interface TraceSpec {
  /** Of the graph; tells people what it is. */
  name?: string;
  /** In the order of the graph's inputs. */
  inputs: Readonly<Record<string, TraceInput>>;
}

/**
 * Stands for a batch of any size while tracing: a prime beyond any dimension of a network, so that dimensions which
 * grow with the batch are its multiples, and no others are.
 */
const BATCH_MARK = 65_537;

const tracer = new TraceBackend();
let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  registerElementwise();
  registerShape();
  registerReductions();
  registerMatMul();
  registerConvolution();
  registerPooling();
  // The lowest priority: it is used where it is asked for, and nowhere else.
  tf.registerBackend(BACKEND_NAME, () => tracer, 0);
}

export type TracedComputation = (inputs: Record<string, tf.Tensor>) => Readonly<Record<string, tf.Tensor>>;

/**
 * `build` is ordinary tfjs code, gradients included (import `../network/gradients.ts` for them). It runs at once, and
 * must not depend on what its tensors hold; tensors that it makes from arrays become the graph's constants, and those
 * made outside of it are refused. With inputs of any batch it must not compute with the batch's size either. Bytes as
 * `uint8` inputs are int32 to tfjs: cast them before computing.
 *
 * @returns the bytes of an ONNX file (opset 18) whose outputs are named by `build`'s result and have tfjs's shapes
 */
export function traceGraph(spec: TraceSpec, build: TracedComputation): Uint8Array<ArrayBuffer> {
  return encodeOnnx(traceOnnx(spec, build));
}

/** As {@link traceGraph}; the graph before it is written, for passes over it. */
export function traceOnnx(spec: TraceSpec, build: TracedComputation): OnnxGraph {
  register();
  const before = activeBackend();
  const builder = new GraphBuilder(spec.name ?? 'earsight');
  const anyBatch = Object.values(spec.inputs).some(({ shape }) => shape.includes('batch'));
  activate(BACKEND_NAME);
  tracer.begin(builder, anyBatch ? BATCH_MARK : null);
  try {
    const outputs: { name: string; type: ElementType; shape: (number | string)[]; value: string }[] = [];
    tf.tidy(() => {
      const inputs: Record<string, tf.Tensor> = {};
      for (const [name, input] of Object.entries(spec.inputs))
        inputs[name] = inputTensor(builder, name, input);
      for (const [name, tensor] of Object.entries(build(inputs))) {
        const value = tracer.traced(tensor);
        const shape = value.shape.map((size) => (tracer.dimension(size) === -1 ? 'batch' : size));
        outputs.push({ name, type: value.type, shape, value: tracer.channelsLast(value) });
      }
    });
    return builder.finish(outputs);
  } finally {
    tracer.end();
    if (before !== undefined) activate(before);
  }
}

function inputTensor(builder: GraphBuilder, name: string, { shape, dtype }: TraceInput): tf.Tensor {
  builder.input({ name, type: dtype, shape });
  const sizes = shape.map((size) => (size === 'batch' ? BATCH_MARK : size));
  const value: TracedValue = {
    name,
    splat: 0,
    type: dtype,
    shape: sizes,
    channelsFirst: false,
    constant: null,
  };
  const tensor = tracer.make(value, dtype === 'float32' ? 'float32' : 'int32');
  return tf.engine().makeTensorFromTensorInfo(tensor, tracer);
}

function activate(name: string): void {
  // Back ends that need no preparation are in place when the call returns; its promise says nothing more.
  void tf.setBackend(name);
  if (activeBackend() !== name) throw new Error(`The tfjs back end ${name} is not ready.`);
}

/** Undefined before any back end was used, though its type does not say so. */
function activeBackend(): string | undefined {
  return tf.engine().backendName;
}

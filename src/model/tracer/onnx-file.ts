/** The bytes of an ONNX file: the part of onnx.proto3 that traced graphs use, written by protobufjs. */

import protobuf from 'protobufjs';

/** Operators are those of this opset: the first with `axes` of ReduceMean as an input, as of the other reductions. */
const OPSET_VERSION = 18;
/** The file format that came with it. */
const IR_VERSION = 8;

/** Element types of onnx.proto3 (TensorProto.DataType). */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementTypes;

export type AttributeValue = number | readonly number[] | string | { float: number };

/** One operation; names of values tie nodes together. An empty output name is an output that nobody asked for. */
export interface OnnxNode {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Integers, lists of integers, strings, or `{ float }`. */
  attributes: Readonly<Record<string, AttributeValue>>;
}

/** A constant array, row by row, little-endian as on every machine that Node runs on. */
export interface OnnxConstant {
  name: string;
  type: ElementType;
  shape: readonly number[];
  data: ArrayBufferView;
}

/** A graph's input or output; a dimension given as a string has any size. */
export interface OnnxValue {
  name: string;
  type: ElementType;
  shape: readonly (number | string)[];
}

export interface OnnxGraph {
  name: string;
  nodes: readonly OnnxNode[];
  constants: readonly OnnxConstant[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

/** The graph without the nodes, constants and last outputs of nodes that no output needs. */
export function withoutUnused(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    // What is not named is not computed: the places of a maximum took 6 % of serving a picture.
    const last = node.outputs.findLastIndex((output) => needed.has(output));
    nodes.push({ ...node, outputs: node.outputs.slice(0, last + 1) });
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    constants: graph.constants.filter(({ name }) => needed.has(name)),
  };
}

/** Types of `AttributeProto`: FLOAT, INT, STRING, INTS. */
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };

const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Attribute { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated int64 ints = 8 [packed = true]; int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; }
  message Tensor { repeated int64 dims = 1 [packed = true]; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { oneof value { TensorType tensor_type = 1; } }
  message ValueInfo { string name = 1; Type type = 2; }
  message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`,
  { keepCase: true },
);
const modelType = root.lookupType('Model');

/** New bytes. The same graph gives the same bytes. */
export function encodeOnnx({ name, nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const encoded = modelType
    .encode({
      ir_version: IR_VERSION,
      producer_name: 'earsight',
      opset_import: [{ domain: '', version: OPSET_VERSION }],
      graph: {
        name,
        node: nodes.map(({ op, inputs: from, outputs: to, attributes }) => ({
          input: from,
          output: to,
          name: `${op} ${to[0]!}`,
          op_type: op,
          attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
        })),
        initializer: constants.map(({ name: constant, type, shape, data }) => ({
          dims: shape,
          data_type: elementTypes[type],
          name: constant,
          raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        })),
        input: inputs.map(valueInfo),
        output: outputs.map(valueInfo),
      },
    })
    .finish();
  // protobufjs may hand out a part of a shared pool.
  return Uint8Array.from(encoded);
}

function attributeOf(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.int };
  if (typeof value === 'string')
    return { name, s: new TextEncoder().encode(value), type: attributeTypes.string };
  if ('float' in value) return { name, f: value.float, type: attributeTypes.float };
  return { name, ints: value, type: attributeTypes.ints };
}

function valueInfo({ name, type, shape }: OnnxValue): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: elementTypes[type], shape: { dim } } } };
}

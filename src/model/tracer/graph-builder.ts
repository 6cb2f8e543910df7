/** Collects the nodes of a graph: equal operations on equal inputs once, and at the end only what outputs need. */

import {
  type AttributeValue,
  type ElementType,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  withoutUnused,
} from './onnx-file.ts';

type NumberArray = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** Constants up to this many elements are looked up by their content, so that each is written once. */
const SHARED_CONSTANT_ELEMENTS = 4096;

export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxConstant>();
  readonly #inputs: OnnxValue[] = [];
  readonly #made = new Map<string, readonly string[]>();
  readonly #constantNames = new Map<string, string>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  input(value: OnnxValue): string {
    this.#inputs.push(value);
    return value.name;
  }

  /** The name of a constant; the array is copied. */
  constant(type: ElementType, shape: readonly number[], data: NumberArray): string {
    const shared = data.length <= SHARED_CONSTANT_ELEMENTS;
    const key = shared ? `${type} ${shape.join()} ${bytesOf(data).toString('base64')}` : '';
    const known = shared ? this.#constantNames.get(key) : undefined;
    if (known !== undefined) return known;
    const name = `c${this.#count++}`;
    if (shared) this.#constantNames.set(key, name);
    this.#constants.set(name, { name, type, shape, data: data.slice() });
    return name;
  }

  integers(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  float(value: number): string {
    return this.constant('float32', [], Float32Array.of(value));
  }

  /** The name of the operation's first output. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.nodeOf(1, op, inputs, attributes)[0]!;
  }

  /** The names of the operation's outputs. */
  nodeOf(
    outputCount: number,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): readonly string[] {
    const key = `${op} ${inputs.join()} ${JSON.stringify(attributes)} ${outputCount}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const outputs = Array.from({ length: outputCount }, () => `v${this.#count++}`);
    this.#nodes.push({ op, inputs, outputs, attributes });
    this.#made.set(key, outputs);
    return outputs;
  }

  /** Values get their output's name; what no output needs is left out. */
  finish(outputs: readonly (OnnxValue & { value: string })[]): OnnxGraph {
    const produced = new Set(this.#nodes.flatMap((node) => node.outputs));
    const names = new Map<string, string>();
    for (const { name, value } of outputs) {
      if (this.#inputs.some((input) => input.name === name)) {
        throw new Error(`The graph's output "${name}" is called as an input is: choose another name.`);
      }
      // Inputs, constants and what already is another output keep their name: a copy of them is the output.
      if (produced.has(value) && !names.has(value)) names.set(value, name);
      else this.#nodes.push({ op: 'Identity', inputs: [value], outputs: [name], attributes: {} });
    }
    const renamed = (name: string): string => names.get(name) ?? name;
    return withoutUnused({
      name: this.#name,
      nodes: this.#nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(renamed),
        outputs: node.outputs.map(renamed),
      })),
      constants: [...this.#constants.values()],
      inputs: this.#inputs,
      outputs: outputs.map(({ name, type, shape }) => ({ name, type, shape })),
    });
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NumberArray): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

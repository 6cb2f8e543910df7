/** Puts a convolution's bias into the convolution: one pass over the activations fewer, and what int8 asks for. */

import { type OnnxGraph, type OnnxNode, withoutUnused } from './onnx-file.ts';

/** Each `Conv` without bias whose only reader adds one constant per channel becomes a `Conv` with that bias. */
export function fuseBias(graph: OnnxGraph): OnnxGraph {
  const constants = new Map(graph.constants.map((constant) => [constant.name, constant]));
  const biases = [...graph.constants];
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const readers = new Map<string, number>();
  for (const { inputs } of graph.nodes) {
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  for (const { name } of graph.outputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  const nodes = graph.nodes.map((node): OnnxNode => {
    if (node.op !== 'Add') return node;
    for (const [from, other] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const conv = makers.get(from);
      const bias = constants.get(other);
      if (conv?.op !== 'Conv' || conv.inputs.length !== 2 || readers.get(from) !== 1) continue;
      if (bias?.shape.length !== 3 || bias.shape[1] !== 1 || bias.shape[2] !== 1) continue;
      const name = `${other}.bias`;
      if (!biases.some((constant) => constant.name === name)) {
        biases.push({ ...bias, name, shape: [bias.shape[0]!] });
      }
      return { ...conv, inputs: [...conv.inputs, name], outputs: node.outputs };
    }
    return node;
  });
  return withoutUnused({ ...graph, nodes, constants: biases });
}

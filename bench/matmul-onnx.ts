/** The bytes of an ONNX file with one matrix product, to ask onnxruntime how fast this machine multiplies. */

/** `C = A B`, float32 `[size, size]` each, named so; opset 13. Encoded by hand: protocol buffers, onnx.proto3. */
export function matmulOnnx(size: number): Uint8Array {
  const shape = message(2, [...message(1, varint(1, size)), ...message(1, varint(1, size))]);
  const float = varint(1, 1);
  const value = (field: number, name: string) =>
    message(field, [...text(1, name), ...message(2, message(1, [...float, ...shape]))]);
  const node = message(1, [...text(1, 'A'), ...text(1, 'B'), ...text(2, 'C'), ...text(4, 'MatMul')]);
  const graph = [...node, ...text(2, 'gemm'), ...value(11, 'A'), ...value(11, 'B'), ...value(12, 'C')];
  return Uint8Array.from([...varint(1, 8), ...message(7, graph), ...message(8, varint(2, 13))]);
}

function message(field: number, body: number[]): number[] {
  return [(field << 3) | 2, ...base128(body.length), ...body];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

function varint(field: number, value: number): number[] {
  return [field << 3, ...base128(value)];
}

function base128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>= 7;
  }
  return [...bytes, rest];
}

/** Weights on disk: the safetensors format (a JSON header, then the arrays), float32 alone. */

import { z } from 'zod';
import { EarsightError } from '../pipeline/errors.ts';

/** An array and its shape, row by row. */
export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

export interface Safetensors {
  tensors: Map<string, NamedTensor>;
  /** Free text by name. */
  metadata: Record<string, string>;
}

/** Real headers are some kilobytes; a length beyond this is damage, not data. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const METADATA = '__metadata__';

const headerSchema = z.object({ [METADATA]: z.record(z.string(), z.string()).optional() }).catchall(
  z.object({
    dtype: z.literal('F32'),
    shape: z.array(z.int().min(0)),
    data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
);

/** The bytes of a file; arrays lie in the order of the map, the first on a multiple of eight bytes. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { [METADATA]: metadata };
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const unpadded = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(unpadded.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(unpadded, 8);
  let at = 8 + headerBytes;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads what {@link encodeSafetensors} or another program wrote. The arrays are copies.
 *
 * @param name - of the file, for messages
 * @throws EarsightError `bad-weights` for what is cut short, overlaps, or is no float32.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const refuse = (why: string): never => {
    throw new EarsightError(
      'bad-weights',
      `${name} is no readable safetensors file: ${why}. Copy it again, or use another checkpoint.`,
    );
  };
  if (bytes.length < 8) return refuse(`it has ${bytes.length} bytes, not even a header's length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) return refuse(`its header claims ${headerBytes} bytes`);
  const start = 8 + headerBytes;
  if (start > bytes.length)
    return refuse(`it ends at byte ${bytes.length}, inside its header of ${headerBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    return refuse('its header is no JSON');
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(`header field ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'unreadable'}`);
  }
  const { [METADATA]: metadata = {}, ...entries } = parsed.data;
  const tensors: Safetensors['tensors'] = new Map();
  let expected = 0;
  const ordered = Object.entries(entries).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [tensor, { shape, data_offsets: offsets }] of ordered) {
    const [from, to] = offsets;
    const size = shape.reduce((product, extent) => product * extent, 4);
    if (from !== expected || to - from !== size)
      return refuse(`the place of "${tensor}" does not fit its shape`);
    if (start + to > bytes.length) return refuse(`it ends at byte ${bytes.length}, inside "${tensor}"`);
    // A copy of its own: the place in the file need not lie on a multiple of four. By `set`: a Buffer's `slice` is a view.
    const data = new Float32Array(size / 4);
    new Uint8Array(data.buffer).set(bytes.subarray(start + from, start + to));
    tensors.set(tensor, { shape, data });
    expected = to;
  }
  if (start + expected !== bytes.length)
    return refuse(`${bytes.length - start - expected} bytes follow its last array`);
  return { tensors, metadata };
}

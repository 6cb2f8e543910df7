/** Numbers that numpy wrote: `.npy` files, and arrays inside pickles. */

import type { AnnotationFile } from './annotation-folder.ts';
import { annotationFault } from './fault.ts';

/** Row-major, whatever the file's order was. */
export interface NumberArray {
  shape: number[];
  values: Float64Array<ArrayBuffer>;
}

const MAGIC = '\x93NUMPY';

/**
 * A `.npy` file (NEP 1), versions 1 to 3, of integers, floats or booleans.
 * @throws EarsightError `bad-dataset` naming the file.
 */
export function readNpy(file: AnnotationFile): NumberArray {
  const bytes = file.bytes();
  const refuse = (what: string): Error =>
    annotationFault(file.path, null, what, 'Write it again with numpy.save');
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== MAGIC || bytes.length < 12) throw refuse('it is no .npy file, or cut off');
  const view = new DataView(bytes.buffer);
  const isLong = (bytes[6] ?? 0) >= 2;
  const headerAt = isLong ? 12 : 10;
  const headerBytes = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(headerAt, headerAt + headerBytes));
  const dtype = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || fortran === undefined || shape === undefined) {
    throw refuse(`its header is not understood: ${header.trim()}`);
  }
  const sides = shape
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  try {
    return decodeArray(dtype, sides, fortran === 'True', bytes.subarray(headerAt + headerBytes));
  } catch (thrown) {
    throw refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/**
 * Raw elements to numbers.
 * @param dtype - numpy's name: byte order, kind, size of an element: `<f8`, `|u1`, `>i4`, `|b1`; texts (`|S3`, `<U3`)
 * are taken for the numbers that they spell, NaN where they spell none.
 * @throws RangeError for another type, or too few bytes.
 */
export function decodeArray(
  dtype: string,
  shape: number[],
  isFortran: boolean,
  bytes: Uint8Array,
): NumberArray {
  const [, order = '', kind = '', size = ''] = /^([<>|=]?)([biufSU])(\d+)$/.exec(dtype) ?? [];
  const elementBytes = Number(size) * (kind === 'U' ? 4 : 1);
  const count = shape.reduce((product, side) => product * side, 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = elementReader(view, kind, elementBytes, order !== '>');
  if (read === null) throw new RangeError(`elements of type ${dtype} are not read`);
  if (bytes.length < count * elementBytes) {
    throw new RangeError(`it holds ${bytes.length} bytes and needs ${count * elementBytes}: it is cut off`);
  }
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(elementBytes * (isFortran ? fortranIndex(i, shape) : i));
  return { shape, values };
}

function elementReader(
  view: DataView,
  kind: string,
  elementBytes: number,
  little: boolean,
): ((at: number) => number) | null {
  if (kind === 'S' || kind === 'U') {
    const letterBytes = kind === 'U' ? 4 : 1;
    return (at) => {
      let text = '';
      for (let i = 0; i < elementBytes; i += letterBytes) {
        const code = kind === 'U' ? view.getUint32(at + i, little) : view.getUint8(at + i);
        if (code !== 0) text += String.fromCodePoint(code);
      }
      return text.trim() === '' ? Number.NaN : Number(text);
    };
  }
  switch (`${kind}${elementBytes}`) {
    case 'b1':
    case 'u1':
      return (at) => view.getUint8(at);
    case 'i1':
      return (at) => view.getInt8(at);
    case 'u2':
      return (at) => view.getUint16(at, little);
    case 'i2':
      return (at) => view.getInt16(at, little);
    case 'u4':
      return (at) => view.getUint32(at, little);
    case 'i4':
      return (at) => view.getInt32(at, little);
    case 'u8':
      return (at) => Number(view.getBigUint64(at, little));
    case 'i8':
      return (at) => Number(view.getBigInt64(at, little));
    case 'f4':
      return (at) => view.getFloat32(at, little);
    case 'f8':
      return (at) => view.getFloat64(at, little);
    default:
      return null;
  }
}

/** Where element `index` of a row-major array stands in a column-major one. */
function fortranIndex(index: number, shape: readonly number[]): number {
  let rest = index;
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis]!;
    let stride = 1;
    for (let before = 0; before < axis; before++) stride *= shape[before]!;
    at += (rest % side) * stride;
    rest = Math.floor(rest / side);
  }
  return at;
}

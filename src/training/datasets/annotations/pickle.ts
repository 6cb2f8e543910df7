/** Reads the pickles that authors published: plain Python values and numpy arrays, nothing else. Runs no code of theirs. */

import { NameRegistry, Parser } from 'pickleparser';
import { messageOf } from '../../../pipeline/errors.ts';
import type { AnnotationFile } from './annotation-folder.ts';
import { annotationFault } from './fault.ts';
import { decodeArray, type NumberArray } from './numpy.ts';

/**
 * Dictionaries become `Map`, lists and tuples arrays, `bytes` `Uint8Array`, numpy arrays {@link NumberArray}.
 *
 * @throws EarsightError `bad-dataset` naming the file, also for a pickle that wants to build anything else.
 */
export function readPickle(file: AnnotationFile): unknown {
  try {
    const parser = new Parser({ nameResolver: new NumpyNames(), unpicklingTypeOfDictionary: 'Map' });
    return plain(parser.parse<unknown>(file.bytes()));
  } catch (thrown) {
    throw annotationFault(
      file.path,
      null,
      messageOf(thrown),
      'Fetch the file again, or write its content as JSON',
    );
  }
}

/** numpy's dtype while it is unpickled: constructed by its name, byte order told afterwards. */
class PickledType {
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  __setstate__(state: unknown): void {
    const [, order] = state as unknown[];
    if (typeof order === 'string' && '<>|='.includes(order))
      this.name = order + this.name.replace(/^[<>|=]/, '');
  }
}

class PickledArray {
  array: NumberArray = { shape: [0], values: new Float64Array(0) };
  __setstate__(state: unknown): void {
    const [, shape, dtype, isFortran, data] = state as unknown[];
    this.array = arrayOf(dtype, shape, isFortran === true, data);
  }
}

class NumpyNames extends NameRegistry {
  constructor() {
    super();
    for (const core of ['numpy.core', 'numpy._core']) {
      this.register(`${core}.multiarray`, '_reconstruct', () => new PickledArray());
      this.register(`${core}.multiarray`, 'scalar', (dtype: unknown, data: unknown) =>
        arrayOf(dtype, [1], false, data).values.at(0),
      );
      this.register(
        `${core}.numeric`,
        '_frombuffer',
        (data: unknown, dtype: unknown, shape: unknown, order: unknown) =>
          arrayOf(dtype, shape, order === 'F', data),
      );
    }
    this.register('numpy', 'ndarray', () => new PickledArray());
    this.register('numpy', 'dtype', (name: unknown) => new PickledType(String(name)));
    this.register('_codecs', 'encode', (text: unknown) => bytesOf(String(text), 'latin1'));
  }

  override onMissingName(module: string, name: string): never {
    throw new Error(`it holds a ${module}.${name}, which is not read`);
  }
}

function arrayOf(dtype: unknown, shape: unknown, isFortran: boolean, data: unknown): NumberArray {
  if (!(dtype instanceof PickledType)) throw new Error('it holds an array without a type');
  const bytes = typeof data === 'string' ? bytesOf(data, 'windows-1252') : data;
  if (!(bytes instanceof Uint8Array)) throw new Error('it holds an array of objects, which is not read');
  return decodeArray(dtype.name, (shape as unknown[]).map(Number), isFortran, bytes);
}

/** Byte strings of Python 2 come decoded as windows-1252 (what browsers take for ASCII); here they are bytes again. */
const windows1252 = new Map(
  Array.from({ length: 256 }, (_, byte) => [
    new TextDecoder('windows-1252').decode(Uint8Array.of(byte)),
    byte,
  ]),
);

function bytesOf(text: string, encoding: 'latin1' | 'windows-1252'): Uint8Array {
  const byteOf = (letter: string): number =>
    encoding === 'latin1' ? letter.charCodeAt(0) : (windows1252.get(letter) ?? 0);
  return Uint8Array.from(text, byteOf);
}

function plain(value: unknown): unknown {
  if (value instanceof PickledArray) return value.array;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    return new Map([...(value as Map<unknown, unknown>)].map(([key, of]) => [plainKey(key), plain(of)]));
  }
  return value;
}

/** Keys of Python 2 may be byte strings. */
function plainKey(key: unknown): unknown {
  return key instanceof Uint8Array ? new TextDecoder().decode(key) : key;
}

/** The numbers of a value that is a list of numbers or a numpy array, flat; null for anything else. */
export function numbersOf(value: unknown): number[] | null {
  if (isNumberArray(value)) return [...value.values];
  if (!Array.isArray(value)) return null;
  const numbers = value.map((item) => (typeof item === 'string' ? Number(item) : item) as unknown);
  return numbers.every((item) => typeof item === 'number' && Number.isFinite(item))
    ? (numbers as number[])
    : null;
}

export function isNumberArray(value: unknown): value is NumberArray {
  return (
    typeof value === 'object' && value !== null && 'values' in value && value.values instanceof Float64Array
  );
}

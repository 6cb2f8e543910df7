/** The file that the cache keeps for one moment: the picture, the sound around it, and the masks. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { EarsightError, messageOf } from '../../../pipeline/errors.ts';

/** Changes with the form of the entries, so that old ones are made anew. */
export const ENTRY_VERSION = 1;

/** One class of one mask. */
export interface EntryMask {
  /** Number of the moment's region. */
  region: number;
  /** Of the masks whose colours name their classes; else null. */
  name: string | null;
  width: number;
  height: number;
  /** 1 inside, 0 outside. */
  data: Uint8Array<ArrayBuffer>;
}

/** As `I420Picture`. */
export interface EntryPicture {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

export interface Entry {
  /** One, or those that lie side by side. */
  pictures: EntryPicture[];
  /** Mono, at the front end's rate: the window. */
  samples: Float32Array<ArrayBuffer>;
  masks: EntryMask[];
}

const side = z.int().min(1).max(65_535);
const headerForm = z.object({
  version: z.literal(ENTRY_VERSION),
  pictures: z.array(z.object({ width: side, height: side })).min(1),
  samples: z.int().min(0),
  masks: z.array(
    z.object({ region: z.int().min(0), name: z.string().nullable(), width: side, height: side }),
  ),
});

/** The header is padded to this, so that the samples behind it are aligned. */
const ALIGN_BYTES = 16;

/** Length of the header (uint32, little-endian), the header as JSON, samples, pictures, masks. */
export function encodeEntry({ pictures, samples, masks }: Entry): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({
    version: ENTRY_VERSION,
    pictures: pictures.map(({ width, height }) => ({ width, height })),
    samples: samples.length,
    masks: masks.map(({ region, name, width, height }) => ({ region, name, width, height })),
  } satisfies z.infer<typeof headerForm>);
  const header = new TextEncoder().encode(text);
  const headerBytes = Math.ceil((4 + header.length) / ALIGN_BYTES) * ALIGN_BYTES;
  const parts = [
    new Uint8Array(samples.buffer),
    ...pictures.map(({ data }) => data),
    ...masks.map(({ data }) => data),
  ];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, headerBytes));
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.fill(0x20, 4, headerBytes);
  bytes.set(header, 4);
  let at = headerBytes;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads an entry; synchronous, since examples are written synchronously.
 * @throws EarsightError `bad-dataset` when it is damaged.
 */
export function readEntry(path: string): Entry {
  const bytes = readWhole(path);
  try {
    const headerBytes = new DataView(bytes.buffer).getUint32(0, true);
    const text = new TextDecoder().decode(bytes.subarray(4, headerBytes));
    const header = headerForm.parse(JSON.parse(text));
    let at = headerBytes;
    const take = (count: number): Uint8Array<ArrayBuffer> => {
      if (at + count > bytes.length) throw new RangeError('it is cut off');
      at += count;
      return bytes.subarray(at - count, at);
    };
    take(4 * header.samples);
    const samples = new Float32Array(bytes.buffer, headerBytes, header.samples);
    const pictures = header.pictures.map(({ width, height }) => ({
      width,
      height,
      data: take(width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1)),
    }));
    const masks = header.masks.map((mask) => ({ ...mask, data: take(mask.width * mask.height) }));
    return { pictures, samples, masks };
  } catch (cause) {
    throw new EarsightError(
      'bad-dataset',
      `${path} in the cache is damaged: ${messageOf(cause)}. Delete it; it is made again when the data set is opened.`,
      { cause, details: { path } },
    );
  }
}

function readWhole(path: string): Uint8Array<ArrayBuffer> {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(fstatSync(file).size);
      let at = 0;
      while (at < bytes.length) {
        const count = readSync(file, bytes, at, bytes.length - at, at);
        if (count === 0) break;
        at += count;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new EarsightError(
      'bad-dataset',
      `${path} in the cache cannot be read: ${messageOf(cause)}. Open the data set again; it is made anew.`,
      { cause, details: { path } },
    );
  }
}

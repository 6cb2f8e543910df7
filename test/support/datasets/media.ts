/** Photos, recordings and clips of our own making, for tests that lay them out as data sets are published. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { rgbToI420 } from '../../../src/pipeline/i420.ts';
import { ImageContext } from '../../../src/server/picture/image-context.ts';
import { writeClip } from '../clips/write-clip.ts';

export type Rgb = readonly [number, number, number];

/** `colourAt` gives the colour of each pixel. The name says whether it becomes JPEG or PNG. */
export async function writePhoto(
  path: string,
  width: number,
  height: number,
  colourAt: (x: number, y: number) => Rgb,
): Promise<void> {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set(colourAt(x, y), (y * width + x) * 3);
  }
  const isPng = path.endsWith('.png');
  const context = await ImageContext.open(
    isPng ? { codec: 'png' } : { codec: 'jpeg', quantiser: 2 },
    width,
    height,
  );
  try {
    write(path, await context.encode(isPng ? rgb : rgbToI420(rgb, width, height)));
  } finally {
    context.close();
  }
}

/** A tone of half the full scale, 16 bits, mono. */
export function writeTone(
  path: string,
  { seconds, hz, rateHz = 22_050 }: { seconds: number; hz: number; rateHz?: number },
): void {
  const count = Math.round(seconds * rateHz);
  const bytes = Buffer.alloc(44 + 2 * count);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * count, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rateHz, 24);
  bytes.writeUInt32LE(2 * rateHz, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * count, 40);
  for (let n = 0; n < count; n++) {
    bytes.writeInt16LE(Math.round(16_384 * Math.sin((2 * Math.PI * hz * n) / rateHz)), 44 + 2 * n);
  }
  write(path, bytes);
}

/** A clip with a flash and a beep at each whole second. Written as QuickTime, whatever its name: FFmpeg looks inside. */
export async function writeFlashingClip(
  path: string,
  seconds: number,
  size = { width: 64, height: 48 },
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const unnamed = `${path}.mov`;
  await writeClip(unnamed, { seconds, sizes: [size] });
  renameSync(unnamed, path);
}

/** Writes a file and the folders that it needs. */
export function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A `.npy` file, version 1, of doubles in row-major order. */
export function npyOf(shape: readonly number[], values: readonly number[]): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${sides}), }`.padEnd(117) + '\n';
  const bytes = Buffer.alloc(10 + header.length + 8 * values.length);
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1');
  bytes.writeUInt16LE(header.length, 8);
  bytes.write(header, 10);
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, 10 + header.length + 8 * i);
  return bytes;
}

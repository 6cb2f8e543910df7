import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const tensors = new Map([
  ['a/kernel', { shape: [2, 2], data: Float32Array.of(1, -2, 3.5, Number.MIN_VALUE) }],
  ['empty', { shape: [0], data: new Float32Array(0) }],
  ['b', { shape: [], data: Float32Array.of(7) }],
]);

describe('safetensors', () => {
  test('come back as they were, wherever the bytes lie', () => {
    const bytes = encodeSafetensors(tensors, { step: '12' });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    // What `readFile` gives for a small file: a Buffer within a pool.
    const pooled = Buffer.from(shifted.buffer, 3, bytes.length);
    for (const view of [bytes, shifted.subarray(3), pooled]) {
      const read = decodeSafetensors(view, 'w');
      expect(read.metadata).toEqual({ step: '12' });
      expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
      for (const [name, { shape, data }] of tensors) expect(read.tensors.get(name)).toEqual({ shape, data });
    }
  });

  test('cut short anywhere are refused by name', () => {
    const bytes = encodeSafetensors(tensors);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), 'weights-7')).toThrow(
        /^weights-7 is no readable/,
      );
    }
  });

  test('with other bytes never end in anything but a refusal or arrays', () => {
    const bytes = encodeSafetensors(tensors);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        try {
          decodeSafetensors(damaged, 'w');
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-weights' });
          refused++;
        }
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePrefix, WireReader } from './wire.ts';

interface Message {
  header: unknown;
  payload: Uint8Array;
}

function encodeAll(messages: Message[]): Buffer {
  return Buffer.concat(
    messages.flatMap(({ header, payload }) => [encodePrefix(header, payload.length), payload]),
  );
}

describe('the wire', () => {
  it('carries any messages through any cutting', () => {
    const message = fc.record({
      header: fc.record({ type: fc.string(), value: fc.jsonValue() }),
      payload: fc.uint8Array({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 10 }),
        (messages, cuts) => {
          const bytes = encodeAll(messages);
          const received: Message[] = [];
          const reader = new WireReader((header, payload) => received.push({ header, payload }));
          for (let from = 0, turn = 0; from < bytes.length; turn++) {
            const to = from + cuts[turn % cuts.length]!;
            reader.push(bytes.subarray(from, to));
            from = to;
          }
          expect(received).toEqual(
            messages.map(({ header, payload }) => ({
              header: JSON.parse(JSON.stringify(header)) as unknown,
              payload: Uint8Array.from(payload),
            })),
          );
        },
      ),
    );
  });

  it('gives each payload a buffer of its own', () => {
    const payloads: Uint8Array[] = [];
    const reader = new WireReader((_, payload) => payloads.push(payload));
    const two = [1, 2].map((value) => ({ header: { value }, payload: new Uint8Array(1000).fill(value) }));
    reader.push(encodeAll(two));
    expect(payloads[0]!.buffer).not.toBe(payloads[1]!.buffer);
    expect(payloads[0]!.buffer.byteLength).toBe(1000);
  });

  it.each([
    ['no header', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['a header beyond bounds', [0, 0, 0, 0x7f, 0, 0, 0, 0]],
    ['a payload beyond bounds', [2, 0, 0, 0, 0, 0, 0, 0x7f]],
    ['a header that is no JSON', [2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b]],
  ])('refuses %s', (_name, bytes) => {
    const reader = new WireReader(() => undefined);
    expect(() => reader.push(Uint8Array.from(bytes))).toThrow();
  });
});

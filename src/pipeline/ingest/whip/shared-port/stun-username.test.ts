import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ufragOfCheck } from './stun-username.ts';

/** A binding request with these attributes, `[type, value]`. */
function request(attributes: readonly (readonly [number, Buffer])[], type = 1, cookie = 0x2112_a442): Buffer {
  const body = Buffer.concat(
    attributes.map(([kind, value]) => {
      const padded = Buffer.alloc(4 + ((value.length + 3) & ~3));
      padded.writeUInt16BE(kind, 0);
      padded.writeUInt16BE(value.length, 2);
      value.copy(padded, 4);
      return padded;
    }),
  );
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(cookie, 4);
  return Buffer.concat([header, body]);
}

const user = (text: string) => [0x0006, Buffer.from(text)] as const;
const priority = [0x0024, Buffer.from([1, 2, 3, 4])] as const;

describe('ufragOfCheck', () => {
  it('reads whom a check is for, wherever the user name stands', () => {
    expect(ufragOfCheck(request([user('ours:theirs')]))).toBe('ours');
    expect(ufragOfCheck(request([[0x8022, Buffer.from('odd')], priority, user('a+/b:c')]))).toBe('a+/b');
  });

  it('takes nothing else for one', () => {
    const good = request([priority, user('ours:theirs')]);
    expect(ufragOfCheck(request([user('ours:theirs')], 0x0101))).toBeNull();
    expect(ufragOfCheck(request([user('ours:theirs')], 1, 1))).toBeNull();
    expect(ufragOfCheck(request([priority]))).toBeNull();
    expect(ufragOfCheck(request([user('ours')]))).toBeNull();
    expect(ufragOfCheck(request([user(':theirs')]))).toBeNull();
    for (let bytes = 0; bytes < good.length - 1; bytes++) {
      expect(ufragOfCheck(good.subarray(0, bytes)), `${bytes} bytes`).toBeNull();
    }
  });

  it('never throws', () => {
    const checked = fc.uint8Array({ maxLength: 120 }).map((bytes) => {
      const packet = Buffer.concat([request([]), bytes]);
      packet.writeUInt16BE(bytes.length, 2);
      return packet;
    });
    fc.assert(
      fc.property(checked, (packet) => void ufragOfCheck(packet)),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void ufragOfCheck(Buffer.from(bytes))),
    );
  });
});

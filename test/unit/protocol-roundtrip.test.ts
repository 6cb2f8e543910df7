/** Properties of both encodings: what goes in comes out, and hostile input never gets further than ProtocolError. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBinary, encodeBinary } from '../../src/protocol/binary.ts';
import { decodeServerMessage } from '../../src/protocol/decode.ts';
import { decodeJson, encodeJson } from '../../src/protocol/json.ts';
import type { ClassHeat, HeatmapMessage, StreamInfo } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const fraction = fc.float({ min: 0, max: 1, noNaN: true }).map(Math.abs);
const wallMs = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const streamId = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/);
const durationUs = fc.integer({ min: 0, max: 0xffff_ffff });
const size = fc.record({
  width: fc.integer({ min: 1, max: 0xffff }),
  height: fc.integer({ min: 1, max: 0xffff }),
});

const peak = fc.record({ x: fraction, y: fraction, value: fraction });
const box = fc.tuple(fraction, fraction, fraction, fraction).map(([a, b, c, d]) => ({
  x0: Math.min(a, b),
  y0: Math.min(c, d),
  x1: Math.max(a, b),
  y1: Math.max(c, d),
}));

const classHeat = (cells: number): fc.Arbitrary<ClassHeat> =>
  fc.record({
    index: fc.integer({ min: 0, max: 0xffff }),
    heard: fraction,
    seen: fraction,
    active: fc.boolean(),
    heat: fc.option(
      fc.uint8Array({ minLength: cells, maxLength: cells }).map((heat) => new Uint8Array(heat)),
    ),
    peak: fc.option(peak),
    box: fc.option(box),
  });

const heatmap: fc.Arbitrary<HeatmapMessage> = fc
  .record({ rows: fc.integer({ min: 1, max: 20 }), cols: fc.integer({ min: 1, max: 20 }) })
  .chain((grid) =>
    fc.record({
      type: fc.constant('heatmap' as const),
      stream: streamId,
      sequence: fc.maxSafeNat(),
      ptsUs: fc.maxSafeInteger(),
      captureWallMs: wallMs,
      sendWallMs: wallMs,
      alignment: fc.constantFrom('aligned', 'unaligned', 'late', 'no-audio'),
      skewUs: fc.option(fc.maxSafeInteger()),
      audioWindow: fc.option(
        fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger()).map(([a, b]) => ({
          startUs: Math.min(a, b),
          endUs: Math.max(a, b),
        })),
      ),
      picture: size,
      grid: fc.constant(grid),
      stages: fc.record({
        decodeUs: durationUs,
        alignUs: durationUs,
        queueUs: durationUs,
        inferenceUs: durationUs,
        heatUs: durationUs,
      }),
      classes: fc
        .uniqueArray(classHeat(grid.rows * grid.cols), { selector: (one) => one.index, maxLength: 12 })
        .map((classes) => classes.sort((a, b) => a.index - b.index)),
      preview: fc.option(fc.uint8Array({ maxLength: 300 }).map((preview) => new Uint8Array(preview))),
    }),
  );

const streamInfo: fc.Arbitrary<StreamInfo> = fc.record({
  id: streamId,
  name: fc.string({ unit: 'binary' }),
  kind: fc.constantFrom('demo', 'url', 'webcam'),
  state: fc.constantFrom('connecting', 'live', 'degraded', 'stalled', 'reconnecting', 'ended', 'failed'),
  reason: fc.option(fc.string()),
  detail: fc.option(fc.string({ unit: 'binary' })),
  sinceWallMs: wallMs,
  tracks: fc.record({ video: fc.boolean(), audio: fc.boolean() }),
  picture: fc.option(size),
});

describe('round trip', () => {
  test('[B1] binary heatmaps, also from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(heatmap, fc.nat(9), (message, offset) => {
        const bytes = encodeBinary(message);
        const within = new Uint8Array(offset + bytes.length + 5);
        within.set(bytes, offset);
        expect(decodeBinary(bytes)).toEqual(message);
        expect(decodeBinary(bytes.buffer)).toEqual(message);
        expect(decodeBinary(within.subarray(offset, offset + bytes.length))).toEqual(message);
      }),
    );
  });

  test('[J1] JSON heatmaps', () => {
    fc.assert(
      fc.property(heatmap, (message) => {
        expect(decodeServerMessage(encodeJson(message))).toEqual(message);
      }),
    );
  });

  test('[J1] JSON status', () => {
    fc.assert(
      fc.property(streamInfo, (stream) => {
        const message = { type: 'status', stream } as const;
        expect(decodeJson(encodeJson(message))).toEqual(message);
      }),
    );
  });
});

describe('evolution', () => {
  const message = fc.sample(heatmap, { numRuns: 20, seed: 1 });

  test('[V2] fields appended to header, class record and message are skipped', () => {
    for (const one of message) {
      const grown = growBinary(encodeBinary(one), 8, 4, 7);
      expect(decodeBinary(grown)).toEqual(one);
    }
  });

  test('[V2] unknown JSON fields are skipped, at every level', () => {
    for (const one of message) {
      const grown = JSON.parse(encodeJson(one), (_key, value: unknown) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? { ...value, addedLater: { a: 1 } }
          : value,
      ) as unknown;
      expect(decodeJson(JSON.stringify(grown))).toEqual(one);
    }
  });

  test('[V3] unknown message types are null', () => {
    expect(decodeJson('{"type":"weather","sun":true}')).toBeNull();
    const bytes = encodeBinary(message[0]!);
    bytes[5] = 2;
    expect(decodeBinary(bytes)).toBeNull();
  });

  test('[V1] another major version is refused', () => {
    const bytes = encodeBinary(message[0]!);
    bytes[4] = 2;
    expect(() => decodeBinary(bytes)).toThrow('Field version must lie within 1 and 1.');
  });
});

describe('hostile input', () => {
  const vectors = Object.values(
    JSON.parse(readFileSync(new URL('../golden/protocol.json', import.meta.url), 'utf8')) as Record<
      string,
      { json: string; binary?: string }
    >,
  );
  const binaries = vectors.flatMap(({ binary }) =>
    binary === undefined ? [] : [Buffer.from(binary, 'hex')],
  );

  test('[B9] random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void survives(() => decodeBinary(bytes))),
    );
  });

  test('[B9] golden bytes, mutated and cut', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...binaries),
        fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat(400),
        (golden, pokes, length) => {
          const bytes = new Uint8Array(golden).subarray(0, Math.max(8, length));
          for (const [at, value] of pokes) bytes[at % bytes.length] = value;
          const decoded = survives(() => decodeBinary(bytes));
          if (decoded === undefined) return;
          accepted += 1;
          // What is accepted is wholly valid: it encodes and decodes to itself.
          if (decoded !== null) expect(decodeBinary(encodeBinary(decoded))).toEqual(decoded);
        },
      ),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test('[B9] every prefix of a golden message is refused', () => {
    for (const golden of binaries) {
      for (let length = 0; length < golden.length; length++) {
        expect(() => decodeBinary(new Uint8Array(golden.subarray(0, length)))).toThrow(ProtocolError);
      }
    }
  });

  test('[J4] any JSON value, and golden texts with any value put in any place', () => {
    fc.assert(fc.property(fc.json(), (text) => void survives(() => decodeJson(text))));
    fc.assert(
      fc.property(fc.constantFrom(...vectors), fc.nat(200), fc.jsonValue(), ({ json }, place, planted) => {
        let seen = 0;
        const text = JSON.stringify(
          JSON.parse(json, (_key, value: unknown) => (seen++ === place ? planted : value)),
        );
        survives(() => decodeJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['{', 'Message is not JSON.'],
    ['[]', 'Message must be an object.'],
    ['{"type":"removed","stream":"Yard"}', 'Field stream must match [a-z0-9][a-z0-9_-]{0,62}.'],
    ['{"type":"dropped","stream":"a","reason":"whim","count":1}', 'Field reason must be one of'],
    ['{"type":"alive","serverWallMs":1e999}', 'Field serverWallMs must be a finite number.'],
  ])('[J4] %s: %s', (text, problem) => {
    expect(() => decodeJson(text)).toThrow(problem);
  });

  test('[J4] heat of another size than the grid', () => {
    const text = vectors[1]!.json.replace('ABAgQID/', 'ABAgQIA=');
    expect(() => decodeJson(text)).toThrow('Field classes[0].heat must hold 6 bytes, rows times cols.');
  });

  test('[J3] base64 with white space or without padding', () => {
    for (const spelling of ['ABAg QID/', 'ABAgQIA', 'ABAgQI=A', 'ABAgQID_']) {
      expect(() => decodeJson(vectors[1]!.json.replace('ABAgQID/', spelling))).toThrow(
        'must be padded base64',
      );
    }
  });
});

/** The decoder's answer, undefined where it threw ProtocolError; anything else it throws fails the test. */
function survives<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return undefined;
  }
}

/** The same message as a later minor version might send it, with fields this one does not know. */
function growBinary(bytes: Uint8Array, header: number, record: number, tail: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const headerBytes = view.getUint16(6, true);
  const recordBytes = view.getUint16(94, true);
  const count = view.getUint16(92, true);
  const parts = [bytes.subarray(0, headerBytes), new Uint8Array(header).fill(0xaa)];
  for (let i = 0; i < count; i++) {
    const at = headerBytes + i * recordBytes;
    parts.push(bytes.subarray(at, at + recordBytes), new Uint8Array(record).fill(0xbb));
  }
  parts.push(bytes.subarray(headerBytes + count * recordBytes), new Uint8Array(tail).fill(0xcc));
  const grown = new Uint8Array(Buffer.concat(parts));
  const grownView = new DataView(grown.buffer, grown.byteOffset);
  grownView.setUint16(6, headerBytes + header, true);
  grownView.setUint16(94, recordBytes + record, true);
  return grown;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Assembler } from './h264-assembler.ts';

const START = [0, 0, 0, 1];
const TYPES = { slice: 1, idr: 5, sps: 7, pps: 8, delimiter: 9 };

/** One NAL unit of a size, start code included; `firstSlice` where it begins its picture's slices. */
const unit = (type: number, bytes: number, firstSlice = true): Buffer =>
  Buffer.from([
    ...START,
    0x60 | type,
    firstSlice ? 0x88 : 0x42,
    ...Array.from({ length: Math.max(0, bytes - 6) }, (_, i) => 1 + (i % 250)),
  ]);

type Fragmenter = (unit: Buffer) => Buffer[];

/** As most senders do: of a unit's fragments (RFC 6184 section 5.8) all are full packets but the last. */
const filling =
  (limit: number): Fragmenter =>
  (whole) => {
    if (whole.length - 4 <= limit) return [whole];
    const parts = [whole.subarray(0, limit - 2 + 5)];
    for (let at = limit - 2 + 5; at < whole.length; at += limit - 2)
      parts.push(whole.subarray(at, at + limit - 2));
    return parts;
  };

/** Pieces of one size, give or take a byte. */
const even =
  (limit: number): Fragmenter =>
  (whole) => {
    if (whole.length - 4 <= limit) return [whole];
    const payload = whole.length - 5;
    const step = Math.ceil(payload / Math.ceil(payload / (limit - 2)));
    const parts = [whole.subarray(0, 5 + step)];
    for (let at = 5 + step; at < whole.length; at += step) parts.push(whole.subarray(at, at + step));
    return parts;
  };

interface Delivery {
  /** Number of the picture during whose packets the unit came out; one more where it had to wait for the next. */
  pictures: number[];
  units: Buffer[];
  begun: number;
}

/** Sends pictures, each a list of units, and notes what comes out when. */
function send(
  pictures: readonly Buffer[][],
  fragment: Fragmenter,
  assembler = new H264Assembler(),
): Delivery {
  const delivery: Delivery = { pictures: [], units: [], begun: 0 };
  for (const [index, units] of pictures.entries()) {
    for (const whole of units) {
      for (const packet of fragment(whole)) {
        assembler.push(
          packet,
          BigInt(index * 3000),
          (given) => {
            delivery.units.push(given);
            delivery.pictures.push(index);
          },
          () => {
            expect(delivery.begun).toBe(index);
            delivery.begun++;
          },
        );
      }
    }
  }
  return delivery;
}

const steady = (count: number, bytes: (index: number) => number): Buffer[][] =>
  Array.from({ length: count }, (_, i) => [
    unit(TYPES.delimiter, 6),
    unit(i % 15 ? TYPES.slice : TYPES.idr, bytes(i)),
  ]);

describe('H264Assembler', () => {
  it.each([
    ['fills its packets', filling(1400)],
    ['cuts evenly', even(1400)],
  ])('gives a picture out at once when the sender, which %s, is proven', (_, fragment) => {
    const pictures = steady(300, (i) => 200 + ((i * 1237) % 9000));
    const { units, pictures: when, begun } = send(pictures, fragment);
    expect(begun).toBe(300);
    expect(Buffer.concat(units)).toEqual(Buffer.concat(pictures.flat().slice(0, units.length)));
    const slices = when.filter((_picture, i) => i % 2 === 1);
    expect(slices.slice(0, 30).every((picture, i) => picture === i + 1)).toBe(true);
    const late = slices.slice(60).filter((picture, i) => picture !== i + 60).length;
    expect(late / slices.length).toBeLessThan(0.3);
  });

  it('is late with no picture of a sender that fills its packets', () => {
    const { pictures: when } = send(
      steady(200, (i) => (i % 3 ? 700 : 5000)),
      filling(1400),
    );
    const slices = when.filter((_picture, i) => i % 2 === 1);
    expect(slices.slice(60).every((picture, i) => picture === i + 60)).toBe(true);
    expect(slices.length).toBe(200);
  });

  it('is rarely late with still pictures, of which every one fits a packet', () => {
    const { pictures: when } = send(
      steady(300, (i) => (i % 15 ? 11 : 1000 + ((i * 37) % 400))),
      filling(1400),
    );
    const slices = when.filter((_picture, i) => i % 2 === 1);
    expect(slices.slice(60).filter((picture, i) => picture !== i + 60).length).toBeLessThanOrEqual(3);
  });

  it('gives every unit out whole and in order, whatever the sizes and the slices (property)', () => {
    const picture = fc.record({
      prefix: fc.subarray([TYPES.delimiter, TYPES.sps, TYPES.pps]),
      slices: fc.array(fc.integer({ min: 6, max: 6000 }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(picture, { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 600, max: 1500 }),
        (list, limit) => {
          const pictures = list.map(({ prefix, slices }) => [
            ...prefix.map((type) => unit(type, 20)),
            ...slices.map((bytes, i) => unit(TYPES.slice, bytes, i === 0)),
          ]);
          const { units, begun } = send(pictures, filling(limit));
          const sent = pictures.flat();
          expect(begun).toBe(list.length);
          // The last may still wait.
          expect(sent.length - units.length).toBeLessThanOrEqual(1);
          for (const [i, given] of units.entries()) expect(given.equals(sent[i]!)).toBe(true);
        },
      ),
    );
  });

  it('takes units that share a packet', () => {
    const together = Buffer.concat([unit(TYPES.sps, 20), unit(TYPES.pps, 10), unit(TYPES.idr, 300)]);
    const pictures = Array.from({ length: 80 }, () => [together]);
    const { begun, pictures: when } = send(pictures, (whole) => [whole]);
    expect(begun).toBe(80);
    expect(when).toHaveLength(79);
  });

  it('waits for the next picture again when a sender breaks its habit, and spoils one unit at most', () => {
    const assembler = new H264Assembler();
    send(
      steady(60, () => 3000),
      filling(1400),
      assembler,
    );
    // A short piece in the middle.
    const odd: Fragmenter = (whole) => [
      whole.subarray(0, 1400),
      whole.subarray(1400, 1500),
      whole.subarray(1500),
    ];
    const pictures = Array.from({ length: 20 }, () => [unit(TYPES.slice, 2600)]);
    const delivery = send(pictures, odd, assembler);
    const whole = delivery.units.filter(({ length }) => length === 2600);
    expect(whole.length).toBeGreaterThanOrEqual(18);
    expect(delivery.pictures.at(-1)).toBe(19);
    expect(delivery.units.at(-1)).toHaveLength(2600);
  });

  it('takes a loss for a loss: what has no beginning is left out, and trust stays', () => {
    const assembler = new H264Assembler();
    send(
      steady(60, () => 3000),
      filling(1400),
      assembler,
    );
    const lossy: Fragmenter = (whole) => (whole.length > 100 ? filling(1400)(whole).slice(1) : []);
    expect(send([[unit(TYPES.slice, 3000)]], lossy, assembler).units).toHaveLength(0);
    const after = send([[unit(TYPES.slice, 3000)], [unit(TYPES.slice, 3000)]], filling(1400), assembler);
    expect(after.pictures).toEqual([0, 1]);
  });
});

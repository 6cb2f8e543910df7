import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransportWideCC } from 'werift';
import { TransportFeedback } from './transport-feedback.ts';

/** Reads a report body by the draft's section 3.1, independently of the writer. */
function read(body: Buffer): { sequence: number; arrivalUs: number | null }[] {
  const base = body.readUInt16BE(0);
  const count = body.readUInt16BE(2);
  const chunks = Math.ceil(count / 7);
  let clockUs = body.readUIntBE(4, 3) * 64_000;
  let at = 8 + chunks * 2;
  return Array.from({ length: count }, (_, i) => {
    const chunk = body.readUInt16BE(8 + 2 * Math.floor(i / 7));
    expect(chunk >> 14).toBe(0b11);
    const status = (chunk >> (12 - 2 * (i % 7))) & 0b11;
    const sequence = (base + i) & 0xffff;
    if (status === 0) return { sequence, arrivalUs: null };
    clockUs += (status === 1 ? body.readUInt8(at) : body.readInt16BE(at)) * 250;
    at += status;
    return { sequence, arrivalUs: clockUs };
  });
}

describe('TransportFeedback', () => {
  it('reports every arrival to the unit and every loss as lost, across reports and the wrap', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.array(fc.record({ lost: fc.boolean(), gapUs: fc.integer({ min: -3_000, max: 90_000 }) }), {
          minLength: 1,
          maxLength: 120,
        }),
        fc.integer({ min: 1, max: 40 }),
        (first, packets, perReport) => {
          const feedback = new TransportFeedback();
          const reported = new Map<number, number | null>();
          let nowUs = 10_000_000;
          const truth: { sequence: number; atUs: number }[] = [];
          packets.forEach(({ lost, gapUs }, i) => {
            nowUs += gapUs;
            const sequence = (first + i) & 0xffff;
            if (!lost) {
              feedback.record(sequence, nowUs);
              truth.push({ sequence, atUs: nowUs });
            }
            if (i % perReport === 0) note(feedback.take(), reported);
          });
          note(feedback.take(), reported);
          for (const { sequence, atUs } of truth) {
            expect(Math.abs(reported.get(sequence)! - atUs)).toBeLessThanOrEqual(250);
          }
          const received = [...reported.values()].filter((arrival) => arrival !== null);
          expect(received).toHaveLength(truth.length);
        },
      ),
    );
  });

  it('says nothing when nothing arrived', () => {
    const feedback = new TransportFeedback();
    expect(feedback.take()).toBeNull();
    feedback.record(1, 1_000_000);
    expect(feedback.take()).not.toBeNull();
    expect(feedback.take()).toBeNull();
  });

  it('is what another implementation reads', () => {
    const feedback = new TransportFeedback();
    feedback.record(7, 640_000);
    feedback.record(9, 700_000);
    const body = Buffer.concat([Buffer.alloc(8), feedback.take()!]);
    const parsed = TransportWideCC.deSerialize(body, { padding: false } as never);
    expect(parsed).toMatchObject({ baseSequenceNumber: 7, packetStatusCount: 3, referenceTime: 10 });
    expect(parsed.recvDeltas.map((delta) => delta.delta)).toEqual([0, 60_000]);
  });
});

function note(body: Buffer | null, reported: Map<number, number | null>): void {
  if (body === null) return;
  for (const { sequence, arrivalUs } of read(body)) {
    expect(reported.has(sequence)).toBe(false);
    reported.set(sequence, arrivalUs);
  }
}

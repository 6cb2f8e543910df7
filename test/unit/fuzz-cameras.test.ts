/** As fuzz.test.ts: what a camera sends past FFmpeg, held against what may come of it. */

import fc from 'fast-check';
import { AV_PKT_DATA_PRFT } from 'node-av/constants';
import { describe, expect } from 'vitest';
import { RedirectGuard } from '../../src/pipeline/ingest/url/egress/redirect-guard.ts';
import { H264Assembler } from '../../src/pipeline/ingest/url/h264-assembler.ts';
import { packetReport, packetWallUs } from '../../src/pipeline/ingest/url/rtcp-side-data.ts';
import { RtpTrackClock } from '../../src/pipeline/ingest/url/rtp-track-clock.ts';
import { bytes, mutated, refused, target } from '../support/fuzzing.ts';

/** Whether FFmpeg's reader would follow a line of it: see redirect-guard.ts. */
function redirects(text: string): boolean {
  const lines = text.replaceAll('\r', '').split('\n').slice(0, -1);
  return lines.some((line) => {
    const [name = '', status = ''] = line.split(/[ \t]+/).filter((word) => word !== '');
    const digits = /^[+-]?\d+/.exec(status)?.[0] ?? '0';
    const number = BigInt.asIntN(
      32,
      BigInt(digits.replace(/^[+-]/, '')) * (digits.startsWith('-') ? -1n : 1n),
    );
    return name.startsWith('RTSP/') && number >= 300n && number < 400n;
  });
}

describe('what a camera sends', () => {
  const START = [0, 0, 0, 1];
  const packet = fc.record({
    // A unit, several of them in one packet, the fragment of one, or anything.
    data: fc.oneof(
      fc
        .tuple(fc.constantFrom(1, 5, 6, 7, 8, 9, 24, 28), fc.nat({ max: 2_000 }), fc.boolean())
        .map(([type, size, first]) =>
          Buffer.concat([Uint8Array.of(...START, 0x60 | type, first ? 0x88 : 0x42), Buffer.alloc(size, 3)]),
        ),
      fc.nat({ max: 1_500 }).map((size) => new Uint8Array(size).fill(7)),
      bytes(Uint8Array.of(...START, 0x67, 1, ...START, 0x68, 2, ...START, 0x65, 0x88, 3)),
    ),
    pts: fc.nat({ max: 3 }).map(BigInt),
    times: fc.constantFrom(1, 1, 1, 40),
  });
  target(
    'H.264 of RTSP, put together',
    fc.array(packet, { maxLength: 20 }),
    (packets: { data: Uint8Array; pts: bigint; times: number }[]) => {
      const assembler = new H264Assembler();
      let [taken, given, units] = [0, 0, 0];
      // Nothing comes twice, nothing of what has not come, and nothing that a decoder would not know for a unit.
      let isSound = true;
      const onUnit = (unit: Buffer): void => {
        units += 1;
        given += unit.length;
        isSound &&= given <= taken && START.every((byte, i) => unit[i] === byte);
      };
      for (const { data, pts, times } of packets) {
        for (let i = 0; i < times; i++) {
          taken += data.length;
          assembler.push(data, pts, onUnit, () => undefined);
        }
      }
      expect(isSound).toBe(true);
      if (units === 0) refused();
    },
  );

  const report = Buffer.alloc(32);
  report.writeBigUInt64LE((3_900_000_000n << 32n) | 5n, 8);
  report.writeUInt32LE(90_000, 16);
  const wall = Buffer.alloc(16);
  wall.writeBigInt64LE(1_700_000_000_000_000n);
  const sides = fc.record({
    wall: fc.oneof(fc.constant(null), bytes(wall)),
    report: fc.oneof(fc.constant(null), bytes(report)),
    ptsUs: fc.oneof(fc.constant(null), fc.integer(), fc.nat({ max: 2 ** 40 })),
  });
  target(
    'RTCP side data, and the clock it sets',
    fc.array(sides, { minLength: 1, maxLength: 12 }),
    (packets: { wall: Uint8Array | null; report: Uint8Array | null; ptsUs: number | null }[]) => {
      const clock = new RtpTrackClock(90_000);
      let reports = 0;
      for (const { wall: prft, report: sr, ptsUs } of packets) {
        const side = {
          getSideData: (type: number) => {
            const data = type === AV_PKT_DATA_PRFT ? prft : sr;
            return data === null ? null : Buffer.from(data);
          },
        };
        const time = clock.take({ ptsUs, wallUs: packetWallUs(side), report: packetReport(side) });
        for (const number of [time.ptsUs, time.report?.ptsUs, time.report?.wallUs]) {
          if (typeof number === 'number') expect(number).toSatisfy(Number.isFinite);
        }
        if (time.report !== null) reports += 1;
      }
      if (reports === 0) refused();
    },
  );

  const honest =
    'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\nRTSP/1.0 401 Unauthorized\r\n\r\nv=0\r\ni=RTSP/x 30\r\n$\0\0\u0004RTSP';
  const word = fc.oneof(
    fc.constantFrom(
      'RTSP/',
      'RTSP/1.0',
      '302',
      '+0302',
      '4294967598',
      '-4294966994',
      '\r',
      ' ',
      '\t',
      '\n',
      'R',
      'x',
    ),
    fc
      .tuple(fc.constantFrom('RTSP/', '\r', ' ', '\r\n', '0'), fc.nat({ max: 3_000 }))
      .map(([some, n]) => some.repeat(n)),
  );
  const text = fc.oneof(
    mutated(honest),
    fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
  );
  target(
    'the guard against RTSP redirects',
    fc.tuple(text, fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 6 })),
    ([sent, lengths]: [string, number[]]) => {
      const guard = new RedirectGuard();
      const whole = Buffer.from(sent, 'latin1');
      const passed: Buffer[] = [];
      let isCut = false;
      for (let at = 0, i = 0; at < whole.length && !isCut; i++) {
        const length = lengths[i % lengths.length]!;
        const some = guard.take(whole.subarray(at, at + length));
        if (some === null) isCut = true;
        else passed.push(some);
        at += length;
      }
      const out = Buffer.concat(isCut ? passed : [...passed, guard.release()]);
      expect(whole.subarray(0, out.length).equals(out)).toBe(true);
      expect(redirects(out.toString('latin1'))).toBe(false);
      if (isCut) refused();
      expect(out).toHaveLength(whole.length);
    },
  );
});

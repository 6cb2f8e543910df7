import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RtcpReport, type RtpPacketTimes, RtpTrackClock, type RtpTrackTime } from './rtp-track-clock.ts';

/** What rtpdec.c does, on packets that are `stepTicks` apart: see the comment in rtp-track-clock.ts. */
function demux(options: {
  rateHz: number;
  stepTicks: number;
  count: number;
  firstTicks: number;
  /** Reports: before which packet each arrives, and the sender's clock error then. */
  reports: { packet: number; errorUs: number }[];
  /** What the other track's first report did to this one's start. */
  jumpUs?: number;
  /** The parser puts the next picture's wall time on the first packet that has one. */
  parsed?: boolean;
}): RtpPacketTimes[] {
  const { rateHz, stepTicks, count, firstTicks } = options;
  const wallAt = (packet: number): number => 1.8e15 + Math.round((packet * stepTicks * 1e6) / rateHz);
  const packets: RtpPacketTimes[] = [];
  let report: (RtcpReport & { packet: number }) | null = null;
  let firstWallUs = 0;
  for (let packet = 0; packet < count; packet++) {
    const due = options.reports.find((one) => one.packet === packet);
    if (due !== undefined) {
      const rtpTicks = (firstTicks + packet * stepTicks) % 2 ** 32;
      report = { rtpTicks, wallUs: wallAt(packet) + due.errorUs, packet };
      if (firstWallUs === 0) firstWallUs = report.wallUs;
    }
    const ownUs = (packet * stepTicks * 1e6) / rateHz;
    const sinceReportUs = report === null ? 0 : ((packet - report.packet) * stepTicks * 1e6) / rateHz;
    const wallUs = report === null ? null : Math.round(report.wallUs + sinceReportUs);
    const reported = options.reports[0]!;
    const mappedUs =
      wallUs === null
        ? ownUs
        : wallUs - firstWallUs + (reported.packet * stepTicks * 1e6) / rateHz + (options.jumpUs ?? 0);
    packets.push({ ptsUs: mappedUs, wallUs, report: due === undefined || report === null ? null : report });
  }
  if (options.parsed === true) {
    const first = packets.findIndex((packet) => packet.wallUs !== null);
    const { wallUs, report: brought } = packets[first]!;
    packets[first - 1] = { ...packets[first - 1]!, wallUs, report: brought };
  }
  return packets;
}

function run(rateHz: number, packets: RtpPacketTimes[]): RtpTrackTime[] {
  const clock = new RtpTrackClock(rateHz);
  return packets.map((packet) => clock.take(packet));
}

describe('RtpTrackClock', () => {
  it('counts ticks evenly through reports, sender jitter, clock steps and the wrap of the timestamp', () => {
    const scenario = fc.record({
      track: fc.constantFrom(
        { rateHz: 90_000, stepTicks: 3000 },
        { rateHz: 8000, stepTicks: 160 },
        { rateHz: 48_000, stepTicks: 1024 },
      ),
      firstTicks: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 100_000)),
      errors: fc.array(
        fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.constantFrom(60e6, -3600e6, 33_000)),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      jumpUs: fc.integer({ min: -40_000, max: 40_000 }),
      parsed: fc.boolean(),
    });
    fc.assert(
      fc.property(scenario, ({ track, firstTicks, errors, jumpUs, parsed }) => {
        const reports = errors.map((errorUs, index) => ({ packet: 40 + 60 * index, errorUs }));
        const packets = demux({ ...track, count: 300, firstTicks, reports, jumpUs, parsed });
        const times = run(track.rateHz, packets);
        for (const [index, time] of times.entries()) {
          const trueUs = (index * track.stepTicks * 1e6) / track.rateHz;
          expect(Math.abs(time.ptsUs! - trueUs)).toBeLessThanOrEqual(15);
        }
        const told = times.flatMap(({ report }) => (report === null ? [] : [report]));
        expect(told).toHaveLength(errors.length);
        for (const [index, { ptsUs, wallUs }] of told.entries()) {
          const trueUs = ((40 + 60 * index) * track.stepTicks * 1e6) / track.rateHz;
          expect(Math.abs(ptsUs - trueUs)).toBeLessThanOrEqual(15);
          expect(Math.abs(wallUs - (1.8e15 + trueUs + errors[index]!))).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('goes by the demuxer where a packet has no wall time of its own', () => {
    const packets = demux({
      rateHz: 48_000,
      stepTicks: 1024,
      count: 100,
      firstTicks: 7,
      reports: [{ packet: 10, errorUs: 0 }],
    });
    const sparse = packets.map((packet, index) =>
      index > 20 && index % 4 !== 0 ? { ...packet, wallUs: null } : packet,
    );
    for (const [index, time] of run(48_000, sparse).entries())
      expect(Math.abs(time.ptsUs! - (index * 1024e6) / 48_000)).toBeLessThanOrEqual(2);
  });

  it('shows lost packets as the gap they are', () => {
    const packets = demux({
      rateHz: 90_000,
      stepTicks: 3000,
      count: 200,
      firstTicks: 5,
      reports: [{ packet: 30, errorUs: 0 }],
    });
    const times = run(
      90_000,
      packets.filter((_, index) => index < 100 || index >= 110),
    );
    expect(times[100]!.ptsUs! - times[99]!.ptsUs!).toBeCloseTo((11 * 1e6) / 30, -2);
  });

  it.each([0, 1])(
    'counts evenly from the first packet on where the first report comes with packet %i',
    (packet) => {
      const reports = [{ packet, errorUs: 0 }];
      const packets = demux({ rateHz: 8000, stepTicks: 160, count: 50, firstTicks: 9, reports });
      const times = run(8000, packets);
      for (const [index, { ptsUs }] of times.entries())
        expect(ptsUs! - times[1]!.ptsUs!).toBe((index - 1) * 20_000);
      const told = times.find(({ report }) => report !== null)!.report!;
      expect(told.ptsUs - times[1]!.ptsUs!).toBe((packet - 1) * 20_000);
    },
  );

  it('says nothing of packets without a time', () => {
    const clock = new RtpTrackClock(90_000);
    expect(clock.take({ ptsUs: null, wallUs: null, report: null })).toEqual({ ptsUs: null, report: null });
  });
});

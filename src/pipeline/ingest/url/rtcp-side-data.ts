/** Reads what FFmpeg attaches to RTP packets: the sender's wall clock and its last report. */

import { AV_PKT_DATA_PRFT, AV_PKT_DATA_RTCP_SR } from 'node-av/constants';
import type { Packet } from 'node-av/lib';
import type { RtcpReport } from './rtp-track-clock.ts';

/** Seconds from the NTP era's beginning (1900) to 1970. */
const ntpTo1970 = 2_208_988_800n;

/** Up to what is read of them; recordings bring side data too, as long as their writer made it. */
const [PRFT_BYTES, REPORT_BYTES] = [8, 20];

/** `AVProducerReferenceTime.wallclock`: microseconds since 1970. */
export function packetWallUs(packet: Pick<Packet, 'getSideData'>): number | null {
  const data = packet.getSideData(AV_PKT_DATA_PRFT);
  return data === null || data.length < PRFT_BYTES ? null : Number(data.readBigInt64LE(0));
}

/** `AVRTCPSenderReport`: u32 ssrc (padded to 8), u64 NTP time (32.32), u32 RTP time, counters. */
export function packetReport(packet: Pick<Packet, 'getSideData'>): RtcpReport | null {
  const data = packet.getSideData(AV_PKT_DATA_RTCP_SR);
  if (data === null || data.length < REPORT_BYTES) return null;
  const ntp = data.readBigUInt64LE(8);
  // Rounded down as FFmpeg does, so that both times agree to the microsecond.
  const wallUs = ((ntp >> 32n) - ntpTo1970) * 1_000_000n + (((ntp & 0xffff_ffffn) * 1_000_000n) >> 32n);
  return { rtpTicks: data.readUInt32LE(16), wallUs: Number(wallUs) };
}

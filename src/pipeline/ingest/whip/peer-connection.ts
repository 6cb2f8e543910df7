/** werift's peer connection as a publisher's offer needs it: codecs, sockets, STUN and TURN servers. */

import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  type RTCDtlsTransport,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  useSdesMid,
  useTransportWideCC,
} from 'werift';
import { ANY_ADDRESSES } from './candidates.ts';
import type { PeerOptions } from './messages.ts';
import type { OfferedMedia, WhipOffer } from './offer.ts';

/** Candidates that take longer (an unreachable STUN server) are left out of the answer. */
export const GATHERING_TIMEOUT_MS = 3_000;

/** @param addresses where publishers reach us */
export function openConnection(
  { video, audio }: WhipOffer,
  { iceServers, tcp, portRange }: PeerOptions,
  addresses: readonly string[],
): RTCPeerConnection {
  return new RTCPeerConnection({
    codecs: { video: codecsOf(video), audio: audio === null ? [] : codecsOf(audio) },
    headerExtensions: {
      video: [useSdesMid(), useTransportWideCC()],
      audio: [useSdesMid(), useTransportWideCC()],
    },
    iceServers,
    // One socket (of each IP version, and for TCP) on every address; the answer names the addresses.
    iceAdditionalHostAddresses: anyAddresses(addresses),
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceUseTcp: tcp,
    ...(portRange === null ? {} : { icePortRange: [portRange.min, portRange.max] }),
    iceStunGatherTimeout: (GATHERING_TIMEOUT_MS - 500) / 1000,
    // werift's own password has 88 random bits; RFC 8445 section 5.3 asks for 128.
    icePasswordPrefix: randomBytes(8).toString('hex'),
    bundlePolicy: 'max-bundle',
  });
}

/**
 * What werift's configuration cannot say; to be called before candidates are gathered. It asks a public STUN server
 * when it is told of none, and publishers on one network need no such thing.
 */
export function prepareGathering(
  { iceTransport: { connection } }: RTCDtlsTransport,
  { iceServers }: PeerOptions,
): void {
  const hasStun = iceServers.some(({ urls }) => [urls].flat().some((url) => url.startsWith('stun')));
  if (!hasStun) delete connection.stunServer;
}

/** Of the IP versions that publishers know us by. */
function anyAddresses(addresses: readonly string[]): string[] {
  return ANY_ADDRESSES.filter((any) => addresses.some((own) => isIPv4(own) === isIPv4(any)));
}

/** One section's codecs for werift; retransmission refers to its codec by payload type. */
function codecsOf({ codec }: OfferedMedia): RTCRtpCodecParameters[] {
  const isAudio = codec.name === 'opus';
  const base = { clockRate: codec.clockRateHz, rtcpFeedback: [] };
  const main = new RTCRtpCodecParameters({
    ...base,
    mimeType: isAudio ? 'audio/OPUS' : `video/${codec.name}`,
    payloadType: codec.payloadType,
    ...(isAudio ? { channels: codec.channels } : {}),
  });
  if (codec.rtxPayloadType === null) return [main];
  const rtx = {
    mimeType: 'video/rtx',
    payloadType: codec.rtxPayloadType,
    parameters: `apt=${codec.payloadType}`,
  };
  return [main, new RTCRtpCodecParameters({ ...base, ...rtx })];
}

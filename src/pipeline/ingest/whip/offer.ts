/** Reads a WHIP offer (RFC 9725, RFC 8866): what the publisher would send, or why it cannot be taken. */

import { EarsightError } from '../../errors.ts';
import { isUsableCandidate } from './candidates.ts';
import type { IceCredentials } from './fragment.ts';
import { attributesOf, parseSections, type SdpSection } from './sdp-lines.ts';

/** The one codec of a section that we take. */
export interface OfferedCodec {
  name: 'VP8' | 'H264' | 'opus';
  payloadType: number;
  clockRateHz: number;
  channels: number;
  /** Payload type of its retransmissions (RFC 4588); null when not offered. */
  rtxPayloadType: number | null;
  /** `a=rtcp-fb` values offered for it, e.g. `nack pli`. */
  feedback: readonly string[];
}

/** A media section that will send. */
export interface OfferedMedia {
  /** Place of the section in the offer; the answer keeps the order. */
  index: number;
  mid: string;
  codec: OfferedCodec;
  /** Id of the transport-wide sequence number header extension; null when not offered. */
  transportSequenceId: number | null;
}

/** A checked offer. */
export interface WhipOffer {
  /** What the publisher is known by on the one transport. */
  credentials: IceCredentials;
  /** What the publisher must be in the DTLS handshake; null when it leaves that to us (RFC 8842). */
  dtlsRole: 'client' | 'server' | null;
  session: SdpSection;
  sections: readonly SdpSection[];
  video: OfferedMedia;
  /** Null: the publisher has no microphone. */
  audio: OfferedMedia | null;
}

export const TRANSPORT_SEQUENCE_URI =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

/** Constrained baseline and baseline, main, high: what FFmpeg decodes without surprises. */
const H264_PROFILE_IDCS = new Set([0x42, 0x4d, 0x64]);
/** Far above any browser's offer (about 8 KiB), far below what parsing would notice. */
const MAX_OFFER_CHARS = 65_536;

/**
 * @throws EarsightError `bad-sdp` when it is no WebRTC session description,
 * `unacceptable-sdp` when it is one that we cannot serve; the message names the mend.
 */
export function readOffer(sdp: string): WhipOffer {
  if (sdp.length > MAX_OFFER_CHARS) {
    throw bad(`it has ${sdp.length} characters, more than ${MAX_OFFER_CHARS}`);
  }
  const [session, ...sections] = parseSections(sdp);
  if (session === undefined || !session.lines.some((line) => line.startsWith('o='))) {
    throw bad('it does not begin with v=0 and o=');
  }
  requireOneKind(sections, 'video');
  requireOneKind(sections, 'audio');
  const foreign = sections.find((section) => section.kind !== 'audio' && section.kind !== 'video');
  if (foreign !== undefined) {
    throw unacceptable(
      `It has an m=${foreign.kind} section. Offer one video and at most one audio track only.`,
    );
  }
  const video = readMedia(session, sections, 'video');
  if (video === null) {
    throw unacceptable('It has no video section that sends. Add a camera track, direction sendonly.');
  }
  const audio = readMedia(session, sections, 'audio');
  const sending = [video, audio].filter((media) => media !== null);
  for (const media of sending) requireTransport(session, sections[media.index]!);
  for (const section of sections)
    for (const value of attributesOf(section, 'candidate')) isUsableCandidate(value);
  requireBundle(session, sending);
  requireOneStream(sections);
  return {
    credentials: credentialsOf(session, sections[video.index]!),
    dtlsRole: dtlsRoleOf(session, sections[video.index]!),
    session,
    sections,
    video,
    audio,
  };
}

function readMedia(
  session: SdpSection,
  sections: readonly SdpSection[],
  kind: 'audio' | 'video',
): OfferedMedia | null {
  const index = sections.findIndex((section) => section.kind === kind);
  const section = sections[index];
  if (section === undefined || section.port === 0 || !sends(session, section)) return null;
  const mid = attributesOf(section, 'mid')[0];
  if (mid === undefined) throw bad(`its ${kind} section has no a=mid`);
  const codec = chooseCodec(section);
  if (codec === null) {
    const wanted = kind === 'video' ? 'VP8 or H.264 (baseline, main or high)' : 'Opus';
    throw unacceptable(`Its ${kind} section offers no codec we decode. Offer ${wanted}.`);
  }
  const extension = attributesOf(section, 'extmap').find((value) => value.endsWith(TRANSPORT_SEQUENCE_URI));
  const id = extension === undefined ? Number.NaN : Number.parseInt(extension, 10);
  return { index, mid, codec, transportSequenceId: Number.isNaN(id) ? null : id };
}

/** The first codec, in the publisher's order of preference, that we decode. */
function chooseCodec(section: SdpSection): OfferedCodec | null {
  const formats = readFormats(section);
  for (const format of formats.values()) {
    const name = decodable(section.kind, format);
    if (name === null) continue;
    const rtx = [...formats.values()].find(
      (other) => other.encoding === 'rtx' && other.parameters.get('apt') === String(format.payloadType),
    );
    return {
      name,
      payloadType: format.payloadType,
      clockRateHz: format.clockRateHz,
      channels: format.channels,
      rtxPayloadType: rtx?.payloadType ?? null,
      feedback: feedbackOf(section, format.payloadType),
    };
  }
  return null;
}

interface Format {
  payloadType: number;
  encoding: string;
  clockRateHz: number;
  channels: number;
  parameters: ReadonlyMap<string, string>;
}

/** The formats of a section in the order of its m= line. */
function readFormats(section: SdpSection): Map<number, Format> {
  const formats = new Map<number, Format>();
  const maps = attributesOf(section, 'rtpmap').map((value) =>
    /^(\d+) ([^/]+)\/(\d+)(?:\/(\d+))?$/.exec(value),
  );
  const fmtps = attributesOf(section, 'fmtp').map((value) => /^(\d+) (.*)$/.exec(value));
  for (const payloadType of section.payloadTypes) {
    const map = maps.find((match) => match?.[1] === String(payloadType));
    const fmtp = fmtps.find((match) => match?.[1] === String(payloadType));
    if (map?.[2] === undefined) continue;
    formats.set(payloadType, {
      payloadType,
      encoding: map[2].toLowerCase(),
      clockRateHz: Number(map[3]),
      channels: Number(map[4] ?? 1),
      parameters: readParameters(fmtp?.[2] ?? ''),
    });
  }
  return formats;
}

function readParameters(fmtp: string): Map<string, string> {
  const pairs = fmtp.split(';').map((pair): [string, string] => {
    const [key = '', ...value] = pair.trim().split('=');
    return [key.toLowerCase(), value.join('=')];
  });
  return new Map(pairs);
}

function decodable(kind: string, format: Format): OfferedCodec['name'] | null {
  if (kind === 'audio') {
    return format.encoding === 'opus' && format.clockRateHz === 48_000 && format.channels === 2
      ? 'opus'
      : null;
  }
  if (format.clockRateHz !== 90_000) return null;
  if (format.encoding === 'vp8') return 'VP8';
  if (format.encoding !== 'h264') return null;
  // RFC 6184 section 8.1: baseline when absent. Mode 2 interleaves; mode 0 is a subset of mode 1.
  const profile = Number.parseInt((format.parameters.get('profile-level-id') ?? '42e01f').slice(0, 2), 16);
  return format.parameters.get('packetization-mode') !== '2' && H264_PROFILE_IDCS.has(profile)
    ? 'H264'
    : null;
}

function feedbackOf(section: SdpSection, payloadType: number): string[] {
  return attributesOf(section, 'rtcp-fb').flatMap((value) => {
    const match = /^(\*|\d+) (.+)$/.exec(value);
    return match?.[2] !== undefined && (match[1] === '*' || match[1] === String(payloadType))
      ? [match[2]]
      : [];
  });
}

/** Direction of a section, its own or the session's (RFC 8866 section 6.7; sendrecv when neither says). */
function sends(session: SdpSection, section: SdpSection): boolean {
  for (const { lines } of [section, session]) {
    const direction = lines.find((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line));
    if (direction !== undefined) return direction.startsWith('a=send');
  }
  return true;
}

function requireOneKind(sections: readonly SdpSection[], kind: 'audio' | 'video'): void {
  const count = sections.filter((section) => section.kind === kind).length;
  if (count > 1) {
    throw unacceptable(
      `It has ${count} ${kind} sections. Offer one camera and at most one microphone (RFC 9725, 4.4.2).`,
    );
  }
}

function requireTransport(session: SdpSection, section: SdpSection): void {
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint']) {
    if (attributesOf(section, name).length === 0 && attributesOf(session, name).length === 0) {
      throw bad(`its ${section.kind} section has no a=${name}`);
    }
  }
  if (!section.lines.includes('a=rtcp-mux')) {
    throw unacceptable(`Its ${section.kind} section lacks a=rtcp-mux. Set rtcpMuxPolicy to require.`);
  }
}

/** After {@link requireTransport}. A section's own lines come before the session's (RFC 8839 section 5.4). */
function credentialsOf(session: SdpSection, section: SdpSection): IceCredentials {
  const [ufrag, pwd] = ['ice-ufrag', 'ice-pwd'].map(
    (name) => [...attributesOf(section, name), ...attributesOf(session, name)][0]!,
  );
  return { ufrag: ufrag!, pwd: pwd! };
}

function dtlsRoleOf(session: SdpSection, section: SdpSection): WhipOffer['dtlsRole'] {
  const setup = [...attributesOf(section, 'setup'), ...attributesOf(session, 'setup')][0] ?? 'actpass';
  return setup === 'active' ? 'client' : setup === 'passive' ? 'server' : null;
}

/** RFC 9725 section 4.4.1: everything on one transport. */
function requireBundle(session: SdpSection, sending: readonly OfferedMedia[]): void {
  const group = attributesOf(session, 'group').find((value) => value.startsWith('BUNDLE '));
  const mids = new Set(group?.split(' ').slice(1));
  if (sending.length > 1 && !sending.every((media) => mids.has(media.mid))) {
    throw unacceptable('Its audio and video are not bundled. Set bundlePolicy to max-bundle.');
  }
}

/** RFC 9725 section 4.4.2: one MediaStream. Its id is the first word of each msid (RFC 8830). */
function requireOneStream(sections: readonly SdpSection[]): void {
  const ids = new Set(
    sections.flatMap((section) => attributesOf(section, 'msid')).map((value) => value.split(' ')[0]),
  );
  if (ids.size > 1) {
    throw unacceptable(
      'Its tracks are of several MediaStreams. Add camera and microphone to one and the same.',
    );
  }
}

function bad(why: string): EarsightError {
  return new EarsightError('bad-sdp', `The offer is no WebRTC session description: ${why}.`);
}

function unacceptable(why: string): EarsightError {
  return new EarsightError('unacceptable-sdp', `The offer cannot be served. ${why}`);
}

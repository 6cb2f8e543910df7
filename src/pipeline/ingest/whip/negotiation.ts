/**
 * Narrows an offer to exactly what we take before the peer connection sees it, and completes its answer.
 *
 * werift matches codecs by name alone and echoes the offer's feedback, and its own transport-wide feedback and
 * NACK answers go wrong under loss (lost packets reported as received; silent after a loss at a sequence wrap).
 * So it is shown one codec per section and no feedback; ours is written into the answer here.
 */

import { advertise, isUsableCandidate } from './candidates.ts';
import { type OfferedCodec, type OfferedMedia, TRANSPORT_SEQUENCE_URI, type WhipOffer } from './offer.ts';
import { attributesOf, joinSections, parseSections, type SdpSection } from './sdp-lines.ts';

/** Feedback we send (RFC 4585, transport-wide congestion control), where the offer has it. */
const OUR_FEEDBACK = ['nack', 'nack pli', 'transport-cc'];
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/**
 * Chromium's estimate starts at 300 kbit/s and, on a first-frame burst, sticks there for long (docs/decisions.md);
 * the start value skips the ramp, the least value keeps a picture that the model can use.
 */
const GOOGLE_BITRATES = 'x-google-start-bitrate=2000;x-google-min-bitrate=300';
/**
 * Attributes that describe payload types we did not choose, or simulcast layers. Nor is it taken for the end of the
 * candidates when the publisher says so: its checks may still come from where it does not know itself to be.
 */
const DROPPED = /^a=(rtcp-fb|simulcast|rid|ssrc-group:SIM|extmap-allow-mixed|end-of-candidates)/;

const CANDIDATE = 'a=candidate:';

/** The offer for the peer connection: one codec (and its retransmission) a section, no feedback. */
export function narrowOffer(offer: WhipOffer): string {
  const chosen = new Map(
    [offer.video, ...(offer.audio === null ? [] : [offer.audio])].map((m) => [m.index, m]),
  );
  return joinSections([
    offer.session,
    ...offer.sections.map((section, index) => narrowSection(section, chosen.get(index))),
  ]);
}

/**
 * The answer for the publisher: our feedback and bit rates added, and where we are reached.
 * @param addresses of this machine as publishers know it, the one to try first in front
 */
export function completeAnswer(answerSdp: string, offer: WhipOffer, addresses: readonly string[]): string {
  const [session, ...sections] = parseSections(answerSdp);
  const completed = sections.map((section, index) =>
    completeTransport(
      index === offer.video.index ? completeVideo(section, offer.video.codec) : withoutSources(section),
      addresses,
    ),
  );
  return joinSections([session!, ...completed]);
}

function narrowSection(section: SdpSection, media: OfferedMedia | undefined): SdpSection {
  const kept = new Set(media === undefined ? [] : payloadTypesOf(media.codec));
  const lines = section.lines.filter((line) => {
    if (line.startsWith('m=') || DROPPED.test(line)) return false;
    if (line.startsWith('a=extmap')) return line.endsWith(MID_URI) || line.endsWith(TRANSPORT_SEQUENCE_URI);
    if (line.startsWith(CANDIDATE)) return isUsableCandidate(line.slice(CANDIDATE.length));
    const payloadType = /^a=(?:rtpmap|fmtp):(\d+) /.exec(line)?.[1];
    return payloadType === undefined || media === undefined || kept.has(Number(payloadType));
  });
  const mediaLine = section.lines[0]!;
  const narrowed =
    media === undefined ? mediaLine : `${mediaLine.split(' ').slice(0, 3).join(' ')} ${[...kept].join(' ')}`;
  return { ...section, lines: [narrowed, ...lines] };
}

function completeVideo(section: SdpSection, codec: OfferedCodec): SdpSection {
  const type = codec.payloadType;
  const offered = new Set(codec.feedback);
  const hadParameters = attributesOf(section, 'fmtp').some((value) => value.startsWith(`${type} `));
  const lines = withoutSources(section).lines.flatMap((line) => {
    if (line.startsWith(`a=rtpmap:${type} `)) {
      const feedback = OUR_FEEDBACK.filter((value) => offered.has(value)).map(
        (value) => `a=rtcp-fb:${type} ${value}`,
      );
      return [line, ...feedback, ...(hadParameters ? [] : [`a=fmtp:${type} ${GOOGLE_BITRATES}`])];
    }
    return line.startsWith(`a=fmtp:${type} `) ? [`${raiseLevel(line)};${GOOGLE_BITRATES}`] : [line];
  });
  return { ...section, lines };
}

/** RFC 9725 section 4.4.1: RTCP has no transport of its own, nor could have (RFC 8858). */
function completeTransport(section: SdpSection, addresses: readonly string[]): SdpSection {
  const lines = section.lines.flatMap((line) => {
    if (line === 'a=rtcp-mux') return [line, 'a=rtcp-mux-only'];
    if (!line.startsWith(CANDIDATE)) return [line];
    return advertise([line.slice(CANDIDATE.length)], addresses).map((value) => CANDIDATE + value);
  });
  return { ...section, lines };
}

/** We send nothing, and libwebrtc refuses werift's two source lines as two tracks. */
function withoutSources(section: SdpSection): SdpSection {
  return { ...section, lines: section.lines.filter((line) => !/^a=ssrc(-group)?:/.test(line)) };
}

/** We decode any level: where the offer allows asymmetry, say 5.2 instead of echoing a sender's 3.1 (RFC 6184 8.2.2). */
function raiseLevel(fmtp: string): string {
  if (!fmtp.includes('level-asymmetry-allowed=1')) return fmtp;
  return fmtp.replace(/(?<=profile-level-id=[0-9a-f]{4})[0-9a-f]{2}/i, '34');
}

function payloadTypesOf(codec: OfferedCodec): number[] {
  return codec.rtxPayloadType === null ? [codec.payloadType] : [codec.payloadType, codec.rtxPayloadType];
}

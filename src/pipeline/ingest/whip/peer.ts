/** One WebRTC publisher's connection: answers its offer, sorts its packets to the tracks, asks for what is missing. */

import { randomBytes } from 'node:crypto';
import {
  type RTCDtlsTransport,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RtcpPacket,
  RtcpSrPacket,
  type RtpPacket,
  unwrapRtx,
  useSdesMid,
  useTransportWideCC,
} from 'werift';
import { EarsightError, messageOf } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { Announcement } from './announcement.ts';
import { AudioTrack } from './audio-track.ts';
import { readFragment } from './fragment.ts';
import type { PeerOptions, PeerSink } from './messages.ts';
import { completeAnswer, narrowOffer } from './negotiation.ts';
import { type OfferedMedia, readOffer, type WhipOffer } from './offer.ts';
import { PeerFeedback } from './peer-feedback.ts';
import { ntpToUnixUs } from './rtp-clock.ts';
import { type TrackPacket, VideoTrack } from './video-track.ts';

/** How often gaps, requests and the watchdog are looked at. */
const TICK_MS = 10;
/** No packet for this long and ICE says the path is down: the publisher is lost. */
const SILENT_AND_DISCONNECTED_US = 5_000_000;
/** No packet for this long, whatever ICE says; a publisher that never connects is cut off by it too. */
const SILENT_US = 15_000_000;
/** A track's packets may change their SSRC only after the old one was silent this long (simulcast would flap). */
const SSRC_TAKEOVER_US = 1_000_000;
/** Candidates that take longer (an unreachable STUN server) are left out of the answer. */
const GATHERING_TIMEOUT_MS = 3_000;

interface TrackState<T> {
  media: OfferedMedia;
  track: T;
  ssrc: number | null;
  lastPacketUs: number;
}

/**
 * Packets are sorted by payload type, which is unique in a bundle of one audio and one video codec
 * (RFC 8843 section 9.2), so neither SSRC lines nor MID extensions are needed. werift does ICE, DTLS, SRTP and
 * receiver reports; loss and bandwidth are answered here (see negotiation.ts for why).
 */
export class Peer {
  readonly #connection: RTCPeerConnection;
  readonly #offer: WhipOffer;
  readonly #options: PeerOptions;
  readonly #sink: PeerSink;
  readonly #clock: Clock;
  readonly #feedback: PeerFeedback;
  #announcement: Announcement;
  #video: TrackState<VideoTrack>;
  #audio: TrackState<AudioTrack> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastPacketUs: number;
  #closing: Promise<void> | null = null;
  #ended = false;

  /** @throws EarsightError `bad-sdp`, `unacceptable-sdp` */
  constructor(offerSdp: string, options: PeerOptions, sink: PeerSink, clock: Clock) {
    this.#offer = readOffer(offerSdp);
    this.#options = options;
    this.#sink = sink;
    this.#clock = clock;
    this.#lastPacketUs = clock.monotonicUs();
    this.#connection = new RTCPeerConnection({
      codecs: {
        video: codecsOf(this.#offer.video),
        audio: this.#offer.audio === null ? [] : codecsOf(this.#offer.audio),
      },
      headerExtensions: {
        video: [useSdesMid(), useTransportWideCC()],
        audio: [useSdesMid(), useTransportWideCC()],
      },
      iceServers: options.iceServers,
      iceAdditionalHostAddresses: options.hostAddresses,
      ...(options.portRange === null ? {} : { icePortRange: [options.portRange.min, options.portRange.max] }),
      // werift's own password has 88 random bits; RFC 8445 section 5.3 asks for 128.
      icePasswordPrefix: randomBytes(8).toString('hex'),
      bundlePolicy: 'max-bundle',
    });
    this.#feedback = new PeerFeedback(this.#offer.video, randomBytes(4).readUInt32BE(), (packet) => {
      // A path that went down between two packets is the watchdog's business.
      void this.#connection.dtlsTransports[0]?.sendRtcp([packet]).catch(() => undefined);
    });
    this.#announcement = new Announcement(this.#offer.video, this.#offer.audio, sink);
    this.#video = this.#openVideo();
    this.#audio = this.#openAudio();
  }

  /** The complete answer, all our candidates in it. @throws EarsightError `bad-sdp` when werift cannot take the offer. */
  async answer(): Promise<string> {
    try {
      await this.#connection.setRemoteDescription({ type: 'offer', sdp: narrowOffer(this.#offer) });
    } catch (error) {
      throw new EarsightError('bad-sdp', `The offer cannot be used: ${messageOf(error)}.`, { cause: error });
    }
    const transport = this.#connection.dtlsTransports[0];
    if (transport === undefined) throw new EarsightError('bad-sdp', 'The offer opens no transport.');
    this.#listen(transport);
    for (const transceiver of this.#connection.getTransceivers()) transceiver.setDirection('recvonly');
    await within(
      this.#connection.setLocalDescription(await this.#connection.createAnswer()),
      GATHERING_TIMEOUT_MS,
    );
    const { localDescription } = this.#connection;
    if (localDescription === null) throw new EarsightError('internal', 'No answer could be made; try again.');
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    return completeAnswer(localDescription.sdp, this.#offer);
  }

  /**
   * Adds the candidates of a trickle-ice-sdpfrag (RFC 8840).
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp` for a fragment of another ICE session
   */
  async addCandidates(fragment: string): Promise<void> {
    for (const { mid, candidate } of readFragment(fragment, this.#offer)) {
      await this.#connection.addIceCandidate({ candidate, sdpMid: mid });
    }
  }

  /** Idempotent. Afterwards the sink hears nothing more. */
  close(): Promise<void> {
    this.#ended = true;
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #release(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#connection.close();
    this.#video.track.close();
    this.#audio?.track.close();
  }

  #listen(transport: RTCDtlsTransport): void {
    transport.onRtp.subscribe((packet) => this.#onRtp(packet));
    transport.onRtcp.subscribe((packet) => this.#onRtcp(packet));
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#onConnected();
      else if (state === 'closed') this.#end('publisher-left', 'The publisher closed the connection.');
      else if (state === 'failed') this.#end('publisher-lost', 'The encrypted connection failed.');
    });
  }

  #onConnected(): void {
    if (!this.#ended) this.#sink.event({ type: 'connected' });
  }

  #onRtp(packet: RtpPacket): void {
    if (this.#ended) return;
    const nowUs = this.#clock.monotonicUs();
    this.#lastPacketUs = nowUs;
    this.#feedback.arrived(packet, nowUs);
    const { payloadType, ssrc } = packet.header;
    const video = this.#video.media.codec;
    if (payloadType === video.payloadType) {
      if (this.#owns(this.#video, ssrc, nowUs)) this.#video.track.push(trackPacket(packet), nowUs);
    } else if (payloadType === video.rtxPayloadType) {
      // Shorter ones are padding that probes the bandwidth (RFC 4588 section 4: the original sequence comes first).
      if (packet.payload.length < 2 || this.#video.ssrc === null) return;
      this.#video.track.push(trackPacket(unwrapRtx(packet, video.payloadType, this.#video.ssrc)), nowUs);
    } else if (this.#audio !== null && payloadType === this.#audio.media.codec.payloadType) {
      if (this.#owns(this.#audio, ssrc, nowUs)) this.#audio.track.push(trackPacket(packet), nowUs);
    }
  }

  /** Whether packets of `ssrc` are the track's. A new SSRC takes over when the old one fell silent, on new clocks. */
  #owns(state: TrackState<unknown>, ssrc: number, nowUs: number): boolean {
    if (state.ssrc !== ssrc) {
      if (state.ssrc !== null) {
        if (nowUs - state.lastPacketUs < SSRC_TAKEOVER_US) return false;
        this.#sink.event({ type: 'restarted' });
        this.#reopenTracks();
        return false;
      }
      state.ssrc = ssrc;
    }
    state.lastPacketUs = nowUs;
    return true;
  }

  #reopenTracks(): void {
    this.#video.track.close();
    this.#audio?.track.close();
    this.#announcement = new Announcement(this.#offer.video, this.#offer.audio, this.#sink);
    this.#video = this.#openVideo();
    this.#audio = this.#openAudio();
  }

  #onRtcp(packet: RtcpPacket): void {
    if (this.#ended || !(packet instanceof RtcpSrPacket)) return;
    const kind =
      packet.ssrc === this.#video.ssrc ? 'video' : packet.ssrc === this.#audio?.ssrc ? 'audio' : null;
    if (kind === null) return;
    const track = kind === 'video' ? this.#video.track : this.#audio?.track;
    const ptsUs = track?.ptsUsOf(packet.senderInfo.rtpTimestamp) ?? null;
    if (ptsUs === null) return;
    this.#sink.report({
      track: kind,
      ptsUs,
      senderWallUs: ntpToUnixUs(packet.senderInfo.ntpTimestamp),
      arrivalUs: this.#clock.monotonicUs(),
    });
  }

  #tick(): void {
    if (this.#ended) return;
    const nowUs = this.#clock.monotonicUs();
    this.#video.track.tick(nowUs);
    this.#audio?.track.tick(nowUs);
    if (this.#video.ssrc !== null) this.#feedback.tick(this.#video.ssrc, nowUs);
    const silentUs = nowUs - this.#lastPacketUs;
    const disconnected = ['disconnected', 'failed', 'closed'].includes(this.#connection.iceConnectionState);
    if (silentUs > SILENT_US || (silentUs > SILENT_AND_DISCONNECTED_US && disconnected)) {
      this.#end('publisher-lost', `No packet for ${Math.round(silentUs / 1e6)} s.`);
    }
  }

  #end(reason: 'publisher-left' | 'publisher-lost', detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.event({ type: 'ended', reason, detail });
  }

  #openVideo(): TrackState<VideoTrack> {
    const media = this.#offer.video;
    const track = new VideoTrack({
      codec: media.codec.name === 'H264' ? 'H264' : 'VP8',
      maxRateHz: this.#options.maxRateHz,
      box: this.#options.box,
      clock: this.#clock,
      sink: this.#sink,
      onSize: (size) => this.#announcement.size(size),
      requestPackets: (lost) => this.#feedback.requestPackets(this.#video.ssrc!, lost),
      requestKeyFrame: () => this.#feedback.requestKeyFrame(this.#video.ssrc!),
    });
    return { media, track, ssrc: null, lastPacketUs: 0 };
  }

  #openAudio(): TrackState<AudioTrack> | null {
    const media = this.#offer.audio;
    if (media === null) return null;
    const track = new AudioTrack({
      rateHz: this.#options.audioRateHz,
      onChunk: (chunk) => this.#announcement.audio(chunk),
      onDrop: (reason, count) => this.#sink.drop('audio', reason, count),
    });
    return { media, track, ssrc: null, lastPacketUs: 0 };
  }
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

function trackPacket({ header, payload }: RtpPacket): TrackPacket {
  const { sequenceNumber: sequence, timestamp, marker } = header;
  return { sequence, timestamp, marker, payload };
}

async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

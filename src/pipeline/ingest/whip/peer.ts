/** One WebRTC publisher's connection: answers its offer, sorts its packets to the tracks, asks for what is missing. */

import { randomBytes } from 'node:crypto';
import {
  type RTCDtlsTransport,
  type RTCPeerConnection,
  type RtcpPacket,
  RtcpSrPacket,
  type RtpPacket,
  unwrapRtx,
} from 'werift';
import { EarsightError, messageOf } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { Announcement } from './announcement.ts';
import { AudioTrack } from './audio-track.ts';
import { sayGoodbye } from './dtls-goodbye.ts';
import { IcePath } from './ice-path.ts';
import type { IceUpdate, PeerOptions, PeerSink } from './messages.ts';
import { completeAnswer, narrowOffer } from './negotiation.ts';
import { type OfferedMedia, readOffer, type WhipOffer } from './offer.ts';
import { ownAddresses } from './own-addresses.ts';
import { GATHERING_TIMEOUT_MS, openConnection, prepareGathering } from './peer-connection.ts';
import { PeerFeedback } from './peer-feedback.ts';
import { ntpToUnixUs } from './rtp-clock.ts';
import { attributesOf } from './sdp-lines.ts';
import { type TrackPacket, VideoTrack } from './video-track.ts';
import { within } from './within.ts';

/** How often gaps, requests and the watchdog are looked at. */
const TICK_MS = 10;
/** No packet for this long and ICE says the path is down: the publisher is lost. */
const SILENT_AND_DISCONNECTED_US = 5_000_000;
/** No packet for this long, whatever ICE says. */
const SILENT_US = 15_000_000;
/** Before the first connection: libwebrtc gives its checks up after 15 s, and may start them over then. */
const CONNECTING_US = 30_000_000;
/** A track's packets may change their SSRC only after the old one was silent this long (simulcast would flap). */
const SSRC_TAKEOVER_US = 1_000_000;

interface TrackState<T> {
  media: OfferedMedia;
  track: T;
  ssrc: number | null;
  lastPacketUs: number;
}

/**
 * Packets are sorted by payload type, which is unique in a bundle of one audio and one video codec
 * (RFC 9143 section 9.2), so neither SSRC lines nor MID extensions are needed. werift does ICE, DTLS, SRTP and
 * receiver reports; loss and bandwidth are answered here (see negotiation.ts for why).
 */
export class Peer {
  readonly #connection: RTCPeerConnection;
  readonly #offer: WhipOffer;
  readonly #options: PeerOptions;
  readonly #sink: PeerSink;
  readonly #clock: Clock;
  /** Where publishers reach us. */
  readonly #addresses: readonly string[];
  readonly #feedback: PeerFeedback;
  #announcement: Announcement;
  #video: TrackState<VideoTrack>;
  #audio: TrackState<AudioTrack> | null = null;
  #path: IcePath | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isConnected = false;
  #lastPacketUs: number;
  #closing: Promise<void> | null = null;
  #ended = false;

  /** @throws EarsightError `bad-sdp`, `unacceptable-sdp` */
  constructor(offerSdp: string, options: PeerOptions, sink: PeerSink, clock: Clock) {
    this.#offer = readOffer(offerSdp);
    this.#options = options;
    this.#sink = sink;
    this.#clock = clock;
    this.#addresses = ownAddresses(options.hostAddresses);
    this.#lastPacketUs = clock.monotonicUs();
    this.#connection = openConnection(this.#offer, options, this.#addresses);
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
    prepareGathering(transport, this.#options);
    for (const transceiver of this.#connection.getTransceivers()) transceiver.setDirection('recvonly');
    // werift would be the client always; one that can only be the client needs a server (RFC 9725 section 4.4.4).
    if (this.#offer.dtlsRole === 'client') transport.role = 'server';
    await within(
      this.#connection.setLocalDescription(await this.#connection.createAnswer()),
      GATHERING_TIMEOUT_MS,
    );
    const { localDescription } = this.#connection;
    if (localDescription === null) throw new EarsightError('internal', 'No answer could be made; try again.');
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const answerSdp = completeAnswer(localDescription.sdp, this.#offer, this.#addresses);
    this.#path = new IcePath({
      transport,
      remote: this.#offer.credentials,
      mids: this.#offer.sections.flatMap((section) => attributesOf(section, 'mid')),
      answerSdp,
      addresses: this.#addresses,
      gatheringTimeoutMs: GATHERING_TIMEOUT_MS,
    });
    return answerSdp;
  }

  /** After {@link answer}. Takes a trickle-ice-sdpfrag; see {@link IcePath.update}. */
  async update(fragment: string, anySession: boolean): Promise<IceUpdate> {
    if (this.#path === null)
      throw new EarsightError('internal', 'A fragment came before the answer was made.');
    return this.#path.update(fragment, anySession, this.#clock.monotonicUs());
  }

  /** Idempotent. Afterwards the sink hears nothing more. */
  close(): Promise<void> {
    this.#ended = true;
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #release(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    const [transport] = this.#connection.dtlsTransports;
    if (transport !== undefined) await sayGoodbye(transport);
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
    this.#isConnected = true;
    this.#lastPacketUs = this.#clock.monotonicUs();
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
    if (this.#path?.hasExpired(nowUs) === true) {
      this.#end('publisher-lost', 'The publisher answered no connectivity check for 30 s.');
      return;
    }
    const silentUs = nowUs - Math.max(this.#lastPacketUs, this.#path?.restartedUs ?? 0);
    const limitUs = this.#isConnected ? SILENT_US : CONNECTING_US;
    const isDown = this.#path?.isDown === true;
    if (silentUs > limitUs || (silentUs > SILENT_AND_DISCONNECTED_US && isDown)) {
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
      onLost: (count) => this.#sink.drop('packet', 'audio-lost', count),
    });
    return { media, track, ssrc: null, lastPacketUs: 0 };
  }
}

function trackPacket({ header, payload }: RtpPacket): TrackPacket {
  const { sequenceNumber: sequence, timestamp, marker } = header;
  return { sequence, timestamp, marker, payload };
}

/** A WebRTC publisher (werift) that lies as told: about its clocks, its sender reports, its sound and its pictures. */

import {
  H264Packetizer,
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RTCRtpSender,
  RtcpSrPacket,
  RtpHeader,
  RtpPacket,
  Vp8Packetizer,
} from 'werift';
import { encodePictures, encodeTone, OPUS_TICKS, type Size } from './encoded-media.ts';

const FRAME_RATE_HZ = 10;
const VIDEO_TICKS = 90_000 / FRAME_RATE_HZ;
const AUDIO_INTERVAL_MS = 20;
/** Frames of one circle of pictures; a key frame comes once in it. */
const CIRCLE = 10;
const TONE = encodeTone(50);

export interface ScriptedPublisherOptions {
  codec?: 'VP8' | 'H264';
  size?: Size;
  /** Whether pictures are white; default: a pattern that moves. */
  isWhite?: boolean;
  /** RTP timestamps of the first packets. */
  firstTimestamps?: { video: number; audio: number };
}

/** How far off the sender reports of each track are, in milliseconds; null: none are sent. */
export interface ReportErrors {
  video: number | null;
  audio: number | null;
}

export class ScriptedPublisher {
  /** May be changed at any time. */
  reports: ReportErrors = { video: 0, audio: 0 };
  /** Whether packets of sound are sent; its clock goes on while not. May be changed at any time. */
  sound = true;
  readonly #codec: 'VP8' | 'H264';
  readonly #connection: RTCPeerConnection;
  readonly #video: Outlet;
  readonly #audio: Outlet;
  readonly #packetizer: Vp8Packetizer | H264Packetizer;
  #pictures: Buffer[];
  #timer: NodeJS.Timeout | null = null;
  #framesSent = 0;
  #chunksSent = 0;

  constructor({
    codec = 'VP8',
    size = { width: 160, height: 120 },
    isWhite = false,
    firstTimestamps = { video: 1_000_000, audio: 2_000_000 },
  }: ScriptedPublisherOptions = {}) {
    this.#codec = codec;
    this.#pictures = encodePictures(codec, size, CIRCLE, isWhite);
    this.#packetizer = codec === 'VP8' ? new Vp8Packetizer() : new H264Packetizer();
    this.#connection = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      codecs: { video: [videoCodec(codec)], audio: [OPUS] },
    });
    this.#video = new Outlet(this.#connection, 'video', 90_000, firstTimestamps.video);
    this.#audio = new Outlet(this.#connection, 'audio', 48_000, firstTimestamps.audio);
  }

  /** A complete offer. */
  async offer(): Promise<string> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    return this.#connection.localDescription!.sdp;
  }

  /** Sending begins when the connection is up. */
  async answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
    while (this.#connection.connectionState !== 'connected') {
      if (this.#connection.connectionState === 'closed') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const beganMs = performance.now();
    this.#video.correctReports(Date.now(), () => this.reports.video);
    this.#audio.correctReports(Date.now(), () => this.reports.audio);
    this.#timer = setInterval(() => this.#send(performance.now() - beganMs), 10);
  }

  /** Pictures of another size, from the next circle on. */
  resize(size: Size): void {
    this.#pictures = encodePictures(this.#codec, size, CIRCLE);
    this.#framesSent += CIRCLE - (this.#framesSent % CIRCLE);
  }

  /** Falls silent, without a goodbye. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#connection.close();
  }

  /** All that is due at a time since the beginning. */
  #send(elapsedMs: number): void {
    while ((this.#framesSent * 1000) / FRAME_RATE_HZ <= elapsedMs) {
      const picture = this.#pictures[this.#framesSent % CIRCLE]!;
      const packets = this.#packetizer.packetize(picture, 0);
      this.#video.send(
        this.#framesSent * VIDEO_TICKS,
        packets.map(({ payload }) => payload),
      );
      this.#framesSent++;
    }
    while (this.#chunksSent * AUDIO_INTERVAL_MS <= elapsedMs) {
      const chunk = TONE[this.#chunksSent % TONE.length]!;
      if (this.sound) this.#audio.send(this.#chunksSent * OPUS_TICKS, [chunk]);
      this.#chunksSent++;
    }
  }
}

/** One track on its way out. */
class Outlet {
  readonly #track: MediaStreamTrack;
  readonly #sender: RTCRtpSender;
  readonly #clockRateHz: number;
  readonly #firstTimestamp: number;
  /** Near its wrap. */
  #sequence = 65_500;

  constructor(
    connection: RTCPeerConnection,
    kind: 'audio' | 'video',
    clockRateHz: number,
    firstTimestamp: number,
  ) {
    this.#clockRateHz = clockRateHz;
    this.#track = new MediaStreamTrack({ kind, streamId: 'scripted' });
    this.#sender = connection.addTransceiver(this.#track, { direction: 'sendonly' }).sender;
    this.#firstTimestamp = firstTimestamp;
  }

  /** The packets of one frame, `ticks` of the track's clock after the first. */
  send(ticks: number, payloads: readonly Buffer[]): void {
    const timestamp = (this.#firstTimestamp + ticks) % 2 ** 32;
    payloads.forEach((payload, i) => {
      const sequenceNumber = this.#sequence++ & 0xffff;
      const header = new RtpHeader({ sequenceNumber, timestamp, marker: i === payloads.length - 1 });
      this.#track.writeRtp(new RtpPacket(header, payload));
    });
  }

  /**
   * From now on its sender reports are exact (werift's name the time of sending, however late a timer was), but for
   * what `errorMs` says.
   * @param firstWallMs when the first packet was captured
   */
  correctReports(firstWallMs: number, errorMs: () => number | null): void {
    const { dtlsTransport, ssrc } = this.#sender;
    const send = dtlsTransport.sendRtcp.bind(dtlsTransport);
    dtlsTransport.sendRtcp = async (packets) => {
      const [report] = packets;
      if (!(report instanceof RtcpSrPacket) || report.ssrc !== ssrc) return send(packets);
      const error = errorMs();
      if (error === null) return 0;
      const ticks = (report.senderInfo.rtpTimestamp - this.#firstTimestamp + 2 ** 32) % 2 ** 32;
      report.senderInfo.ntpTimestamp = ntpOf(firstWallMs + error + (ticks * 1000) / this.#clockRateHz);
      return send(packets);
    };
  }
}

/** RFC 3550 section 4: seconds since 1900, in 32.32 bits. */
function ntpOf(wallMs: number): bigint {
  const seconds = Math.floor(wallMs / 1000);
  const fraction = Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 32);
  return (BigInt(seconds + 2_208_988_800) << 32n) | BigInt(fraction);
}

const OPUS = new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 });

function videoCodec(codec: 'VP8' | 'H264'): RTCRtpCodecParameters {
  return new RTCRtpCodecParameters({
    mimeType: `video/${codec}`,
    clockRate: 90_000,
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
    ...(codec === 'H264'
      ? { parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1' }
      : {}),
  });
}

/** What a peer asks of its publisher by RTCP: lost packets, key frames, and a fitting bit rate. */

import {
  GenericNack,
  PictureLossIndication,
  type RtcpPacket,
  RtcpPayloadSpecificFeedback,
  RtcpTransportLayerFeedback,
  type RtpPacket,
} from 'werift';
import type { OfferedMedia } from './offer.ts';
import { TransportFeedback } from './transport-feedback.ts';

/** Between two transport-wide reports: libwebrtc's own receivers send one every 50 to 100 ms. */
const REPORT_INTERVAL_US = 60_000;
const TRANSPORT_FEEDBACK = 205;
const TRANSPORT_WIDE_FORMAT = 15;

/** Sends only what the offer negotiated. */
export class PeerFeedback {
  readonly #video: OfferedMedia;
  readonly #senderSsrc: number;
  readonly #send: (packet: RtcpPacket) => void;
  readonly #arrivals = new TransportFeedback();
  #lastReportUs = 0;

  /** @param senderSsrc - our own; any will do */
  constructor(video: OfferedMedia, senderSsrc: number, send: (packet: RtcpPacket) => void) {
    this.#video = video;
    this.#senderSsrc = senderSsrc;
    this.#send = send;
  }

  requestPackets(mediaSourceSsrc: number, lost: number[]): void {
    if (!this.#negotiated('nack')) return;
    const feedback = new GenericNack({ senderSsrc: this.#senderSsrc, mediaSourceSsrc, lost });
    this.#send(new RtcpTransportLayerFeedback({ feedback }));
  }

  requestKeyFrame(mediaSsrc: number): void {
    if (!this.#negotiated('nack pli')) return;
    const feedback = new PictureLossIndication({ senderSsrc: this.#senderSsrc, mediaSsrc });
    this.#send(new RtcpPayloadSpecificFeedback({ feedback }));
  }

  /** Notes a packet of either track. */
  arrived(packet: RtpPacket, nowUs: number): void {
    const extension = packet.header.extensions.find(({ id }) => id === this.#video.transportSequenceId);
    if (extension !== undefined && extension.payload.length >= 2) {
      this.#arrivals.record(extension.payload.readUInt16BE(0), nowUs);
    }
  }

  /** Reports arrivals when it is time. */
  tick(mediaSsrc: number, nowUs: number): void {
    if (nowUs - this.#lastReportUs < REPORT_INTERVAL_US || !this.#negotiated('transport-cc')) return;
    this.#lastReportUs = nowUs;
    const body = this.#arrivals.take();
    if (body === null) return;
    const packet = transportFeedbackPacket(this.#senderSsrc, mediaSsrc, body);
    // werift only serializes what it sends; its own class for this packet cannot say that one was lost.
    this.#send({ serialize: () => packet } as RtcpPacket);
  }

  #negotiated(feedback: string): boolean {
    return this.#video.codec.feedback.includes(feedback);
  }
}

/**
 * RFC 4585 section 6.1, padded to 32 bits: by one to three bytes, as libwebrtc does, though RFC 3550 section 6.4.1 has
 * the count a multiple of four.
 */
function transportFeedbackPacket(senderSsrc: number, mediaSsrc: number, body: Buffer): Buffer {
  const padding = (4 - (body.length % 4)) % 4;
  const packet = Buffer.alloc(12 + body.length + padding);
  packet.writeUInt8(0x80 | (padding > 0 ? 0x20 : 0) | TRANSPORT_WIDE_FORMAT, 0);
  packet.writeUInt8(TRANSPORT_FEEDBACK, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  body.copy(packet, 12);
  if (padding > 0) packet.writeUInt8(padding, packet.length - 1);
  return packet;
}

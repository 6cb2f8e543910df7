/** A UDP relay on 127.0.0.1 between a publisher and the server that loses and holds back what the test wants lost or late. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Decides about one packet on its way to the server. */
type Lose = (packet: Buffer) => boolean;

/**
 * RTP and RTCP begin with version 2 (RFC 7983 section 7); STUN and DTLS must pass or nothing connects. RTCP types are
 * 192 to 223 (RFC 5761 section 4).
 */
export function isRtp(packet: Buffer): boolean {
  const second = packet[1]! & 0x7f;
  return packet.length > 12 && packet[0]! >> 6 === 2 && !(second >= 64 && second <= 95);
}

export class LossyRelay {
  /** Of RTP; replace it at any time. */
  lose: Lose = () => false;
  /** How long an RTP packet is held, in milliseconds, so that later ones overtake it. Replace it at any time. */
  hold: (packet: Buffer) => number = () => 0;
  /** Of everything else, which must mostly pass or nothing connects. */
  block: Lose = () => false;
  /** Sees what the server sends. */
  watch: (packet: Buffer) => void = () => undefined;
  lost = 0;
  held = 0;
  readonly #front = createSocket('udp4');
  readonly #back: Socket = createSocket('udp4');
  #publisherPort = 0;
  #isClosed = false;

  /** Listens, and rewrites `answerSdp` so that the publisher knows no other way than the relay. */
  async divert(answerSdp: string): Promise<string> {
    const serverPort = Number(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /m.exec(answerSdp)?.[1]);
    this.#front.on('message', (packet, { port }) => {
      this.#publisherPort = port;
      if (isRtp(packet) ? this.lose(packet) : this.block(packet)) this.lost++;
      else this.#pass(packet, serverPort, isRtp(packet) ? this.hold(packet) : 0);
    });
    this.#back.on('message', (packet) => {
      this.watch(packet);
      this.#front.send(packet, this.#publisherPort, '127.0.0.1');
    });
    this.#front.bind(0, '127.0.0.1');
    this.#back.bind(0, '127.0.0.1');
    await Promise.all([once(this.#front, 'listening'), once(this.#back, 'listening')]);
    return answerSdp.replace(
      /^a=candidate:\S+ 1 udp (\d+) (\S+) (\d+) .*\r\n/gm,
      (_, priority: string, host: string) =>
        host === '127.0.0.1'
          ? `a=candidate:1 1 udp ${priority} 127.0.0.1 ${this.#front.address().port} typ host\r\n`
          : '',
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#front.close();
    this.#back.close();
  }

  #pass(packet: Buffer, serverPort: number, holdMs: number): void {
    if (holdMs === 0) {
      this.#back.send(packet, serverPort, '127.0.0.1');
      return;
    }
    this.held++;
    setTimeout(() => {
      if (!this.#isClosed) this.#back.send(packet, serverPort, '127.0.0.1');
    }, holdMs);
  }
}

/** The offer without the publisher's own addresses, so that the server must wait for it to call. */
export function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=candidate:.*\r\n/gm, '');
}

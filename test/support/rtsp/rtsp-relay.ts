/** A network, and a camera's clock, that fail as the test wants: stands between an RTSP camera and its viewer. */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { listen } from '../listen.ts';

type Track = 'video' | 'audio';
const TRACKS: readonly Track[] = ['video', 'audio'];
const TICKS_PER_S: Readonly<Record<Track, number>> = { video: 90_000, audio: 8000 };
const SENDER_REPORT = 200;
const RTP_HEADER_BYTES = 12;
/** The header of an H.265 slice (RFC 7798 section 1.1.4), which is a slice without its neighbours in H.264. */
const H265_SLICE = 0x0201;
const HEADER_END = '\r\n\r\n';

/** What is wrong; replace any of it at any time. */
export interface RelayFaults {
  /** Sender reports do not come through. */
  withoutReports: boolean;
  /** Added to the wall clock of the sender reports of a track, in seconds. */
  reportsOffS: Record<Track, number>;
  /** Added to the media clock, i.e. the RTP timestamps, of a track, in seconds. */
  clockOffS: Record<Track, number>;
  /** The pictures are H.265 all of a sudden, though the session was made for H.264. */
  otherCodec: boolean;
  /** Parts, 0 to 1, of RTP packets that are lost, or overtaken by the next one. By UDP alone. */
  loss: number;
  reorder: number;
}

/**
 * The camera has two tracks, H.264 first and G.711 second, as those of camera.py have. By TCP packets are interleaved
 * (RFC 2326 section 10.12), by UDP they pass through sockets of the relay. Begin and end with {@link listen} and
 * {@link close}.
 */
export class RtspRelay {
  readonly faults: RelayFaults = {
    withoutReports: false,
    reportsOffS: { video: 0, audio: 0 },
    clockOffS: { video: 0, audio: 0 },
    otherCodec: false,
    loss: 0,
    reorder: 0,
  };
  lost = 0;
  overtaken = 0;
  readonly #cameraPort: number;
  readonly #mount: string;
  readonly #server = createServer((viewer) => this.#join(viewer));
  readonly #sockets = new Set<Socket | UdpSocket>();
  #random = 1;

  constructor(cameraPort: number, mount = '/camera') {
    this.#cameraPort = cameraPort;
    this.#mount = mount;
  }

  async listen(): Promise<this> {
    await listen(this.#server);
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}${this.#mount}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      if ('destroy' in socket) socket.destroy();
      else socket.close();
    }
  }

  #join(viewer: Socket): void {
    const camera = connect(this.#cameraPort, '127.0.0.1');
    let setups = 0;
    const doors: UdpSocket[] = [];
    const requests = new Splitter(
      (text) => {
        const ports = /client_port=(\d+)-(\d+)/.exec(text);
        if (ports === null) {
          camera.write(text);
          return;
        }
        const track = TRACKS[setups++]!;
        void this.#openDoors(track, [Number(ports[1]), Number(ports[2])]).then(([rtp, rtcp]) => {
          doors.push(rtp, rtcp);
          const own = `client_port=${rtp.address().port}-${rtcp.address().port}`;
          camera.write(text.replace(ports[0], own));
        });
      },
      (packet) => void camera.write(packet),
    );
    const answers = new Splitter(
      (text) => void viewer.write(this.#withClocks(text)),
      (packet) => {
        const channel = packet[1]!;
        if (this.#spoil(TRACKS[channel >> 1]!, (channel & 1) === 1, packet.subarray(4))) viewer.write(packet);
      },
    );
    viewer.on('data', (piece: Buffer) => requests.push(piece));
    camera.on('data', (piece: Buffer) => answers.push(piece));
    for (const [from, to] of [
      [viewer, camera],
      [camera, viewer],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
        for (const door of doors.splice(0)) {
          this.#sockets.delete(door);
          door.close();
        }
      });
    }
  }

  /** Two sockets that the camera sends to, and that send on to the viewer. */
  async #openDoors(track: Track, viewerPorts: readonly [number, number]): Promise<[UdpSocket, UdpSocket]> {
    const open = async (port: number, isRtcp: boolean): Promise<UdpSocket> => {
      const door = createSocket('udp4');
      this.#sockets.add(door);
      let held: Buffer | null = null;
      door.on('message', (packet: Buffer) => {
        if (!this.#spoil(track, isRtcp, packet)) return;
        if (!isRtcp && this.#happens(this.faults.loss)) {
          this.lost++;
          return;
        }
        if (!isRtcp && held === null && this.#happens(this.faults.reorder)) {
          this.overtaken++;
          held = packet;
          return;
        }
        door.send(packet, port, '127.0.0.1');
        if (held !== null) door.send(held, port, '127.0.0.1');
        held = null;
      });
      door.bind(0, '127.0.0.1');
      await once(door, 'listening');
      return door;
    };
    return await Promise.all([open(viewerPorts[0], false), open(viewerPorts[1], true)]);
  }

  /** Park and Miller's generator: the same losses in every run. */
  #happens(part: number): boolean {
    this.#random = (this.#random * 48_271) % 0x7fff_ffff;
    return this.#random / 0x7fff_ffff < part;
  }

  /** Changes a packet in place. @returns false where it does not come through. */
  #spoil(track: Track, isRtcp: boolean, packet: Buffer): boolean {
    const { withoutReports, reportsOffS, clockOffS, otherCodec } = this.faults;
    const ticks = clockOffS[track] * TICKS_PER_S[track];
    if (!isRtcp) {
      // RFC 3550 section 5.1.
      shift(packet, 4, ticks);
      if (otherCodec && track === 'video') packet.writeUInt16BE(H265_SLICE, RTP_HEADER_BYTES);
      return true;
    }
    // RFC 3550 section 6.4.1: NTP seconds at 8, RTP time at 16.
    if (packet[1] !== SENDER_REPORT) return true;
    shift(packet, 8, reportsOffS[track]);
    shift(packet, 16, ticks);
    return !withoutReports;
  }

  /** The answer to PLAY names the RTP time of each track's beginning. */
  #withClocks(text: string): string {
    let track = 0;
    return text.replaceAll(/rtptime=(\d+)/g, (_, time: string) => {
      const name = TRACKS[track++ % TRACKS.length]!;
      return `rtptime=${(Number(time) + this.faults.clockOffS[name] * TICKS_PER_S[name]) >>> 0}`;
    });
  }
}

/** Adds to a 32-bit number, which wraps. */
function shift(packet: Buffer, offset: number, by: number): void {
  packet.writeUInt32BE((packet.readUInt32BE(offset) + by) >>> 0, offset);
}

/** Takes RTSP messages and interleaved packets apart. */
class Splitter {
  readonly #onText: (text: string) => void;
  readonly #onPacket: (packet: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onText: (text: string) => void, onPacket: (packet: Buffer) => void) {
    this.#onText = onText;
    this.#onPacket = onPacket;
  }

  push(piece: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, piece]);
    for (let length = this.#whole(); length > 0; length = this.#whole()) {
      const part = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      if (part[0] === 0x24) this.#onPacket(part);
      else this.#onText(part.toString('latin1'));
    }
  }

  /** Bytes of the next message or packet; 0 while it is not complete. */
  #whole(): number {
    const { length } = this.#rest;
    if (this.#rest[0] === 0x24) {
      const needed = length < 4 ? 4 : 4 + this.#rest.readUInt16BE(2);
      return length >= needed ? needed : 0;
    }
    const end = this.#rest.indexOf(HEADER_END);
    if (end < 0) return 0;
    const head = this.#rest.toString('latin1', 0, end);
    const needed = end + HEADER_END.length + Number(/content-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
    return length >= needed ? needed : 0;
  }
}

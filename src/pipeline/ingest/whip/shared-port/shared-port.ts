/**
 * One port, of UDP and where wanted of TCP, for all publishers. A connectivity check names the user fragment that it is
 * for (RFC 8445 section 7.2.2), and so the process; what else comes from the same address is that publisher's too.
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, type Socket as TcpSocket } from 'node:net';
import { EarsightError, messageOf } from '../../../errors.ts';
import { ownAddresses } from '../own-addresses.ts';
import { type ProcessPorts, throughSharedPort } from './shared-answer.ts';
import { listenForPublishers } from './shared-tcp.ts';
import { ufragOfCheck } from './stun-username.ts';

/** An address that nothing came from for this long is forgotten: who is there sends a check every 5 s (RFC 7675). */
const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;
/** Of one publisher: a few interfaces, an ICE restart. Beyond, the one that has been silent longest gives way. */
const MAX_ADDRESSES = 16;
/** Bursts of all publishers meet in one socket. The system may grant less. */
const RECEIVE_BUFFER_BYTES = 4 * 2 ** 20;

/** One publisher at the port. */
export interface SharedPortGuest {
  /**
   * Opens the port for who calls by this answer of the publisher's process, or by its fragment after an ICE restart.
   * @returns what the publisher is told instead
   * @throws EarsightError `port-taken`, `closed`
   */
  admit(sdp: string): Promise<string>;
  /** Idempotent. The port closes with its last guest. */
  leave(): void;
}

interface Guest {
  ports: ProcessPorts;
  readonly ufrags: Set<string>;
  readonly ways: Set<Way>;
  readonly connections: Set<TcpSocket>;
  hasLeft: boolean;
}

/** Between one address out there and one process. */
interface Way {
  readonly guest: Guest;
  readonly key: string;
  /** Our side towards the process, for which each address out there is another port of this machine. */
  readonly inner: UdpSocket;
  readonly toPort: number;
  readonly toHost: string;
  lastMs: number;
}

/** Open while there are guests. */
export class SharedPort {
  readonly #port: number;
  readonly #guests = new Set<Guest>();
  readonly #byUfrag = new Map<string, Guest>();
  readonly #ways = new Map<string, Way>();
  #udp: Promise<UdpSocket[]> | null = null;
  #tcp: Promise<() => void> | null = null;
  #sweep: NodeJS.Timeout | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  newGuest(): SharedPortGuest {
    const guest: Guest = {
      ports: { udp4: null, udp6: null, tcp: null },
      ufrags: new Set(),
      ways: new Set(),
      connections: new Set(),
      hasLeft: false,
    };
    return {
      admit: (sdp) => this.#admit(guest, sdp),
      leave: () => this.#leave(guest),
    };
  }

  async #admit(guest: Guest, sdp: string): Promise<string> {
    this.#guests.add(guest);
    try {
      const sockets = await (this.#udp ??= this.#openUdp());
      const families = sockets.map((socket) => (isIPv6(socket.address().address) ? 6 : 4));
      const shared = throughSharedPort(sdp, this.#port, families);
      if (shared.ports.tcp !== null) await (this.#tcp ??= this.#openTcp());
      if (guest.hasLeft) throw new EarsightError('closed', 'The publisher left while it was let in.');
      this.#sweep ??= setInterval(() => this.#forgetIdle(), SWEEP_MS);
      guest.ports = shared.ports;
      guest.ufrags.add(shared.ufrag);
      this.#byUfrag.set(shared.ufrag, guest);
      return shared.sdp;
    } catch (error) {
      this.#leave(guest);
      throw error;
    }
  }

  #leave(guest: Guest): void {
    guest.hasLeft = true;
    for (const ufrag of guest.ufrags) this.#byUfrag.delete(ufrag);
    for (const way of [...guest.ways]) this.#forget(way);
    for (const connection of guest.connections) connection.destroy();
    this.#guests.delete(guest);
    if (this.#guests.size === 0) this.#close();
  }

  #close(): void {
    // One that is still being opened, or could not be, is nobody's concern any more.
    void this.#udp?.then((sockets) => sockets.forEach((socket) => socket.close())).catch(() => undefined);
    void this.#tcp?.then((close) => close()).catch(() => undefined);
    this.#udp = null;
    this.#tcp = null;
    if (this.#sweep !== null) clearInterval(this.#sweep);
    this.#sweep = null;
  }

  async #openUdp(): Promise<UdpSocket[]> {
    const hasIPv6 = ownAddresses([]).some((address) => isIPv6(address));
    const sockets = [createSocket('udp4')];
    if (hasIPv6) sockets.push(createSocket({ type: 'udp6', ipv6Only: true }));
    try {
      for (const socket of sockets) {
        socket.bind(this.#port);
        await once(socket, 'listening');
      }
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw taken('UDP', this.#port, error);
    }
    for (const socket of sockets) {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      // What cannot be sent (a network that is down) is a lost packet.
      socket.on('error', () => undefined);
      socket.on('message', (packet, from) => this.#receive(packet, from.address, from.port, socket));
    }
    return sockets;
  }

  async #openTcp(): Promise<() => void> {
    try {
      return await listenForPublishers(this.#port, (ufrag, connection) => {
        const guest = this.#byUfrag.get(ufrag);
        if (guest?.ports.tcp == null || guest.connections.size >= MAX_ADDRESSES) return null;
        guest.connections.add(connection);
        connection.once('close', () => guest.connections.delete(connection));
        return guest.ports.tcp;
      });
    } catch (error) {
      throw taken('TCP', this.#port, error);
    }
  }

  #receive(packet: Buffer, address: string, port: number, outer: UdpSocket): void {
    const key = `${address} ${port}`;
    let way = this.#ways.get(key);
    const ufrag = ufragOfCheck(packet);
    if (ufrag !== null && way?.guest.ufrags.has(ufrag) !== true) {
      const guest = this.#byUfrag.get(ufrag);
      if (guest === undefined) return;
      // A publisher that calls anew from where it called before.
      if (way !== undefined) this.#forget(way);
      way = this.#openWay(guest, key, (answer) => outer.send(answer, port, address));
    }
    if (way === undefined) return;
    way.lastMs = performance.now();
    way.inner.send(packet, way.toPort, way.toHost);
  }

  #openWay(guest: Guest, key: string, answer: (packet: Buffer) => void): Way {
    if (guest.ways.size >= MAX_ADDRESSES) {
      const [silent] = [...guest.ways].sort((a, b) => a.lastMs - b.lastMs);
      this.#forget(silent!);
    }
    const isV4 = guest.ports.udp4 !== null;
    const way: Way = {
      guest,
      key,
      inner: createSocket(isV4 ? 'udp4' : 'udp6'),
      toPort: (isV4 ? guest.ports.udp4 : guest.ports.udp6) ?? 0,
      toHost: isV4 ? '127.0.0.1' : '::1',
      lastMs: performance.now(),
    };
    way.inner.on('error', () => undefined);
    way.inner.on('message', (packet, from) => {
      if (from.port === way.toPort) answer(packet);
    });
    guest.ways.add(way);
    this.#ways.set(key, way);
    return way;
  }

  #forget(way: Way): void {
    way.inner.close();
    way.guest.ways.delete(way);
    if (this.#ways.get(way.key) === way) this.#ways.delete(way.key);
  }

  #forgetIdle(): void {
    const nowMs = performance.now();
    for (const way of [...this.#ways.values()]) if (nowMs - way.lastMs > IDLE_MS) this.#forget(way);
  }
}

function taken(kind: 'UDP' | 'TCP', port: number, error: unknown): EarsightError {
  return new EarsightError(
    'port-taken',
    `${kind} port ${port} cannot be opened for webcams: ${messageOf(error)}. End the program that has it, or change webrtc.portRange.`,
    { retryable: true, cause: error },
  );
}

/** By number, so that streams of before and after a change of the configuration meet at one. */
export class SharedPorts {
  readonly #ports = new Map<number, SharedPort>();

  at(port: number): SharedPort {
    const shared = this.#ports.get(port) ?? new SharedPort(port);
    this.#ports.set(port, shared);
    return shared;
  }
}

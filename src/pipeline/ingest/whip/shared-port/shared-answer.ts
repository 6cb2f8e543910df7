/** What a publisher is told where all publishers share one port: theirs is the shared one, the process's own stays here. */

import { isIPv6 } from 'node:net';

/** The ports that a publisher's process took of the system, on every address; null: none of the kind. */
export interface ProcessPorts {
  udp4: number | null;
  udp6: number | null;
  tcp: number | null;
}

export interface SharedAnswer {
  /** For the publisher. */
  sdp: string;
  ports: ProcessPorts;
  /** What the publisher's checks are addressed to (RFC 8445 section 7.2.2: first part of their user name). */
  ufrag: string;
}

const HOST_CANDIDATE = /^(a=candidate:\S+ 1 (udp|tcp) \d+ (\S+)) (\d+)( typ host\b.*)$/is;
const UFRAG = /^a=ice-ufrag:(\S+)/m;

/**
 * Puts `port` in the place of the process's own in every host candidate. Others are addresses at STUN and TURN
 * servers, which come to the process by themselves.
 * @param sdp an answer, or a trickle-ice-sdpfrag after an ICE restart
 * @param families IP versions in which the shared port is open; candidates of others are left out
 */
export function throughSharedPort(sdp: string, port: number, families: readonly (4 | 6)[]): SharedAnswer {
  const ports: ProcessPorts = { udp4: null, udp6: null, tcp: null };
  const lines = sdp.split(/(?<=\n)/).flatMap((line) => {
    const [, head, transport, address, own, tail] = HOST_CANDIDATE.exec(line) ?? [];
    if (head === undefined || transport === undefined || address === undefined) return [line];
    const family = isIPv6(address) ? 6 : 4;
    if (!families.includes(family)) return [];
    const kind = transport.toLowerCase() === 'tcp' ? 'tcp' : family === 6 ? 'udp6' : 'udp4';
    ports[kind] ??= Number(own);
    return [`${head} ${port}${tail}`];
  });
  return { sdp: lines.join(''), ports, ufrag: UFRAG.exec(sdp)?.[1] ?? '' };
}

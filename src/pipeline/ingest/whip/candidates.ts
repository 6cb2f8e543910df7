/** ICE candidates (RFC 8839 section 5.1): which of a publisher's are used, and how ours are written. */

import { isIP, isIPv4 } from 'node:net';
import { EarsightError } from '../../errors.ts';

/** Value of an `a=candidate` line, up to the type. */
const CANDIDATE = /^([A-Za-z0-9+/]{1,32}) (\d{1,5}) (\S+) (\d{1,10}) (\S+) (\d{1,5}) typ (\S+)(?: \S.*)?$/;

/**
 * Whether a publisher's candidate is one that we send checks to: over UDP, to an address. Names are passed over:
 * browsers hide addresses behind `<uuid>.local`, which needs multicast to resolve, and a name could make us ask any
 * name server. TCP ones are, too: ours only wait for connections, so nobody can make the server open one. Whoever is
 * passed over is still found: its own checks reach our candidates, and make it known as peer-reflexive.
 * @throws EarsightError `bad-sdp` when it is no candidate
 */
export function isUsableCandidate(value: string): boolean {
  const [, , component, transport, , address, port] = CANDIDATE.exec(value) ?? [];
  if (component === undefined || transport === undefined || address === undefined || Number(port) > 65_535) {
    throw new EarsightError(
      'bad-sdp',
      `The line ${JSON.stringify(`a=candidate:${value}`.slice(0, 80))} is no ICE candidate.`,
    );
  }
  return transport.toLowerCase() === 'udp' && component === '1' && isIP(address) !== 0 && port !== '0';
}

/** Stands for every address of its family: one socket serves them all. */
export const ANY_ADDRESSES = ['0.0.0.0', '::'] as const;

/**
 * The candidates that a publisher is told: one of a socket on every address becomes one for each of `addresses` of its
 * family, in their order of preference. Active TCP ones are left out; they call nobody.
 * @param values of `a=candidate` lines
 */
export function advertise(values: readonly string[], addresses: readonly string[]): string[] {
  return values.flatMap((value) => {
    if (/ tcptype active( |$)/.test(value)) return [];
    const [, , , , , own] = CANDIDATE.exec(value) ?? [];
    if (own === undefined || !ANY_ADDRESSES.some((any) => any === own)) return [value];
    const family = addresses.filter((address) => isIPv4(address) === isIPv4(own));
    return family.map((address, rank) => withAddress(value, address, rank));
  });
}

/** @param rank 0 is the address to try first */
function withAddress(value: string, address: string, rank: number): string {
  const [foundation, component, transport, priority, , ...rest] = value.split(' ');
  // Another base is another foundation (RFC 8445 section 5.1.1.3); the local preference is in bits 8 to 23.
  return [`${foundation}${rank}`, component, transport, Number(priority) - rank * 256, address, ...rest].join(
    ' ',
  );
}

/** The addresses that publishers may reach this machine at. */

import { networkInterfaces } from 'node:os';

/** IPv4 and IPv6 link-local (RFC 3927, RFC 4291): no use to a publisher, which does not know our interface's scope. */
const LINK_LOCAL = /^(169\.254\.|fe[89ab])/i;

/** @param preferred those that the operator names; they come first, in order */
export function ownAddresses(preferred: readonly string[]): string[] {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !LINK_LOCAL.test(address))
    .map(({ address }) => address);
  return [...new Set([...preferred, ...found])];
}

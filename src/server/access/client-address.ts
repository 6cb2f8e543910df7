/** Where a request comes from, also behind proxies that the operator trusts. */

import { isIP } from 'node:net';
import type { AddressRanges } from '../../pipeline/ip-ranges.ts';
import { plainAddress } from '../../pipeline/ip-ranges.ts';

/**
 * The sender's address: the connection's own, or, where that is a trusted proxy, the last one of
 * `X-Forwarded-For` that is not. Anything before that could have been made up by the sender.
 */
export function clientAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: AddressRanges,
): string {
  let address = plainAddress(remoteAddress ?? 'unknown');
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim());
  while (trustedProxies.includes(address)) {
    const hop = hops.pop();
    if (hop === undefined || hop === '') break;
    address = plainAddress(hop);
  }
  return address;
}

/** One household or machine: an IPv4 address, or the first 64 bits of an IPv6 one, of which each has as many as it likes. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = (tail ?? '').split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length + rest.length < 8) groups.push('0');
  return [...groups, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

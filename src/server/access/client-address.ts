/** Where a request comes from, also behind proxies that the operator trusts. */

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

/** IP addresses and ranges of them in CIDR notation: `192.168.1.0/24`, `fd00::/8`, or one address. */

import { BlockList, isIP } from 'node:net';

/** An address without brackets and zone; one that embeds an IPv4 address by mapping (RFC 4291, 2.5.5.2) becomes that. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const mapped = /^(?:0{0,4}:){0,5}:?ffff:(.+)$/i.exec(bare)?.[1];
  if (mapped === undefined || isIP(bare) !== 6) return bare;
  if (isIP(mapped) === 4) return mapped;
  const groups = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(mapped);
  if (groups === null) return bare;
  const [high, low] = [Number.parseInt(groups[1]!, 16), Number.parseInt(groups[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

interface Range {
  address: string;
  family: 'ipv4' | 'ipv6';
  prefixBits: number;
}

function parseRange(text: string): Range | null {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const version = isIP(address);
  if (version === 0) return null;
  const bits = version === 4 ? 32 : 128;
  const prefixBits = Number(match?.[2] ?? bits);
  return prefixBits <= bits ? { address, family: version === 4 ? 'ipv4' : 'ipv6', prefixBits } : null;
}

/** Whether a text is an address or a range of them. */
export function isRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** A set of ranges. */
export class AddressRanges {
  readonly #list = new BlockList();

  /** What is no range is left out; {@link isRange} tells. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges.map(parseRange)) {
      if (range !== null) this.#list.addSubnet(range.address, range.prefixBits, range.family);
    }
  }

  /** False for what is no IP address. */
  includes(address: string): boolean {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }
}

/** Which addresses a source from outside may be at: so that nobody uses a camera's URL to reach into our network. */

import { isIP } from 'node:net';
import { EarsightError } from '../../../errors.ts';
import { AddressRanges, isRange, plainAddress } from '../../../ip-ranges.ts';

/** `any` switches the policy off. */
export const NETWORK_WORDS = ['public', 'private', 'loopback', 'any'] as const;

/** Whether a text may stand in a list of allowed networks. */
export function isNetwork(text: string): boolean {
  return (NETWORK_WORDS as readonly string[]).includes(text) || isRange(text);
}

/** RFC 1918, RFC 6598 (carriers), RFC 4193. */
const PRIVATE = new AddressRanges([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
]);

const LOOPBACK = new AddressRanges(['127.0.0.0/8', '::1']);

/**
 * Neither public nor anybody's LAN: this host, link-local, benchmarks (of IPv6: RFC 5180), documentation, hashes in place
 * of addresses (ORCHID, RFC 4843), reserved (RFC 6890), multicast (RFC 5771, RFC 4291 section 2.7), site-local
 * (RFC 3879); and IPv6 ranges that carry an IPv4 address inside (compatible, NAT64, 6to4, Teredo), which would hide
 * where they lead.
 */
const SPECIAL = new AddressRanges([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2001:2::/48',
  '2001:10::/28',
  '2001:db8::/32',
  '2002::/16',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** Where clouds keep the credentials of their machines; let in by its own address alone, not by a range around it. */
const METADATA: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
]);
const METADATA_RANGES = new AddressRanges([...METADATA]);

export class AddressPolicy {
  readonly #networks: readonly string[];
  readonly #ranges: AddressRanges;

  /** @param networks words of {@link NETWORK_WORDS} and ranges */
  constructor(networks: readonly string[]) {
    this.#networks = networks;
    this.#ranges = new AddressRanges(networks);
  }

  /** Nothing is checked. */
  get isOff(): boolean {
    return this.#networks.includes('any');
  }

  allows(address: string): boolean {
    const plain = plainAddress(address);
    if (this.isOff) return true;
    if (isIP(plain) === 0) return false;
    if (METADATA_RANGES.includes(plain))
      return this.#networks.some((network) => plainAddress(network) === plain);
    if (this.#ranges.includes(plain)) return true;
    const word = LOOPBACK.includes(plain) ? 'loopback' : PRIVATE.includes(plain) ? 'private' : 'public';
    return this.#networks.includes(word) && (word !== 'public' || !SPECIAL.includes(plain));
  }

  /** @throws EarsightError `forbidden-address`, naming the mend */
  require(address: string, host: string = address): void {
    if (this.allows(address)) return;
    const which = host === address ? address : `${host} (${address})`;
    throw new EarsightError(
      'forbidden-address',
      `${which} is ${this.#kindOf(address)}, where streams that come by the API may not reach. ` +
        'Add its network to ingest.allowedNetworks, such as 192.168.1.0/24, or put the stream into the configuration file',
      { details: { host } },
    );
  }

  #kindOf(address: string): string {
    const plain = plainAddress(address);
    if (METADATA_RANGES.includes(plain)) return 'where a cloud keeps credentials';
    if (LOOPBACK.includes(plain)) return 'this machine';
    if (PRIVATE.includes(plain)) return 'in a private network';
    return SPECIAL.includes(plain) ? 'a special address' : 'a public address';
  }
}

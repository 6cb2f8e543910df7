import { describe, expect, it } from 'vitest';
import { AddressPolicy, isNetwork } from './address-policy.ts';

const METADATA = [
  '169.254.169.254',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  '::ffff:169.254.169.254',
];
const PRIVATE = ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.20', '100.64.0.1', 'fd12:3456::1'];
const LOOPBACK = ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'];
const PUBLIC = [
  '8.8.8.8',
  '172.32.0.1',
  '172.15.255.255',
  '192.169.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  // Beside the ranges for benchmarks and ORCHID.
  '2001:2:1::1',
  '2001:f:ffff::1',
  '2001:20::1',
];
const SPECIAL = [
  '0.0.0.0',
  '169.254.1.1',
  '198.18.0.1',
  '192.0.2.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  // Benchmarks, ORCHID.
  '2001:2::1',
  '2001:2:0:ffff::1',
  '2001:10::1',
  '2001:1f:ffff::1',
  // IPv4 addresses in disguise: compatible, NAT64, 6to4, Teredo.
  '::192.168.1.1',
  '64:ff9b::c0a8:101',
  '2002:c0a8:0101::1',
  '2001:0:c0a8:101::1',
];

const allowed = (networks: string[], addresses: string[]): string[] => {
  const policy = new AddressPolicy(networks);
  return addresses.filter((address) => policy.allows(address));
};
const ALL = [...METADATA, ...PRIVATE, ...LOOPBACK, ...PUBLIC, ...SPECIAL];

describe('AddressPolicy', () => {
  it.each([
    [['public'], PUBLIC],
    [['private'], PRIVATE],
    [['loopback'], LOOPBACK],
    [[], []],
    [['any'], ALL],
    [['192.168.1.0/24'], ['192.168.1.20']],
    [
      ['192.168.1.0/24', 'public'],
      ['192.168.1.20', ...PUBLIC],
    ],
    [
      ['169.254.0.0/16', 'fd00::/8'],
      ['fd12:3456::1', '169.254.1.1'],
    ],
    [['169.254.169.254'], ['169.254.169.254', '::ffff:169.254.169.254']],
    [['0.0.0.0/0', '::/0'], ALL.filter((address) => !METADATA.includes(address))],
  ])('%j lets in %j', (networks, expected) => {
    expect(allowed(networks, ALL).sort()).toEqual([...expected].sort());
  });

  it('lets in nothing that is no address', () => {
    expect(allowed(['public'], ['', 'camera.example', '8.8.8.8.8', '0x08080808', '134744072'])).toEqual([]);
  });

  it('says what an address is, and the mend', () => {
    const policy = new AddressPolicy(['public']);
    const refuse = (address: string): unknown => policy.require(address, 'cam.example');
    expect(() => refuse('192.168.1.20')).toThrow(
      /^cam\.example \(192\.168\.1\.20\) is in a private network, .*Add its network to ingest\.allowedNetworks/,
    );
    expect(() => refuse('127.0.0.1')).toThrow(/is this machine/);
    expect(() => refuse('169.254.169.254')).toThrow(/where a cloud keeps credentials/);
    expect(() => refuse('192.168.1.20')).toThrow(
      expect.objectContaining({ code: 'forbidden-address' }) as Error,
    );
  });
});

it.each([
  ['public', true],
  ['any', true],
  ['10.0.0.0/8', true],
  ['lan', false],
  ['', false],
  ['cam.example', false],
])('%s is a network: %s', (text, network) => expect(isNetwork(text)).toBe(network));

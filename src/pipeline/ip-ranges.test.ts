import { describe, expect, it } from 'vitest';
import { AddressRanges, isRange, plainAddress } from './ip-ranges.ts';

describe('AddressRanges', () => {
  const ranges = new AddressRanges(['192.168.1.0/24', '10.1.2.3', 'fd00::/8', '::1', 'nonsense']);

  it.each([
    ['192.168.1.77', true],
    ['192.168.2.77', false],
    ['10.1.2.3', true],
    ['10.1.2.4', false],
    ['fd12::1', true],
    ['fe80::1%eth0', false],
    ['[::1]', true],
    ['::ffff:192.168.1.5', true],
    ['::ffff:c0a8:0105', true],
    ['0:0:0:0:0:ffff:c0a8:105', true],
    ['::ffff:192.168.2.5', false],
    ['camera.local', false],
    ['', false],
  ])('%s is inside: %s', (address, inside) => expect(ranges.includes(address)).toBe(inside));
});

it.each([
  ['10.0.0.0/8', true],
  ['10.0.0.0/33', false],
  ['::/0', true],
  ['::/129', false],
  ['10.0.0', false],
  ['10.0.0.1/', false],
  ['host/8', false],
])('%s is a range: %s', (text, range) => expect(isRange(text)).toBe(range));

it('takes the IPv4 address out of a mapped one, and nothing out of others', () => {
  expect(plainAddress('::ffff:7f00:1')).toBe('127.0.0.1');
  expect(plainAddress('[fe80::1%eth0]')).toBe('fe80::1');
  expect(plainAddress('1:2:3:4:5:ffff:c0a8:105')).toBe('1:2:3:4:5:ffff:c0a8:105');
});

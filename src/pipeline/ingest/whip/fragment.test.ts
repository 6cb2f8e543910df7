import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mangledLines } from '../../../../test/support/webrtc/mangled-lines.ts';
import { advertise, isUsableCandidate } from './candidates.ts';
import { readFragment, restartOf, writeFragment } from './fragment.ts';

const PWD = 'p'.repeat(22);
const candidate = 'candidate:1 1 udp 2113937151 192.0.2.7 5000 typ host';
const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
const SECTION = ['m=video 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0'];

describe('readFragment', () => {
  it('reads credentials and candidates with their section, wherever the credentials stand', () => {
    const expected = { credentials: { ufrag: 'user', pwd: PWD }, candidates: [{ mid: '0', candidate }] };
    const credentials = ['a=ice-ufrag:user', `a=ice-pwd:${PWD}`];
    expect(readFragment(text(...credentials, ...SECTION, `a=${candidate}`, 'a=end-of-candidates'))).toEqual(
      expected,
    );
    expect(readFragment(text('a=group:BUNDLE 0 1', ...SECTION, ...credentials, `a=${candidate}`))).toEqual(
      expected,
    );
    expect(readFragment(text(...SECTION, `a=${candidate}`)).credentials).toBeNull();
  });

  it.each([
    ['a hidden host', '1 1 udp 2113937151 0e0d4a2c-1c4b-4a52-9f0b-27b7a1d0c6aa.local 5000 typ host'],
    ['a name', '1 1 udp 2113937151 printer.example 5000 typ host'],
    ['active TCP', '1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active'],
    ['passive TCP, which would make us connect', '1 1 tcp 1518280447 192.0.2.1 22 typ host tcptype passive'],
    ['an unknown transport', '1 1 sctp 1 192.0.2.1 9 typ host'],
    ['RTCP apart', '1 2 udp 1 192.0.2.1 5001 typ host'],
    ['port 0', '1 1 udp 1 192.0.2.1 0 typ host'],
  ])('passes over %s, and goes on with the rest', (_, other) => {
    const fragment = text(...SECTION, `a=candidate:${other}`, `a=${candidate}`);
    expect(readFragment(fragment).candidates).toEqual([{ mid: '0', candidate }]);
  });

  it('forgets how the publisher counts its ICE sessions', () => {
    const fragment = text(...SECTION, `a=${candidate} generation 3 ufrag user network-id 1`);
    expect(readFragment(fragment).candidates[0]?.candidate).toBe(`${candidate} ufrag user network-id 1`);
  });

  it.each([
    ['no mid', text('m=video 9 RTP/AVP 0', `a=${candidate}`), 'bad-sdp', /no a=mid/],
    ['nonsense', '<html>', 'bad-sdp', /<html>/],
    ['a candidate that is none', text(...SECTION, 'a=candidate:1 1 udp'), 'bad-sdp', /no ICE candidate/],
    ['a short ufrag', text('a=ice-ufrag:abc'), 'bad-sdp', /ice-ufrag/],
    ['a short pwd', text('a=ice-ufrag:user', 'a=ice-pwd:short'), 'bad-sdp', /ice-pwd/],
    ['a pwd alone', text(`a=ice-pwd:${PWD}`), 'bad-sdp', /no a=ice-ufrag/],
    [
      'two ICE sessions',
      text('a=ice-ufrag:user', ...SECTION, 'a=ice-ufrag:other'),
      'unacceptable-sdp',
      /two values/,
    ],
  ])('refuses %s', (_, fragment, code, message) => {
    const read = (): unknown => readFragment(fragment);
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('answers anything, however mangled, with a reading or one of its two errors', () => {
    const whole = text(
      'a=group:BUNDLE 0',
      'a=ice-ufrag:user',
      `a=ice-pwd:${PWD}`,
      ...SECTION,
      `a=${candidate}`,
    );
    fc.assert(
      fc.property(mangledLines(whole), (fragment) => {
        try {
          restartOf(readFragment(fragment), { ufrag: 'old1', pwd: PWD });
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(bad|unacceptable)-sdp$/) });
        }
      }),
    );
  });
});

describe('restartOf', () => {
  const current = { ufrag: 'user', pwd: PWD };
  const of = (ufrag: string | null, pwd: string | null = null): unknown =>
    restartOf({ credentials: ufrag === null ? null : { ufrag, pwd }, candidates: [] }, current);

  it('is what brings new credentials, both of them', () => {
    expect(of('next', 'q'.repeat(22))).toEqual({ ufrag: 'next', pwd: 'q'.repeat(22) });
    for (const fragment of [of(null), of('user'), of('user', PWD)]) expect(fragment).toBeNull();
    expect(() => of('next')).toThrow(expect.objectContaining({ code: 'bad-sdp' }));
    for (const half of [() => of('next', PWD), () => of('user', 'q'.repeat(22))]) {
      expect(half).toThrow(expect.objectContaining({ code: 'unacceptable-sdp' }));
    }
  });
});

describe('writeFragment', () => {
  it('is read back, with the ICE options of the answer', () => {
    const answer = text(
      'v=0',
      'a=group:BUNDLE 0 1',
      'a=ice-lite',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      'a=ice-options:trickle',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:1',
      'a=ice-options:trickle',
    );
    const value = '1 1 udp 2113937151 192.0.2.7 5000 typ host';
    const written = writeFragment(answer, { ufrag: 'ours', pwd: PWD, candidates: [value] });
    expect(written).toBe(
      text(
        ...['a=ice-lite', 'a=ice-options:trickle', 'a=group:BUNDLE 0 1', 'm=video 9 UDP/TLS/RTP/SAVPF 0'],
        ...['a=mid:0', 'a=ice-ufrag:ours', `a=ice-pwd:${PWD}`, `a=candidate:${value}`, 'a=end-of-candidates'],
      ),
    );
    expect(readFragment(written)).toEqual({
      credentials: { ufrag: 'ours', pwd: PWD },
      candidates: [{ mid: '0', candidate: `candidate:${value}` }],
    });
  });
});

describe('advertise', () => {
  const any4 = 'f 1 udp 2130706431 0.0.0.0 8189 typ host generation 0';
  const any6 = 'g 1 udp 2130706431 :: 8190 typ host';

  it('names one socket by each address of its family, the preferred one first', () => {
    const told = advertise([any4, any6], ['203.0.113.9', '2001:db8::1', '127.0.0.1']);
    expect(told).toEqual([
      'f0 1 udp 2130706431 203.0.113.9 8189 typ host generation 0',
      'f1 1 udp 2130706175 127.0.0.1 8189 typ host generation 0',
      'g0 1 udp 2130706431 2001:db8::1 8190 typ host',
    ]);
    for (const value of told) expect(isUsableCandidate(value)).toBe(true);
  });

  it('leaves relays and what routers show as they are, and active TCP out', () => {
    const relay = 'r 1 udp 16777215 198.51.100.1 3479 typ relay raddr 0.0.0.0 rport 8189';
    const passive = 'p 1 tcp 1518214911 0.0.0.0 8189 typ host tcptype passive';
    const active = 'a 1 tcp 1518280447 0.0.0.0 9 typ host tcptype active';
    expect(advertise([relay, passive, active], ['192.0.2.1'])).toEqual([
      relay,
      'p0 1 tcp 1518214911 192.0.2.1 8189 typ host tcptype passive',
    ]);
  });
});

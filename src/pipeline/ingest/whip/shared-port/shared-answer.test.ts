import { describe, expect, it } from 'vitest';
import { throughSharedPort } from './shared-answer.ts';

const line = (transport: string, address: string, port: number, rest = ' typ host'): string =>
  `a=candidate:f${port} 1 ${transport} 2113937151 ${address} ${port}${rest}\r\n`;
const head = 'v=0\r\na=ice-ufrag:abcd\r\n';

describe('throughSharedPort', () => {
  it('puts the shared port in the place of the own ones of every address, and says which those were', () => {
    const reflexive = line('udp', '203.0.113.9', 5001, ' typ srflx raddr 0.0.0.0 rport 0');
    const sdp =
      head +
      line('udp', '192.0.2.1', 40_000) +
      line('udp', '2001:db8::1', 40_001, ' typ host generation 0') +
      line('tcp', '192.0.2.1', 40_002, ' typ host tcptype passive') +
      line('udp', '127.0.0.1', 40_000) +
      reflexive;
    const { sdp: told, ports, ufrag } = throughSharedPort(sdp, 8189, [4, 6]);
    expect(ufrag).toBe('abcd');
    expect(ports).toEqual({ udp4: 40_000, udp6: 40_001, tcp: 40_002 });
    expect(told.match(/ 8189 typ host/g)).toHaveLength(4);
    expect(told).toContain(' 8189 typ host generation 0\r\n');
    expect(told).toContain(' 8189 typ host tcptype passive\r\n');
    expect(told).toContain(reflexive);
    expect(told.split('\r\n')).toHaveLength(sdp.split('\r\n').length);
  });

  it('leaves out where the shared port is not', () => {
    const sdp = head + line('udp', '2001:db8::1', 40_001) + line('udp', '192.0.2.1', 40_000);
    const { sdp: told, ports } = throughSharedPort(sdp, 8189, [4]);
    expect(told).not.toContain('2001:db8::1');
    expect(ports).toEqual({ udp4: 40_000, udp6: null, tcp: null });
  });
});

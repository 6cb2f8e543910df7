/** `earsight doctor`, from outside: what it finds good, what it warns of, what it calls a fault. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/server/doctor/finding.ts';
import { nodeFinding } from '../../src/server/doctor/program.ts';
import { run } from '../support/server-process.ts';
import { StunServer } from '../support/stun-server.ts';

async function doctor(
  ...args: string[]
): Promise<{ code: number | null; findings: Finding[]; text: string }> {
  const { code, stdout } = await run(['doctor', '--json', '--quick', ...args], {
    XDG_STATE_HOME: '/proc/nowhere',
  });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, findings, text: stdout };
}

const of = (findings: Finding[], name: string): Finding | undefined =>
  findings.find((finding) => finding.name.startsWith(name));

describe('earsight doctor', () => {
  it('finds a good machine good: FFmpeg, model, engine, port, and a STUN server that answers', async () => {
    await using stun = await StunServer.start(true);
    const { code, findings } = await doctor(
      '--port',
      '0',
      '--set',
      `webrtc.iceServers=[{urls: ["${stun.url}"]}]`,
    );
    expect(findings.filter(({ verdict }) => verdict === 'fault')).toEqual([]);
    expect(code).toBe(0);
    expect(of(findings, 'ffmpeg')).toMatchObject({ verdict: 'good' });
    expect(of(findings, 'model')).toMatchObject({ verdict: 'good' });
    expect(of(findings, 'engine cpu (configured)')?.text).toMatch(/^works: [\d.]+ ms a picture/);
    expect(of(findings, `ICE ${stun.url}`)).toMatchObject({
      verdict: 'good',
      text: 'sees this machine as 127.0.0.1',
    });
    expect(of(findings, 'data')).toMatchObject({ verdict: 'fact' });
  });

  it('names what is in the way, and what to do, without a password', async () => {
    await using stun = await StunServer.start(false);
    const taken = createSocket('udp4');
    taken.bind(0);
    await once(taken, 'listening');
    const { port: udp } = taken.address();
    const other = createServer((_request, answer) => void answer.end('something else')).listen(
      0,
      '127.0.0.1',
    );
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, findings, text } = await doctor(
        ...['--port', String(port), '--model', '/nowhere'],
        ...['--set', `webrtc.portRange=[${udp}, ${udp}]`],
        ...['--set', 'ingest.allowedFileRoots=[/nowhere]'],
        ...['--set', 'server.tls={mode: files, certificate: /nowhere/c, key: /nowhere/k}'],
        ...[
          '--set',
          `webrtc.iceServers=[{urls: ["${stun.url}"]}, {urls: ["${stun.url.replace('stun', 'turn')}"], username: u, credential: hunter2}]`,
        ],
      );
      expect(code).toBe(1);
      expect(of(findings, 'port')).toMatchObject({ verdict: 'fault' });
      expect(of(findings, 'port')?.mend).toContain('server.port');
      expect(of(findings, 'media ports')?.text).toMatch(/^UDP port \d+, which all webcams share, is taken/);
      expect(of(findings, 'model')?.verdict).toBe('fault');
      expect(of(findings, 'certificate')).toMatchObject({ verdict: 'fault' });
      expect(of(findings, 'files')?.verdict).toBe('warning');
      expect(of(findings, 'data')).toMatchObject({ verdict: 'warning' });
      expect(of(findings, 'ICE stun')).toMatchObject({ verdict: 'fault' });
      expect(of(findings, 'ICE turn')?.mend).toContain('user and password');
      expect(text).not.toContain('hunter2');
    } finally {
      taken.close();
      other.close();
    }
  });

  it('knows which Node is too old', () => {
    expect(nodeFinding('20.19.0').verdict).toBe('fault');
    expect(nodeFinding('22.17.1').verdict).toBe('fault');
    expect(nodeFinding('22.18.0').verdict).toBe('good');
    expect(nodeFinding('24.1.0').verdict).toBe('good');
  });
});

/** The program by HTTPS: self-signed, with files, and through a renewal that disturbs nobody. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fingerprintOf } from '../../src/server/tls/certificate.ts';
import { makeCertificate } from '../../src/server/tls/self-signed.ts';
import { run, ServerProcess } from '../support/server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'earsight-https-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Reply {
  status: number;
  body: string;
  fingerprint: string;
}

/** Over a connection of its own. */
function get(url: string, path: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { rejectUnauthorized: false, agent: false }, (response) => {
      const { socket } = response;
      if (!(socket instanceof TLSSocket)) throw new Error('not encrypted');
      const { fingerprint256 } = socket.getPeerCertificate();
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const body = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode ?? 0, body, fingerprint: fingerprint256 });
      });
    });
    asked.on('error', reject).end();
  });
}

it('makes its own certificate, keeps it, and serves page, API and WebSocket with it', async () => {
  const flags = ['--tls', 'self-signed', '--set', `data.folder=${join(folder, 'state')}`];
  let before: string;
  {
    await using server = await ServerProcess.serve(flags);
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const reply = await get(server.url, '/readyz');
    expect(reply.status).toBe(200);
    expect(server.records.find(({ msg }) => msg === 'listening')?.['certificate']).toBe(reply.fingerprint);
    before = reply.fingerprint;
    const metrics = (await get(server.url, '/metrics')).body;
    const expiryS = Number(/^earsight_tls_certificate_expiry_timestamp_seconds (.*)$/m.exec(metrics)?.[1]);
    const leftDays = expiryS / 86_400 - Date.now() / 86_400_000;
    expect(leftDays).toBeGreaterThan(395);
    expect(leftDays).toBeLessThan(398);
    const socket = new WebSocket(
      `${server.url.replace('http', 'ws')}/api/v1/heatmaps`,
      'earsight.heatmap.v1.json',
      {
        rejectUnauthorized: false,
      },
    );
    const hello = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()));
      socket.once('error', reject);
    });
    expect(hello).toContain('"type":"hello"');
    // Plain HTTP is not spoken on the same port.
    await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow();
    expect((await server.stop()).code).toBe(0);
  }
  await using again = await ServerProcess.serve(flags);
  expect((await get(again.url, '/healthz')).fingerprint).toBe(before);
});

it('takes a renewed certificate, keeps the old one when the new one is bad, and no connection breaks', async () => {
  const [old, renewed] = [await makeCertificate([], Date.now()), await makeCertificate([], Date.now())];
  const files = { certificate: join(folder, 'a.crt'), key: join(folder, 'a.key') };
  writeFileSync(files.certificate, old.cert);
  writeFileSync(files.key, old.key);
  const settings = `server.tls={mode: files, certificate: "${files.certificate}", key: "${files.key}"}`;
  await using server = await ServerProcess.serve(['--set', settings]);
  expect((await get(server.url, '/healthz')).fingerprint).toBe(fingerprintOf(old));
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}/api/v1/heatmaps?streams=*`,
    'earsight.heatmap.v1.json',
    {
      rejectUnauthorized: false,
    },
  );
  let messages = 0;
  let closed = false;
  socket.on('message', () => (messages += 1));
  socket.on('close', () => (closed = true));
  writeFileSync(files.key, 'damaged');
  await server.until(() => server.stdout.includes('The old certificate stays in use'), 'the refusal');
  expect((await get(server.url, '/healthz')).fingerprint).toBe(fingerprintOf(old));
  writeFileSync(files.certificate, renewed.cert);
  writeFileSync(files.key, renewed.key);
  await server.until(
    async () => (await get(server.url, '/healthz')).fingerprint === fingerprintOf(renewed),
    'the renewed certificate',
  );
  const heard = messages;
  await server.until(() => messages > heard + 3, 'more messages');
  expect(closed).toBe(false);
  expect(server.stdout).not.toContain('PRIVATE KEY');
});

it('says what is wrong with the files, and ends with 2', async () => {
  const settings = (tls: string): string[] => ['serve', '--port', '0', '--set', `server.tls=${tls}`];
  const absent = await run(settings('{mode: files, certificate: /none.crt, key: /none.key}'));
  expect([absent.code, absent.stderr]).toEqual([
    2,
    expect.stringMatching(/^server\.tls\.certificate: \/none\.crt cannot be read/),
  ]);
  const half = await run(settings('{mode: files}'));
  expect([half.code, half.stderr]).toEqual([
    2,
    expect.stringContaining('server.tls.mode is files, so server.tls.certificate'),
  ]);
});

/** Certificates: made, kept, read, refused, and taken anew while they are in use. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, fingerprintOf, readCertificate } from './certificate.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { keptCertificate, makeCertificate } from './self-signed.ts';

const DAY_MS = 86_400_000;
let folder = '';
let first: Certificate;
let second: Certificate;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-tls-'));
  first = await makeCertificate([], Date.now());
  second = await makeCertificate([], Date.now());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a pair and names its files. */
function write(name: string, { cert, key }: Certificate): { certificate: string; key: string } {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  writeFileSync(files.certificate, cert);
  writeFileSync(files.key, key);
  return files;
}

describe('makeCertificate', () => {
  it('is of this machine, by every name and address, for a server, and not for longer than browsers take', async () => {
    const { cert, key } = await makeCertificate(['cam.example', '192.168.7.7', 'fd00::7'], Date.now());
    const parsed = new X509Certificate(cert);
    for (const name of ['localhost', 'cam.example', hostname()]) expect(parsed.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '192.168.7.7', 'fd00::7']) {
      expect(parsed.checkIP(address), address).toBe(address);
    }
    expect(parsed.checkHost('other.example')).toBeUndefined();
    expect(parsed.ca).toBe(false);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    const days = (parsed.validToDate.getTime() - parsed.validFromDate.getTime()) / DAY_MS;
    expect(days).toBeLessThanOrEqual(398);
    expect(parsed.serialNumber).not.toBe(new X509Certificate(first.cert).serialNumber);
  });
});

describe('keptCertificate', () => {
  it('stays the same over restarts until it ends soon, and its key is for this user alone', async () => {
    const place = join(folder, 'kept');
    const nowMs = Date.now();
    const made = await keptCertificate(place, [], nowMs);
    expect(await keptCertificate(place, [], nowMs)).toEqual(made);
    expect(await keptCertificate(place, [], nowMs + 300 * DAY_MS)).toEqual(made);
    expect(statSync(join(place, 'self-signed.key')).mode & 0o777).toBe(0o600);
    const later = await keptCertificate(place, [], nowMs + 370 * DAY_MS);
    expect(later.cert).not.toBe(made.cert);
    writeFileSync(join(place, 'self-signed.crt'), 'damaged');
    const mended = await keptCertificate(place, [], nowMs);
    expect(readFileSync(join(place, 'self-signed.crt'), 'utf8')).toBe(mended.cert);
  });
});

describe('readCertificate', () => {
  it('reads a pair that belongs together', async () => {
    expect(await readCertificate(write('good', first))).toEqual(first);
  });

  it.each<[string, () => { certificate: string; key: string }, RegExp]>([
    [
      'an absent file',
      () => ({ ...write('a', first), key: join(folder, 'none') }),
      /server\.tls\.key: .*none cannot be read: there is no such file/,
    ],
    [
      'a folder',
      () => ({ ...write('b', first), certificate: folder }),
      /server\.tls\.certificate: .* cannot be read/,
    ],
    [
      'another key',
      () => write('c', { cert: first.cert, key: second.key }),
      /is not the key of .*made together/,
    ],
    [
      'no PEM',
      () => write('d', { cert: 'hunter2', key: first.key }),
      /server\.tls\.certificate: .*d\.crt is none in PEM/,
    ],
    [
      'the two swapped',
      () => write('e', { cert: first.key, key: first.cert }),
      /server\.tls\.certificate: .*e\.crt is none in PEM/,
    ],
    [
      'a locked key',
      () =>
        write('f', {
          cert: first.cert,
          key: createPrivateKey(first.key)
            .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
            .toString(),
        }),
      /server\.tls\.key: .*f\.key is none in PEM, or is locked by a passphrase/,
    ],
  ])('refuses %s', async (_title, files, said) => {
    await expect(readCertificate(files())).rejects.toThrow(said);
    await expect(readCertificate(files())).rejects.not.toThrow(/hunter2/);
  });
});

it('CertificateWatch takes a new pair however its files come, and tells of a bad one', async () => {
  const files = write('watched', first);
  const taken: string[] = [];
  const problems: string[] = [];
  const watch = new CertificateWatch(files, {
    onChange: (certificate) => taken.push(fingerprintOf(certificate)),
    onProblem: (message) => problems.push(message),
    intervalMs: 60,
  });
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !condition(); i++) await sleep(50);
    expect(condition()).toBe(true);
  };
  try {
    await sleep(100);
    // The certificate first; its key a little later.
    writeFileSync(files.certificate, second.cert);
    await sleep(20);
    writeFileSync(files.key, second.key);
    await until(() => taken.at(-1) === fingerprintOf(second));
    writeFileSync(files.key, 'damaged');
    await until(() => problems.length > 0);
    expect(problems[0]).toMatch(/server\.tls\.key: .* is none in PEM/);
    expect(taken.at(-1)).toBe(fingerprintOf(second));
    writeFileSync(files.certificate, first.cert);
    writeFileSync(files.key, first.key);
    await until(() => taken.at(-1) === fingerprintOf(first));
  } finally {
    watch.close();
  }
  const count = taken.length;
  writeFileSync(files.certificate, second.cert);
  writeFileSync(files.key, second.key);
  await sleep(200);
  expect(taken.length).toBe(count);
});

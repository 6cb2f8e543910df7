/**
 * A certificate of our own making. Nobody vouches for it, so a browser warns once; but then it lends cameras to a page
 * on the LAN, which it does not by plain HTTP.
 */

import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Certificate, type CertificateFiles, expiryMs, readCertificate } from './certificate.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** Browsers take none that is good for longer than 398 days. */
const LIFE_DAYS = 397;
/** One that ends sooner is replaced at the start. */
const MIN_LEFT_DAYS = 30;

/** @param names further names and addresses that the server is asked for by */
export async function makeCertificate(names: readonly string[], nowMs: number): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  const own = ['localhost', hostname(), `${hostname()}.local`, '127.0.0.1', '::1', ...addresses, ...names];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // Positive and of random 127 bits (RFC 5280 section 4.1.2.2).
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=Earsight',
    // A clock that is a little behind ours still takes it.
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + (LIFE_DAYS - 1) * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([...new Set(own)].map(generalName)),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/**
 * The one in `folder`, so that a browser has to be told once only; a new one where there is none, or it ends soon.
 * @param folder null: it is not kept
 */
export async function keptCertificate(
  folder: string | null,
  names: readonly string[],
  nowMs: number,
): Promise<Certificate> {
  const files = folder === null ? null : filesIn(folder);
  if (files !== null) {
    const kept = await readCertificate(files).catch(() => null);
    if (kept !== null && expiryMs(kept) - nowMs > MIN_LEFT_DAYS * DAY_MS) return kept;
  }
  const made = await makeCertificate(names, nowMs);
  if (folder !== null && files !== null) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(files.key, made.key, 0o600);
    await writeWhole(files.certificate, made.cert, 0o644);
  }
  return made;
}

const filesIn = (folder: string): CertificateFiles => ({
  certificate: join(folder, 'self-signed.crt'),
  key: join(folder, 'self-signed.key'),
});

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(beside, text, { mode });
  await rename(beside, path);
}

function generalName(name: string): JsonGeneralName {
  const bare = name.replace(/%.*$/, '');
  return /^[\d.]+$|:/.test(bare) ? { type: 'ip', value: bare } : { type: 'dns', value: bare };
}

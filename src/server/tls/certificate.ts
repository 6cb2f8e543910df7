/** A certificate and its key, read from files and checked before anything is served with them. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';

/** PEM texts. */
export interface Certificate {
  /** The server's own first, then those between it and the authority. */
  cert: string;
  key: string;
}

export interface CertificateFiles {
  certificate: string;
  key: string;
}

/** @throws EarsightError `bad-config` when they cannot be read or do not belong together; the message names the mend */
export async function readCertificate({ certificate, key }: CertificateFiles): Promise<Certificate> {
  const pair = { cert: await readText(certificate, 'certificate'), key: await readText(key, 'key') };
  const parsed = parse('server.tls.certificate', certificate, () => new X509Certificate(pair.cert));
  const privateKey = parse('server.tls.key', key, (): KeyObject => createPrivateKey(pair.key));
  if (!parsed.checkPrivateKey(privateKey)) {
    throw bad(
      `server.tls.key: ${key} is not the key of ${certificate}. Name the two that were made together.`,
    );
  }
  return pair;
}

/** When it ends, in milliseconds since 1970. */
export function expiryMs({ cert }: Certificate): number {
  return new X509Certificate(cert).validToDate.getTime();
}

/** SHA-256 of the certificate, as browsers show it. */
export function fingerprintOf({ cert }: Certificate): string {
  return new X509Certificate(cert).fingerprint256;
}

async function readText(path: string, field: 'certificate' | 'key'): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const isAbsent = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isAbsent ? 'there is no such file' : messageOf(thrown);
    throw bad(
      `server.tls.${field}: ${path} cannot be read: ${why}. Name a PEM file that this user may read.`,
    );
  }
}

/** Reasons of the crypto library are left out: they may quote what stands in the file. */
function parse<Value>(field: string, path: string, read: () => Value): Value {
  try {
    return read();
  } catch {
    throw bad(
      `${field}: ${path} is none in PEM, or is locked by a passphrase. Name one in PEM without a passphrase.`,
    );
  }
}

function bad(message: string): EarsightError {
  return new EarsightError('bad-config', message);
}

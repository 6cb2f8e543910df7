/**
 * Tokens and how they are kept: the configuration holds hashes only. A token that we made has 256 random bits, for
 * which one SHA-256 is enough; a passphrase that a person chose needs scrypt (RFC 7914).
 */

import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What tokens that we make begin with, so that scanners and our own redaction know one when they see it. */
export const TOKEN_PREFIX = 'es_';
/** Shorter texts are compared with scrypt hashes alone: a plain SHA-256 of a short one could be searched for. */
const MIN_RANDOM_CHARS = 24;
/** 32 MiB and about 0.1 s: what a guess costs. */
const SCRYPT = { cost: 32_768, blockSize: 8, parallelization: 1 };
/** Larger parameters in a hash would let one request take the machine. */
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;

export type TokenHash =
  | { kind: 'sha256'; digest: Buffer }
  | {
      kind: 'scrypt';
      salt: Buffer;
      digest: Buffer;
      cost: number;
      blockSize: number;
      parallelization: number;
    };

const SHA256 = /^sha256:([0-9a-f]{64})$/i;
const SCRYPT_HASH = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w-]{22,}):([\w-]{43})$/;

/** Null for what is no hash of ours. */
export function parseTokenHash(text: string): TokenHash | null {
  const plain = SHA256.exec(text)?.[1];
  if (plain !== undefined) return { kind: 'sha256', digest: Buffer.from(plain, 'hex') };
  const [, cost, blockSize, parallelization, salt, digest] = SCRYPT_HASH.exec(text) ?? [];
  if (salt === undefined || digest === undefined) return null;
  const numbers = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
  };
  const powerOfTwo = numbers.cost > 1 && Number.isInteger(Math.log2(numbers.cost));
  if (!powerOfTwo || numbers.blockSize < 1 || numbers.parallelization < 1) return null;
  if (memoryOf(numbers) > MAX_SCRYPT_BYTES || numbers.parallelization > 16) return null;
  return {
    kind: 'scrypt',
    salt: Buffer.from(salt, 'base64url'),
    digest: Buffer.from(digest, 'base64url'),
    ...numbers,
  };
}

/** A new token: 256 random bits. */
export function newToken(): string {
  return TOKEN_PREFIX + randomBytes(32).toString('base64url');
}

/** `sha256:...`, for tokens that {@link newToken} made. */
export function hashToken(token: string): string {
  return `sha256:${sha256(token).toString('hex')}`;
}

/** `scrypt:...`, for passphrases. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const digest = await scryptOf(passphrase, { salt, ...SCRYPT });
  const { cost, blockSize, parallelization } = SCRYPT;
  return [
    'scrypt',
    cost,
    blockSize,
    parallelization,
    salt.toString('base64url'),
    digest.toString('base64url'),
  ].join(':');
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** In constant time. @param digest {@link sha256} of the token, taken once for all hashes it is held against */
export function matchesRandom(hash: TokenHash, token: string, digest: Buffer): boolean {
  return hash.kind === 'sha256' && timingSafeEqual(hash.digest, digest) && token.length >= MIN_RANDOM_CHARS;
}

/** Takes about 0.1 s of a thread of the pool. */
export async function matchesPassphrase(hash: TokenHash, passphrase: string): Promise<boolean> {
  return hash.kind === 'scrypt' && timingSafeEqual(await scryptOf(passphrase, hash), hash.digest);
}

interface ScryptParameters {
  salt: Buffer;
  cost: number;
  blockSize: number;
  parallelization: number;
}

function scryptOf(passphrase: string, { salt, ...numbers }: ScryptParameters): Promise<Buffer> {
  const { cost, blockSize, parallelization } = numbers;
  const options = { cost, blockSize, parallelization, maxmem: 2 * memoryOf(numbers) };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function memoryOf({ cost, blockSize, parallelization }: Omit<ScryptParameters, 'salt'>): number {
  return 128 * blockSize * (cost + parallelization);
}

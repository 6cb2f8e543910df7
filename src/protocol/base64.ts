/** Byte arrays in JSON: base64 of RFC 4648 section 4, padded, read strictly. */

import { ProtocolError } from './protocol-error.ts';

/** Bytes per `String.fromCharCode` call: below every engine's limit on arguments. */
const CHUNK_BYTES = 0x2000;
const PADDED = /^[A-Za-z0-9+/]*={0,2}$/;

export function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(binary);
}

/** @throws ProtocolError on white space, missing padding and foreign characters. */
export function base64ToBytes(value: unknown, field: string): Uint8Array {
  // `atob` alone forgives white space and missing padding.
  if (typeof value !== 'string' || value.length % 4 !== 0 || !PADDED.test(value)) {
    throw new ProtocolError(field, 'must be padded base64');
  }
  let binary: string;
  try {
    binary = atob(value);
  } catch {
    throw new ProtocolError(field, 'must be padded base64');
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

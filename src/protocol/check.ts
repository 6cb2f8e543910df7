/** Strict readers of untrusted JSON values: each returns the value with its type, or throws naming the field. */

import { ProtocolError } from './protocol-error.ts';

/** A JSON object whose fields are still unknown. */
export type Fields = Readonly<Record<string, unknown>>;

export function asFields(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(field, 'must be an object');
  }
  return value as Fields;
}

export function asArray(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError(field, 'must be an array');
  return value as readonly unknown[];
}

export function asString(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new ProtocolError(field, 'must be a string');
  return value;
}

export function asBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw new ProtocolError(field, 'must be true or false');
  return value;
}

/** A finite number within `[minimum, maximum]`. */
export function asNumber(
  value: unknown,
  field: string,
  minimum = Number.NEGATIVE_INFINITY,
  maximum = Number.POSITIVE_INFINITY,
): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new ProtocolError(field, 'must be a finite number');
  }
  if (value < minimum || value > maximum) {
    throw new ProtocolError(field, `must lie within ${minimum} and ${maximum}`);
  }
  return value;
}

/** A safe integer within `[minimum, maximum]`. */
export function asInteger(
  value: unknown,
  field: string,
  minimum: number = Number.MIN_SAFE_INTEGER,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = asNumber(value, field, minimum, maximum);
  if (!Number.isSafeInteger(number)) throw new ProtocolError(field, 'must be a safe integer');
  return number;
}

/** 0..1: a probability, or a share of the picture's width or height. */
export function asFraction(value: unknown, field: string): number {
  return asNumber(value, field, 0, 1);
}

export function asOneOf<T extends string>(value: unknown, field: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new ProtocolError(field, `must be one of ${allowed.join(', ')}`);
  return found;
}

/** `null` stays null; everything else goes through `read`. */
export function asNullable<T>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => T,
): T | null {
  return value === null ? null : read(value, field);
}

/** An identifier of a stream, as {@link StreamInfo} defines it. */
export function asStreamId(value: unknown, field: string): string {
  const id = asString(value, field);
  if (!STREAM_ID.test(id)) throw new ProtocolError(field, 'must match [a-z0-9][a-z0-9_-]{0,62}');
  return id;
}

const STREAM_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What the address that the server listens on means for access: who can reach it, and under which names. */

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { AddressRanges, plainAddress } from '../../pipeline/ip-ranges.ts';

const LOOPBACK = new AddressRanges(['127.0.0.0/8', '::1']);

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || LOOPBACK.includes(host);
}

export type AuthMode = 'auto' | 'tokens' | 'none';

/** `auto` asks for a token as soon as other machines can reach the server. */
export function isTokenRequired(mode: AuthMode, host: string): boolean {
  return mode === 'tokens' || (mode === 'auto' && !isLoopback(host));
}

/** The names under which a server without tokens may be asked for. */
export function expectedNames(server: {
  host: string;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}): ReadonlySet<string> {
  const own = hostname().toLowerCase();
  const origins = server.allowedOrigins.map((origin) => new URL(origin).hostname);
  return new Set([
    ...[server.host, ...server.allowedHosts].map((name) => name.toLowerCase()),
    own,
    `${own}.local`,
    ...origins,
  ]);
}

/**
 * Whether the `Host` header names this server. Without tokens the browser's same-origin rule is all that keeps other
 * pages out, and a page can get around it by letting its own name point at this machine (DNS rebinding); it cannot
 * hide that name here. Addresses cannot be rebound, and a request without the header comes from no browser.
 * @param names null for any
 */
export function isExpectedHost(host: string | undefined, names: ReadonlySet<string> | null): boolean {
  if (host === undefined || names === null) return true;
  const name = /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.exec(host.toLowerCase())?.[1];
  if (name === undefined) return false;
  const isLocal = name === 'localhost' || name.endsWith('.localhost');
  return isLocal || isIP(plainAddress(name)) !== 0 || names.has(name);
}

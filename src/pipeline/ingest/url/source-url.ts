/** Which URLs a source may have: read, judged against the operator's rules, and sorted by how they are opened. */

import { realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EarsightError } from '../../errors.ts';
import { plainAddress } from '../../ip-ranges.ts';
import { Secret, secretUrl } from '../../secret.ts';
import { AddressPolicy } from './egress/address-policy.ts';

/** `rtsp`: cameras; `network`: everything else by net; `file`; `device`: a local camera (v4l2). */
export type SourceKind = 'rtsp' | 'network' | 'file' | 'device';

const kinds: Record<string, SourceKind> = {
  rtsp: 'rtsp',
  rtsps: 'rtsp',
  rtmp: 'network',
  rtmps: 'network',
  http: 'network',
  https: 'network',
  srt: 'network',
  udp: 'network',
  file: 'file',
  v4l2: 'device',
};

/** All schemes that can be allowed. */
export const sourceSchemes: readonly string[] = Object.keys(kinds);

export interface SourceUrl {
  kind: SourceKind;
  scheme: string;
  /** What FFmpeg is given: the URL, or a path for files and devices. */
  input: Secret;
}

export interface SourceUrlRules {
  /** Folders that `file:` may reach into; none: no files. */
  allowedFileRoots: readonly string[];
  /** Allowed schemes; all of {@link sourceSchemes} unless told. */
  schemes?: readonly string[];
  /**
   * Networks that the host may be in (egress/address-policy.ts); null or left out: any. A name is judged when it is
   * connected to.
   */
  networks?: readonly string[] | null;
}

/**
 * Reads a source's URL without judging it.
 * @throws EarsightError `bad-url`.
 */
export function parseSourceUrl(url: Secret): SourceUrl {
  const text = url.reveal().trim();
  // Line breaks could forge headers.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw badUrl(url, 'it holds control characters; remove them');
  if (!URL.canParse(text))
    throw badUrl(url, 'it is no URL; write scheme://host/path, or file:///path for a file');
  const parsed = new URL(text);
  const scheme = parsed.protocol.slice(0, -1);
  const kind = Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined;
  if (kind === undefined) throw unknownScheme(url, scheme, sourceSchemes);
  if (kind === 'file') {
    const path = filePath(url, parsed);
    return { kind, scheme, input: new Secret(path, path) };
  }
  if (kind === 'device') {
    if (!/^\/dev\/video\d+$/.test(parsed.pathname))
      throw badUrl(url, 'a v4l2 source names a device, such as v4l2:///dev/video0');
    return { kind, scheme, input: new Secret(parsed.pathname, parsed.pathname) };
  }
  if (parsed.hostname === '') throw badUrl(url, 'the host is missing');
  return { kind, scheme, input: secretUrl(text) };
}

/**
 * Reads a source's URL and judges it. Links are resolved, so that none leads out of the allowed folders.
 * @throws EarsightError `bad-url`, `forbidden-path`, `forbidden-address`; the messages name the mend and no credential.
 */
export function validateSourceUrl(url: Secret, rules: SourceUrlRules): SourceUrl {
  const source = parseSourceUrl(url);
  const schemes = rules.schemes ?? sourceSchemes;
  if (!schemes.includes(source.scheme)) throw unknownScheme(url, source.scheme, schemes);
  if (source.kind !== 'file') {
    if (rules.networks != null) judgeHost(source, new AddressPolicy(rules.networks));
    return source;
  }
  const named = source.input.reveal();
  const path = resolveLinks(named);
  const inside = rules.allowedFileRoots.some((root) => {
    const folder = resolveLinks(root);
    return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  });
  if (!inside)
    throw new EarsightError(
      'forbidden-path',
      `${named} lies outside the folders that sources may read (${rules.allowedFileRoots.join(', ') || 'none'}); ` +
        'move it there, or allow its folder in the configuration',
      { details: { path: named } },
    );
  return { ...source, input: new Secret(path, path) };
}

function judgeHost(source: SourceUrl, policy: AddressPolicy): void {
  if (source.kind === 'device' || policy.isOff) return;
  const host = plainAddress(new URL(source.input.reveal()).hostname);
  if (isIP(host) !== 0) policy.require(host);
}

function filePath(url: Secret, parsed: URL): string {
  try {
    return fileURLToPath(parsed);
  } catch {
    throw badUrl(url, 'a file is named by its full path: file:///path/to/file');
  }
}

/** The real path; of what does not exist, the real path of the folder that does, and the rest as it is. */
function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolveLinks(parent), basename(path));
  }
}

function badUrl(url: Secret, why: string): EarsightError {
  return new EarsightError('bad-url', `"${url.toString()}" can't be a source: ${why}`);
}

function unknownScheme(url: Secret, scheme: string, allowed: readonly string[]): EarsightError {
  return badUrl(url, `the scheme "${scheme}" is not among ${allowed.join(', ')}`);
}

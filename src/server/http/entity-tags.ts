/** Reads If-Match (RFC 9110 section 13.1.1) against the one tag that a resource has. */

/** `any` is `*`; `none` is a header that names no tag of ours, or that is malformed. */
type Match = 'missing' | 'any' | 'this' | 'none';

const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const TAGS = new RegExp(String.raw`^\s*${TAG}(?:\s*,\s*${TAG})*\s*$`);

/**
 * Weak tags match nothing (section 8.8.3.2, strong comparison).
 * @param etag quotes included
 */
export function matchOf(ifMatch: string | undefined, etag: string): Match {
  if (ifMatch === undefined) return 'missing';
  if (ifMatch.trim() === '*') return 'any';
  if (!TAGS.test(ifMatch)) return 'none';
  return [...ifMatch.matchAll(new RegExp(TAG, 'g'))].some(([tag]) => tag === etag) ? 'this' : 'none';
}

/** As {@link matchOf} for clients that leave the tag out, its quotes, or put it as a weak one. */
export function lenientMatchOf(ifMatch: string | undefined, etag: string): Match {
  const match = matchOf(ifMatch, etag);
  if (match === 'missing') return 'this';
  if (match === 'any' || ifMatch === undefined) return match;
  const bare = ifMatch.trim().replace(/^W\//, '').replaceAll('"', '');
  if (bare === '*') return 'any';
  return bare === etag.replaceAll('"', '') ? 'this' : match;
}

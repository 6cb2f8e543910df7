/** Reads a trickle ICE fragment (RFC 8840 section 9), the body of a WHIP PATCH. */

import { EarsightError } from '../../errors.ts';
import type { WhipOffer } from './offer.ts';
import { attributesOf, isHiddenCandidate, parseSections } from './sdp-lines.ts';

/** A candidate in the form of the WebRTC API, and the media section it belongs to. */
export interface TrickledCandidate {
  mid: string;
  candidate: string;
}

/**
 * The candidates of `fragment` that can be used.
 * @throws EarsightError `bad-sdp`, `unacceptable-sdp` when it belongs to another ICE session than `offer`
 */
export function readFragment(fragment: string, offer: WhipOffer): TrickledCandidate[] {
  // A fragment has no session part; the parser wants its first line.
  const [session, ...sections] = parseSections(`v=0\r\n${fragment}`);
  const known = [offer.session, ...offer.sections].flatMap((section) => attributesOf(section, 'ice-ufrag'));
  const named = [session!, ...sections].flatMap((section) => attributesOf(section, 'ice-ufrag'));
  if (named.some((ufrag) => !known.includes(ufrag))) {
    throw new EarsightError(
      'unacceptable-sdp',
      'The candidates belong to another ICE session. ICE restarts are not served: post a new offer.',
    );
  }
  return sections.flatMap((section) => {
    const mid = attributesOf(section, 'mid')[0];
    if (mid === undefined) throw new EarsightError('bad-sdp', 'A section of the fragment has no a=mid line.');
    return attributesOf(section, 'candidate')
      .filter((value) => !isHiddenCandidate(value))
      .map((value) => ({ mid, candidate: `candidate:${value}` }));
  });
}

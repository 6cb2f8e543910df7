/** Trickle ICE fragments (RFC 8840 section 9), the body of a WHIP PATCH and of the answer to an ICE restart. */

import { EarsightError } from '../../errors.ts';
import { isUsableCandidate } from './candidates.ts';
import { attributesOf, parseSections, type SdpSection } from './sdp-lines.ts';

/** What a side of an ICE session is known by and checked with (RFC 8445 section 5.3). */
export interface IceCredentials {
  ufrag: string;
  pwd: string;
}

/** A candidate in the form of the WebRTC API, and the media section it belongs to. */
export interface TrickledCandidate {
  mid: string;
  candidate: string;
}

/** What a publisher's fragment says. */
export interface IceFragment {
  /** Null where it names none; `pwd` null where it gives the name alone. */
  credentials: { ufrag: string; pwd: string | null } | null;
  /** Those that can be used; the others are passed over, as RFC 9725 section 4.3.2 asks for. */
  candidates: readonly TrickledCandidate[];
}

/** RFC 8839 section 5.4, of the ice-chars of section 5.1: a letter, a digit, + or /. */
const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const PWD = /^[A-Za-z0-9+/]{22,256}$/;

/**
 * @throws EarsightError `bad-sdp` for text that is no fragment, `unacceptable-sdp` for one that names two ICE sessions
 */
export function readFragment(fragment: string): IceFragment {
  // A fragment has no session part; the parser wants its first line.
  const [session, ...sections] = parseSections(`v=0\r\n${fragment}`);
  const all = [session!, ...sections];
  const ufrag = theOne(all, 'ice-ufrag', UFRAG);
  const pwd = theOne(all, 'ice-pwd', PWD);
  if (ufrag === null && pwd !== null) throw malformed('it has an a=ice-pwd line and no a=ice-ufrag line');
  const candidates = sections.flatMap((section) => {
    const mid = attributesOf(section, 'mid')[0];
    if (mid === undefined) throw malformed('a section of it has no a=mid line');
    return attributesOf(section, 'candidate')
      .filter((value) => isUsableCandidate(value))
      .map((value) => ({ mid, candidate: `candidate:${withoutGeneration(value)}` }));
  });
  return { credentials: ufrag === null ? null : { ufrag, pwd }, candidates };
}

/**
 * The new credentials of a fragment that begins ICE anew, null for one that adds to the session (RFC 9725 section
 * 4.3.3: whatever brings new credentials is a restart).
 * @throws EarsightError `bad-sdp` for new credentials without password, `unacceptable-sdp` when only one of the two is
 * new (RFC 8839 section 4.4.1.1.1 changes both)
 */
export function restartOf(fragment: IceFragment, current: IceCredentials): IceCredentials | null {
  const { credentials } = fragment;
  if (credentials === null) return null;
  const { ufrag, pwd } = credentials;
  if (ufrag === current.ufrag) {
    if (pwd === null || pwd === current.pwd) return null;
    throw unacceptable('It has the ice-ufrag of the session with another ice-pwd. A restart changes both.');
  }
  if (pwd === null) throw malformed('it has a new a=ice-ufrag line and no a=ice-pwd line');
  if (pwd === current.pwd) {
    throw unacceptable('It has a new ice-ufrag with the ice-pwd of the session. A restart changes both.');
  }
  return { ufrag, pwd };
}

/** What our side has after a restart. */
interface IceAnswer extends IceCredentials {
  /** Values of `a=candidate` lines. */
  candidates: readonly string[];
}

/**
 * The answer to a restart, for the one transport of the bundle.
 * @param answerSdp what the offer was answered with: ICE options stay what they were (RFC 9725 section 4.3.3)
 */
export function writeFragment(answerSdp: string, { ufrag, pwd, candidates }: IceAnswer): string {
  const [session, ...sections] = parseSections(answerSdp);
  const tagged = sections.find((section) => section.port !== 0)!;
  const kept = (section: SdpSection, pattern: RegExp): string[] =>
    section.lines.filter((line) => pattern.test(line));
  const options = [...kept(session!, ICE_OPTIONS), ...kept(tagged, ICE_OPTIONS)];
  const lines = [
    ...new Set(options),
    ...kept(session!, /^a=group:BUNDLE /),
    `m=${tagged.kind} 9 UDP/TLS/RTP/SAVPF 0`,
    ...kept(tagged, /^a=mid:/),
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    ...candidates.map((value) => `a=candidate:${value}`),
    'a=end-of-candidates',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

const ICE_OPTIONS = /^a=(ice-options:|ice-pacing:|ice-lite$)/;

/** The one value that the sections agree on. */
function theOne(sections: readonly SdpSection[], name: string, form: RegExp): string | null {
  const values = new Set(sections.flatMap((section) => attributesOf(section, name)));
  const [value, other] = values;
  if (value === undefined) return null;
  if (other !== undefined) {
    throw unacceptable(`It has two values of ${name}; one transport has one ICE session.`);
  }
  if (!form.test(value)) throw malformed(`its a=${name} line is no such value`);
  return value;
}

/** Publishers count their ICE sessions, and so do we; the two counts need not agree. */
function withoutGeneration(candidate: string): string {
  return candidate.replace(/ generation \d+/, '');
}

function malformed(why: string): EarsightError {
  return new EarsightError('bad-sdp', `The body is no trickle ICE fragment: ${why}.`);
}

function unacceptable(why: string): EarsightError {
  return new EarsightError('unacceptable-sdp', `The fragment cannot be served. ${why}`);
}

/** A session description as lines in sections (RFC 8866 section 5), enough to read an offer and edit an answer. */

import { EarsightError } from '../../errors.ts';

/** The session part, or one m= section. */
export interface SdpSection {
  /** `session`, or the media type of the m= line. */
  kind: string;
  /** Of the m= line; 0 for the session part and for rejected media. */
  port: number;
  /** Format list of the m= line. */
  payloadTypes: readonly number[];
  /** Every line, m= line included, without line ends. */
  lines: readonly string[];
}

const LINE = /^[a-z]=/;
const MEDIA_LINE = /^m=([a-z]+) (\d{1,5})(?:\/\d+)? (\S+) (.+)$/;

/**
 * The session part first, then the media sections in order.
 * @throws EarsightError `bad-sdp`
 */
export function parseSections(sdp: string): SdpSection[] {
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== 'v=0') throw malformed('it does not begin with v=0');
  const wrong = lines.find((line) => !LINE.test(line));
  if (wrong !== undefined)
    throw malformed(`the line ${JSON.stringify(wrong.slice(0, 80))} is not of the form x=...`);
  const starts = lines.flatMap((line, at) => (line.startsWith('m=') ? [at] : []));
  const session = { kind: 'session', port: 0, payloadTypes: [], lines: lines.slice(0, starts[0]) };
  return [session, ...starts.map((start, i) => parseMedia(lines.slice(start, starts[i + 1])))];
}

/** Values of `a=name:value` lines, in order. */
export function attributesOf(section: SdpSection, name: string): string[] {
  const prefix = `a=${name}:`;
  return section.lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

/** Sections back to text. */
export function joinSections(sections: readonly SdpSection[]): string {
  return `${sections.flatMap((section) => section.lines).join('\r\n')}\r\n`;
}

function parseMedia(lines: string[]): SdpSection {
  const match = MEDIA_LINE.exec(lines[0] ?? '');
  const [, kind, port, protocol, formats] = match ?? [];
  if (kind === undefined || port === undefined || protocol === undefined || formats === undefined) {
    throw malformed(`the line ${JSON.stringify((lines[0] ?? '').slice(0, 80))} is no media line`);
  }
  const payloadTypes = protocol.includes('RTP') ? formats.trim().split(/ +/).map(Number) : [];
  if (payloadTypes.some((type) => !Number.isInteger(type) || type < 0 || type > 127)) {
    throw malformed(`the ${kind} section names a payload type outside 0 to 127`);
  }
  return { kind, port: Number(port), payloadTypes, lines };
}

function malformed(why: string): EarsightError {
  return new EarsightError('bad-sdp', `The offer is no WebRTC session description: ${why}.`);
}

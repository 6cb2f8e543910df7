/** What offers, answers and fragments say of ICE, picked out and put together as a WHIP client does. */

/** Lines of `sdp` that match. */
export const linesOf = (sdp: string, pattern: RegExp): string[] =>
  sdp.split(/\r?\n/).filter((line) => pattern.test(line));

export const lineOf = (sdp: string, pattern: RegExp): string => linesOf(sdp, pattern)[0]!;

/** Of the UDP candidates. */
export const portsOf = (sdp: string): Set<number> =>
  new Set([...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ \S+ (\d+) /gm)].map(([, port]) => Number(port)));

/** `sdp` with those candidates alone that match. */
export const onlyCandidates = (sdp: string, candidate: RegExp): string =>
  sdp.replace(/^a=candidate:.*\r\n/gm, (line) => (candidate.test(line) ? line : ''));

/** The body of a PATCH: what an offer says of ICE. */
export function fragmentOf(offer: string): string {
  const candidates = new Set(linesOf(offer, /^a=candidate:/));
  return [
    lineOf(offer, /^a=ice-ufrag:/),
    lineOf(offer, /^a=ice-pwd:/),
    'm=video 9 UDP/TLS/RTP/SAVPF 0',
    'a=mid:0',
    ...candidates,
    '',
  ].join('\r\n');
}

/** The answer that a WebRTC API needs to go on with the server's new credentials. */
export function answerWith(answerSdp: string, fragment: string): string {
  const candidates = linesOf(fragment, /^a=candidate:/).join('\r\n');
  return answerSdp
    .replace(/^a=candidate:.*\r\n/gm, '')
    .replace(/^a=ice-ufrag:.*$/gm, lineOf(fragment, /^a=ice-ufrag:/))
    .replace(/^a=ice-pwd:.*$/gm, lineOf(fragment, /^a=ice-pwd:/))
    .replace(/^a=mid:0$/m, `a=mid:0\r\n${candidates}`);
}

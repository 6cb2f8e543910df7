/** The `Accept` header (RFC 9110 section 12.5.1), for an answer of which there is one form. */

/**
 * Whether it takes `type`, parameters aside: the closest of the ranges that cover it decides, and one of weight 0 is a no.
 * @param type in small letters
 */
export function accepts(header: string, type: string): boolean {
  const covering = ['*/*', `${type.split('/')[0] ?? ''}/*`, type];
  let closest = -1;
  let isTaken = false;
  for (const range of header.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const closeness = covering.indexOf(name);
    if (closeness < closest || closeness < 0) continue;
    const isRefused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    // Named twice as closely, the one that takes it holds.
    isTaken = closeness === closest ? isTaken || !isRefused : !isRefused;
    closest = closeness;
  }
  return isTaken;
}

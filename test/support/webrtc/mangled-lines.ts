/** Texts of lines as SDP is, spoilt: any reader must answer them, or refuse them by its own errors. */

import fc from 'fast-check';

/** `text` with some of its lines replaced by others of it or by any, and texts that are nothing of the kind. */
export function mangledLines(text: string): fc.Arbitrary<string> {
  const lines = text.split('\r\n');
  const line = fc.oneof(fc.string(), fc.constantFrom(...lines));
  const mangled = fc.array(fc.tuple(fc.nat(lines.length), line), { maxLength: 8 }).map((edits) => {
    const copy = [...lines];
    for (const [at, other] of edits) copy.splice(at, 1, other);
    return copy.join('\r\n');
  });
  return fc.oneof(mangled, fc.string());
}

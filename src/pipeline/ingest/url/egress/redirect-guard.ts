/**
 * Watches what an RTSP server says while FFmpeg opens it: FFmpeg follows redirects (RFC 2326 section 11.2) by itself,
 * to wherever they lead, and has no option against it.
 */

/**
 * A status line as FFmpeg's reader takes it (libavformat/rtsp.c, `ff_rtsp_read_reply`): carriage returns are skipped
 * wherever they stand, the first word begins with `RTSP/`, the second one is the status. It need not begin a line
 * here: a body without a line end may come before it.
 */
const STATUS_LINE = /R\r*T\r*S\r*P\r*\/[^ \t\n]{0,4096}[ \t][ \t\r]{0,4096}([^ \t\n]{0,4096})[ \t\n]/g;

/** What may still become one: held back until it is known. */
const BEGINNING =
  /R(?:\r*$|\r*T(?:\r*$|\r*S(?:\r*$|\r*P(?:\r*$|\r*\/(?:[^ \t\n]*$|[^ \t\n]*[ \t][ \t\r]*[^ \t\n]*$)))))/;

/** Longer status lines are none that an honest server sends. */
const MAX_HELD = 8_192;

/** C's `atoi`: blanks, a sign, digits, and whatever comes after. */
function statusOf(word: string): number {
  return Number(/^\s*([+-]?\d{1,9})/.exec(word.replaceAll('\r', ''))?.[1] ?? 0);
}

/** Feed it the server's bytes in order; it gives back what may go on, at most some bytes late. */
export class RedirectGuard {
  #held = '';

  /** @returns the bytes that may be passed on; null when they redirect, and the connection has to go */
  take(piece: Buffer): Buffer | null {
    const text = this.#held + piece.toString('latin1');
    for (const [, word = ''] of text.matchAll(STATUS_LINE)) {
      const status = statusOf(word);
      if (status >= 300 && status < 400) return null;
    }
    const at = BEGINNING.exec(text)?.index ?? text.length;
    this.#held = text.slice(at);
    if (this.#held.length > MAX_HELD) return null;
    return Buffer.from(text.slice(0, at), 'latin1');
  }

  /** What was held back, when nothing more is to be watched. */
  release(): Buffer {
    const rest = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    return rest;
  }
}

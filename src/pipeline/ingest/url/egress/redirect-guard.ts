/**
 * Watches what an RTSP server says while FFmpeg opens it: FFmpeg follows redirects (RFC 2326 section 11.2) by itself,
 * to wherever they lead, and has no option against it.
 *
 * A status line is what FFmpeg's reader takes for one (libavformat/rtsp.c, `ff_rtsp_read_reply`): carriage returns are
 * skipped wherever they stand, the first word begins with `RTSP/`, the second one is the status. It need not begin a
 * line here: a body without a line end may come before it. Each byte is looked at once, whatever the server sends.
 */

const NAME = Buffer.from('RTSP/');
const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];

/** Longer status lines are none that an honest server sends. */
const MAX_HELD = 8_192;

/**
 * C's `atoi`, which goes on counting at the beginning where a number is too large: blanks, a sign, digits, and whatever
 * comes after.
 */
function isRedirect(word: string): boolean {
  const [, sign = '', digits = '0'] = /^\s*([+-]?)(\d+)/.exec(word) ?? [];
  const status = BigInt.asIntN(32, sign === '-' ? -BigInt(digits) : BigInt(digits));
  return status >= 300n && status < 400n;
}

/** Feed it the server's bytes in order; it gives back what may go on, at most some bytes late. */
export class RedirectGuard {
  /** What may still become a status line, from its beginning on. */
  #held = Buffer.alloc(0);
  #place: 'text' | 'first word' | 'gap' | 'status' = 'text';
  /** Where the line that is being read begins, and where a name in its present word does; among the bytes held. */
  #lineAt = 0;
  #nameAt = 0;
  /** How much of the name the present word has. */
  #named = 0;
  #status = '';

  /** @returns the bytes that may be passed on; null when they redirect, and the connection has to go */
  take(piece: Buffer): Buffer | null {
    const bytes = Buffer.concat([this.#held, piece]);
    for (let at = this.#held.length; at < bytes.length; at++) {
      if (!this.#read(bytes[at]!, at)) return null;
    }
    const mayBegin = this.#named > 0 ? this.#nameAt : bytes.length;
    const from = this.#place === 'text' ? mayBegin : this.#lineAt;
    this.#held = bytes.subarray(from);
    this.#lineAt -= from;
    this.#nameAt -= from;
    return this.#held.length > MAX_HELD ? null : bytes.subarray(0, from);
  }

  /** What was held back, when nothing more is to be watched. */
  release(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** @returns whether it may go on */
  #read(byte: number, at: number): boolean {
    if (byte === RETURN) return true;
    if (byte === NEWLINE || byte === TAB || byte === SPACE) return this.#endWord(byte === NEWLINE);
    if (this.#place === 'first word') return true;
    if (this.#place === 'gap') this.#place = 'status';
    if (this.#place === 'status' && this.#status.length <= MAX_HELD)
      this.#status += String.fromCharCode(byte);
    if (this.#named < NAME.length) {
      const goesOn = byte === NAME[this.#named];
      if (this.#named === 0 || !goesOn) this.#nameAt = at;
      this.#named = goesOn ? this.#named + 1 : Number(byte === NAME[0]);
    }
    if (this.#place === 'text' && this.#named === NAME.length) this.#beginLine('first word');
    return true;
  }

  #endWord(isLineEnd: boolean): boolean {
    if (this.#place === 'status' && isRedirect(this.#status)) return false;
    // The status of one may be the first word of another.
    const hasName = this.#place === 'status' && this.#named === NAME.length;
    if (isLineEnd || (this.#place === 'status' && !hasName)) this.#place = 'text';
    else if (hasName) this.#beginLine('gap');
    else if (this.#place === 'first word') this.#place = 'gap';
    this.#named = 0;
    this.#status = '';
    return true;
  }

  #beginLine(place: 'first word' | 'gap'): void {
    this.#place = place;
    this.#lineAt = this.#nameAt;
  }
}

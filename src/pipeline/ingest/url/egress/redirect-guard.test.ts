import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RedirectGuard } from './redirect-guard.ts';

/** What is passed on, or null where the guard cut. */
function passed(pieces: readonly string[]): string | null {
  const guard = new RedirectGuard();
  let text = '';
  for (const piece of pieces) {
    const some = guard.take(Buffer.from(piece, 'latin1'));
    if (some === null) return null;
    text += some.toString('latin1');
  }
  return text + guard.release().toString('latin1');
}

/** The text in pieces of the given lengths, over and over. */
function cut(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

const HONEST =
  'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS\r\n\r\n' +
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n\r\n' +
  'RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 60\r\n\r\nv=0\r\ns=RTSP/RTP stream from camera\r\ni=RTSP/x 30\r\na=R\r\n' +
  '$\0\0\u0004RTSP$\0\0\u0005R\rTSP/';

/** All of them are redirects to FFmpeg's reader. */
const REDIRECTS = [
  'RTSP/1.0 302 Moved\r\nLocation: rtsp://10.0.0.1/\r\n\r\n',
  'RTSP/1.0 301 Moved Permanently\r\n',
  'RTSP/2.0  307\r\n',
  'R\rTSP/1.0 3\r02 Moved\r\n',
  'RTSP/1.0 \t +0302 Moved\r\n',
  'RTSP/anything 399x y\n',
  `RTSP/${'v'.repeat(3000)} 302 Moved\n`,
  'RTSP/1.0 000000000000302 Moved\r\n',
  `RTSP/1.0 ${2 ** 32 + 302} Moved\r\n`,
  `RTSP/1.0 ${302 - 2 ** 32} Moved\r\n`,
  'RTSP/1.0 RTSP/1.0 302 Moved\r\n',
  'v=0\r\na=no line endRTSP/1.0 302 Moved\r\n',
  `${HONEST}1.0 200 OK\r\n\r\nRTSP/1.0 302 Moved\r\n`,
];

describe('RedirectGuard', () => {
  it('passes everything else on, byte for byte, however it comes', () => {
    fc.assert(
      fc.property(lengths, (some) => {
        expect(passed(cut(HONEST, some))).toBe(HONEST);
      }),
    );
    const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all).toString('latin1'));
    fc.assert(
      fc.property(bytes, lengths, (text, some) => {
        fc.pre(!/R\r*T\r*S\r*P\r*\//.test(text));
        expect(passed(cut(text, some))).toBe(text);
      }),
    );
  });

  it.each(REDIRECTS)('cuts %j, however it comes, before its status is out', (text) => {
    fc.assert(
      fc.property(lengths, (some) => {
        expect(passed(cut(text, some))).toBeNull();
      }),
    );
    const guard = new RedirectGuard();
    let out = '';
    for (const byte of text) {
      const some = guard.take(Buffer.from(byte, 'latin1'));
      if (some === null) break;
      out += some.toString('latin1');
    }
    expect(out.replaceAll('\r', '')).not.toMatch(/RTSP\/\S*\s+\S*3\d\d/);
  });

  it('looks at each byte once, whatever comes', () => {
    const pieces = [
      `${'RTSP/'.repeat(13_000)}\n`,
      `${'RTSP/'.repeat(1_000)} ${'\r'.repeat(60_000)}x`,
      `${'RTSP/ '.repeat(10_000)}x`,
      'R\r'.repeat(32_000),
    ];
    const costOf = (piece: string): number =>
      Math.min(
        ...[1, 2, 3].map(() => {
          const before = performance.now();
          passed([piece]);
          return performance.now() - before;
        }),
      );
    const plain = costOf(`${'v'.repeat(65_000)}\n`);
    // What looks again and again takes hundreds to thousands of times as long.
    for (const piece of pieces) expect(costOf(piece) / plain, piece.slice(0, 8)).toBeLessThan(100);
  });

  it('holds a bounded number of bytes, and gives up on a line without end', () => {
    const guard = new RedirectGuard();
    let taken: Buffer | null = Buffer.alloc(0);
    let pieces = 0;
    while (taken !== null && pieces < 100) {
      taken = guard.take(Buffer.from(pieces === 0 ? 'RTSP/' : 'x'.repeat(1000)));
      pieces += 1;
    }
    expect(pieces).toBeLessThan(12);
  });
});

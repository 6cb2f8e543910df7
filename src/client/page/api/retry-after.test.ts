/** Both forms of Retry-After, bounded, and nonsense that is none. */

import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';
const NOW_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['12', 12_000],
    [' 7 ', 7_000],
    ['86400', 300_000],
    ['9'.repeat(400), 300_000],
  ])('reads seconds: %s', (value, ms) => {
    expect(retryAfterMs(value, null, NOW_MS)).toBe(ms);
  });

  it.each(['Sun, 06 Nov 1994 08:50:07 GMT', 'Sunday, 06-Nov-94 08:50:07 GMT', 'Sun Nov  6 08:50:07 1994'])(
    'reads a date: %s',
    (value) => {
      expect(retryAfterMs(value, null, NOW_MS)).toBe(30_000);
    },
  );

  it("counts a date from the server's own time, where it tells it", () => {
    expect(retryAfterMs('Sun, 06 Nov 1994 08:49:47 GMT', DATE, NOW_MS + 3_600_000)).toBe(10_000);
  });

  it('does not wait for a date that is over', () => {
    expect(retryAfterMs(DATE, null, NOW_MS + 1)).toBe(0);
  });

  it.each([null, '', '-3', '1.5', '0x10', 'soon', '5 apples', 'Sun, 99 Foo 1994 GMT'])(
    'passes over %j',
    (value) => {
      expect(retryAfterMs(value, null, NOW_MS)).toBeNull();
    },
  );
});

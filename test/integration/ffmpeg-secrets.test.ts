/** FFmpeg at its most talkative about URLs with passwords: what we pass on of it holds none. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { AV_LOG_QUIET, AV_LOG_TRACE } from 'node-av/constants';
import { FormatContext, Log } from 'node-av/lib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LogTail } from '../../src/pipeline/ingest/process/log-tail.ts';
import { redactor } from '../../src/pipeline/redact.ts';

/** Part of every password, and of nothing else. */
const MARK = 'Zq9';

/** Asks for a password, then has nothing. */
const server = createServer((request, response) => {
  if (request.headers.authorization === undefined) {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end();
  } else response.writeHead(404).end();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  Log.setCallback(null);
  Log.setLevel(AV_LOG_QUIET);
  server.close();
});

/** What FFmpeg says while it fails to open `url`. */
async function linesOf(url: string): Promise<string[]> {
  const lines: string[] = [];
  Log.setLevel(AV_LOG_TRACE);
  Log.setCallback((_level, line) => lines.push(line), { maxLevel: AV_LOG_TRACE });
  const format = new FormatContext();
  format.allocContext();
  expect(await format.openInput(url, null, null)).toBeLessThan(0);
  await sleep(20);
  return lines;
}

it('shows passwords at level trace, and none after the redaction that a source’s log goes through', async () => {
  const nasty = Array.from('aB7%&+@:/?=# ;,\'"<>\\$!*()[]');
  const plain = fc
    .tuple(
      fc.string({ unit: fc.constantFrom(...nasty), maxLength: 5 }),
      fc.string({ unit: fc.constantFrom(...nasty), maxLength: 9 }),
    )
    .map(([before, after]) => `${before}${MARK}${after}`);
  const form = fc.constantFrom('user', 'query', 'rtsp');
  let shownByFfmpeg = 0;
  await fc.assert(
    fc.asyncProperty(plain, form, async (password, place) => {
      const safe = encodeURIComponent(password);
      const { port } = server.address() as AddressInfo;
      const url =
        place === 'user'
          ? `http://admin:${safe}@127.0.0.1:${port}/live`
          : place === 'query'
            ? `http://127.0.0.1:${port}/live?pwd=${safe}`
            : // Port 1: nobody listens.
              `rtsp://admin:${safe}@127.0.0.1:1/live`;
      const raw = await linesOf(url);
      if (raw.some((line) => line.includes(MARK))) shownByFfmpeg += 1;
      const tail = new LogTail({ redact: redactor([url]), maxLines: 10_000 });
      tail.push(`${raw.join('\n')}\n`);
      for (const line of tail.lines) {
        expect(line).not.toContain(MARK);
        expect(line).not.toContain(Buffer.from(`admin:${password}`).toString('base64'));
      }
    }),
    { numRuns: 60 },
  );
  // Otherwise the test would prove nothing.
  expect(shownByFfmpeg).toBeGreaterThan(20);
});

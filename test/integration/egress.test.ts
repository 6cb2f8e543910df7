/** Sources that came from outside, and the ways in that they must not find: each is tried with the guard and without. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UrlSource } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { makeCertificate } from '../../src/server/tls/self-signed.ts';
import { RecordingSink } from '../contract/media-source.ts';
import { listen } from '../support/listen.ts';
import { rtspAvailable, startRtspServer } from '../support/rtsp/rtsp-server.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined;
if (!hasFfmpeg)
  console.warn('skipped: guarded sources by HTTP, because ffmpeg is not installed to make a clip');

/** Named to the guard, and the one beside it that is not. */
const HERE = '127.0.0.1';
const INSIDE = '127.0.0.2';
const GUARDED = [HERE];

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(server: Server, host: string): Promise<number> {
  const port = await listen(server, 0, host);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close').catch(() => undefined);
  });
  return port;
}

/** The thing inside that nobody outside should reach: counts who does. */
async function insider(): Promise<{ port: number; visits: () => number }> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.end('HTTP/1.0 404 Not Found\r\n\r\n');
  });
  return { port: await open(server, INSIDE), visits: () => visits };
}

/** Opens a source until it is through, or has failed once. */
async function tryOut(url: string, networks: readonly string[] | null): Promise<RecordingSink> {
  const sink = new RecordingSink();
  const source = new UrlSource('x', { url: secretUrl(url), networks, reading: { pace: 'fastest' } });
  source.open(sink);
  closers.push(() => source.close());
  await sink.until(
    ({ phases }) => /ended|failed|reconnecting/.test(phases.at(-1)?.phase ?? ''),
    'an outcome',
  );
  await source.close();
  return sink;
}

const reasonOf = (sink: RecordingSink): string => {
  const last = sink.phases.at(-1);
  return last !== undefined && 'reason' in last ? last.reason : '';
};

let folder = '';
let clip: Buffer;
let movie: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-egress-'));
  if (!hasFfmpeg) return;
  const file = join(folder, 'clip.ts');
  const made = ['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=10', '-f', 'lavfi', '-i', 'sine=440'];
  spawnSync('ffmpeg', ['-loglevel', 'error', ...made, '-t', '2', '-c:v', 'mpeg2video', '-c:a', 'mp2', file]);
  clip = readFileSync(file);
  const mp4 = join(folder, 'clip.mp4');
  spawnSync('ffmpeg', [
    '-loglevel',
    'error',
    '-i',
    file,
    '-c:v',
    'mpeg4',
    '-c:a',
    'aac',
    '-movflags',
    'faststart',
    mp4,
  ]);
  movie = readFileSync(mp4);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('names and addresses', () => {
  it.each([
    ['rtsp://localhost:1/x', ['public']],
    ['http://localhost:1/x', ['public']],
    ['rtmp://localhost:1/x/y', ['public']],
    ['srt://localhost:1', ['public']],
    // Ways to write 127.0.0.1 that no check of the text would know.
    ['rtsp://2130706433:1/x', ['public']],
    ['http://0x7f.1:1/x', ['public']],
    ['rtsp://127.1:1/x', ['public', 'private']],
  ])('%s is not reached where %j is allowed', async (url, networks) => {
    expect(reasonOf(await tryOut(url, networks))).toBe('forbidden-address');
  });

  it('an allowed address that refuses is told as before', async () => {
    expect(reasonOf(await tryOut('rtsp://127.0.0.1:1/x', ['loopback']))).toBe('source-refused');
    expect(reasonOf(await tryOut('http://127.0.0.1:1/x', ['loopback']))).toBe('source-refused');
  });
});

describe.skipIf(!hasFfmpeg)('by HTTP', () => {
  /** Serves the clip, and whatever leads to the insider. */
  async function outsider(inside: number): Promise<number> {
    const server = createHttpServer((request, response) => {
      const lead = `http://${INSIDE}:${inside}/clip.ts`;
      const list = (segment: string): string =>
        `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${segment}\n#EXT-X-ENDLIST\n`;
      const answers: Record<string, () => void> = {
        '/clip.ts': () => response.end(clip),
        '/clip.mp4': () => response.end(movie),
        '/moved.ts': () => response.writeHead(302, { Location: lead }).end(),
        '/relative.mp4': () => response.writeHead(302, { Location: '/clip.mp4' }).end(),
        '/list.m3u8': () => response.end(list('clip.ts')),
        '/evil.m3u8': () => response.end(list(lead)),
        '/key.m3u8': () =>
          response.end(
            list('clip.ts').replace('#EXTINF', `#EXT-X-KEY:METHOD=AES-128,URI="${lead}"\n#EXTINF`),
          ),
        '/file.m3u8': () => response.end(list('file:///etc/passwd')),
        '/tcp.m3u8': () => response.end(list(`tcp://${INSIDE}:${inside}`)),
        '/concat.ts': () => response.end(`ffconcat version 1.0\nfile tcp://${INSIDE}:${inside}\n`),
        '/sdp.ts': () =>
          response.end(
            `v=0\no=- 0 0 IN IP4 ${INSIDE}\ns=x\nc=IN IP4 ${INSIDE}\nt=0 0\nm=video ${inside} RTP/AVP 96\n`,
          ),
      };
      (answers[request.url ?? ''] ?? (() => response.writeHead(404).end()))();
    });
    return await open(server, HERE);
  }

  it.each(['/clip.mp4', '/relative.mp4', '/list.m3u8'])('%s plays whole through the guard', async (path) => {
    const { port } = await insider();
    const sink = await tryOut(`http://${HERE}:${await outsider(port)}${path}`, GUARDED);
    expect(sink.phases.at(-1)?.phase).toBe('ended');
    expect(sink.frames).toHaveLength(20);
  });

  it.each(['/moved.ts', '/evil.m3u8', '/key.m3u8'])(
    '%s leads inside without the guard, and not with it',
    async (path) => {
      const { port, visits } = await insider();
      const url = `http://${HERE}:${await outsider(port)}${path}`;
      const guarded = await tryOut(url, GUARDED);
      expect(visits()).toBe(0);
      expect(guarded.frames).toEqual([]);
      expect(reasonOf(guarded)).toBe('forbidden-address');
      await tryOut(url, null);
      // Otherwise the test would prove nothing.
      expect(visits()).toBeGreaterThan(0);
    },
  );

  it.each(['/file.m3u8', '/tcp.m3u8', '/concat.ts', '/sdp.ts'])('%s leads nowhere', async (path) => {
    const { port, visits } = await insider();
    const sink = await tryOut(`http://${HERE}:${await outsider(port)}${path}`, GUARDED);
    expect(visits()).toBe(0);
    expect(sink.frames).toEqual([]);
  });
});

describe('encrypted', () => {
  it.skipIf(!hasFfmpeg)('HTTPS plays through the guard, and its redirects lead nowhere', async () => {
    const { port: inside, visits } = await insider();
    const server = createHttpsServer(await makeCertificate([], Date.now()), (request, response) => {
      if (request.url === '/clip.mp4') response.end(movie);
      else response.writeHead(302, { Location: `http://${INSIDE}:${inside}/` }).end();
    });
    const port = await open(server, HERE);
    const sink = await tryOut(`https://${HERE}:${port}/clip.mp4`, GUARDED);
    expect(sink.phases.at(-1)?.phase).toBe('ended');
    expect(sink.frames).toHaveLength(20);
    expect(reasonOf(await tryOut(`https://${HERE}:${port}/moved.mp4`, GUARDED))).toBe('forbidden-address');
    expect(visits()).toBe(0);
  });

  it('RTSPS is read in clear by the relay, so its redirects are seen', async () => {
    const { port: inside, visits } = await insider();
    const heard: string[] = [];
    const server = createTlsServer(await makeCertificate([], Date.now()), (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (piece: Buffer) => {
        heard.push(piece.toString());
        socket.write(`RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://${INSIDE}:${inside}/\r\n\r\n`);
      });
    });
    const sink = await tryOut(`rtsps://u:p@${HERE}:${await open(server, HERE)}/live`, GUARDED);
    expect(heard[0]).toMatch(/^OPTIONS rtsp:\/\/127\.0\.0\.1:\d+\/live RTSP\/1\.0/);
    expect(reasonOf(sink)).toBe('forbidden-address');
    expect(visits()).toBe(0);
  });
});

describe('by RTSP', () => {
  /** Answers the first request with a redirect inside, in two pieces. */
  async function redirecting(inside: number): Promise<number> {
    const server = createServer((socket) => {
      socket.on('data', () => {
        socket.write('RTSP/1.0 3');
        void sleep(50).then(() =>
          socket.write(`02 Moved\r\nCSeq: 1\r\nLocation: rtsp://${INSIDE}:${inside}/live\r\n\r\n`),
        );
      });
    });
    return await open(server, HERE);
  }

  it('a redirect leads inside without the guard, and not with it', async () => {
    const { port, visits } = await insider();
    const url = `rtsp://${HERE}:${await redirecting(port)}/live`;
    const guarded = await tryOut(url, GUARDED);
    expect(visits()).toBe(0);
    expect(reasonOf(guarded)).toBe('forbidden-address');
    await tryOut(url, null);
    expect(visits()).toBeGreaterThan(0);
  });

  const missing = rtspAvailable();
  if (missing !== null) console.warn(`skipped: a guarded RTSP camera (${missing})`);
  it.skipIf(missing !== null)('a camera with a password comes through the guard', async () => {
    const camera = await startRtspServer({ user: 'root', password: 'p@ss/w%41' });
    closers.push(() => camera.stop());
    const sink = new RecordingSink();
    const source = new UrlSource('cam', {
      url: secretUrl(camera.url.replace('rtsp://', 'rtsp://root:p%40ss%2Fw%2541@')),
      networks: GUARDED,
    });
    closers.push(() => source.close());
    source.open(sink);
    await sink.until(
      ({ frames, chunks, reports }) => frames.length > 10 && chunks.length > 5 && reports.length > 1,
      'media',
    );
    expect(sink.phases.map(({ phase }) => phase)).toEqual(['connecting', 'connected']);
  });
});

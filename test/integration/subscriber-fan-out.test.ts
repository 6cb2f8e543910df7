/** The server's side of docs/protocol.md over real sockets: what subscribers get, lose, and are closed for. */

import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type ServerMessage, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../../src/protocol/messages.ts';
import { HeatmapServer, heatmapResult, streamInfo, TestClient } from '../support/heatmap-server.ts';

const servers: HeatmapServer[] = [];
const start = (...options: ConstructorParameters<typeof HeatmapServer>): Promise<HeatmapServer> => {
  const server = new HeatmapServer(...options);
  servers.push(server);
  return server.listen();
};
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** A handshake as text, and all that came back. */
async function rawHandshake(server: HeatmapServer, path: string, headers: string[]): Promise<string> {
  const socket = tcpConnect(server.port, '127.0.0.1');
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
      '\r\n',
    ].join('\r\n'),
  );
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    if (answer.startsWith('HTTP/1.1 101')) socket.destroy();
  });
  await once(socket, 'close');
  return answer;
}

describe('handshake', () => {
  const path = '/api/v1/heatmaps';

  test.each([
    ['none', []],
    ['a foreign one', ['Sec-WebSocket-Protocol: chat']],
  ])('[H2] with %s of our subprotocols: 400 and a problem document', async (_name, headers) => {
    const answer = await rawHandshake(await start(), path, headers);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({
      status: 400,
      code: 'subprotocol-required',
    });
  });

  test("[H2] the first of ours in the client's order is taken", async () => {
    const protocols = `Sec-WebSocket-Protocol: chat, ${SUBPROTOCOL_JSON}, ${SUBPROTOCOL_BINARY}`;
    const answer = await rawHandshake(await start(), path, [protocols]);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain(`Sec-WebSocket-Protocol: ${SUBPROTOCOL_JSON}\r\n`);
    expect(answer).not.toContain('Sec-WebSocket-Extensions');
  });

  test('[H3] from a foreign origin: 403, unless allowed', async () => {
    const headers = [`Sec-WebSocket-Protocol: ${SUBPROTOCOL_JSON}`, 'Origin: https://evil.example'];
    expect(await rawHandshake(await start(), path, headers)).toMatch(/^HTTP\/1\.1 403 [^]*forbidden-origin/);
    const open = await start({}, { allowedOrigins: ['https://evil.example'] });
    expect(await rawHandshake(open, path, headers)).toMatch(/^HTTP\/1\.1 101 /);
  });

  test('[H1] elsewhere: 404', async () => {
    const headers = [`Sec-WebSocket-Protocol: ${SUBPROTOCOL_JSON}`];
    expect(await rawHandshake(await start(), '/api/v1/streams', headers)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('[L1] past the limit of subscribers: 1013', async () => {
    const server = await start({ limits: { maxSubscribers: 1 } });
    await server.connect();
    const second = new TestClient(new WebSocket(server.url, SUBPROTOCOL_BINARY));
    expect(await second.closed).toBe(1013);
    expect(server.fanOut.subscriberCount).toBe(1);
  });

  test('[H4] the query subscribes, and what is wrong with it is answered', async () => {
    const server = await start();
    const good = await server.connect('?streams=a,b&classes=dog&maxRateHz=15&preview=none');
    await good.until((message) => message.type === 'status' && message.stream.id === 'b');
    server.publish('a', 0);
    await good.until(({ type }) => type === 'heatmap');
    expect(good.heatmaps[0]?.classes.map(({ index }) => index)).toEqual([0]);
    const bad = await server.connect('?streams=a&maxRateHz=fast');
    expect(await bad.until(({ type }) => type === 'error')).toMatchObject({ code: 'malformed' });
  });
});

describe.each(['binary', 'json'] as const)('subscribing, %s', (encoding) => {
  test('[S1] hello first, then each stream: its status and its last result if fresh', async () => {
    const server = await start();
    server.publish('a', 7);
    const client = await server.connect('', encoding);
    client.send({ type: 'subscribe', streams: ['*'] });
    await client.settle();
    expect(client.messages.map(({ type }) => type)).toEqual(['hello', 'status', 'heatmap', 'status']);
    expect(client.heatmaps[0]).toMatchObject({ stream: 'a', sequence: 7, preview: null });
    expect(client.heatmaps[0]?.sendWallMs).toBeGreaterThanOrEqual(client.heatmaps[0]!.captureWallMs);
    expect(client.ofType('hello')[0]).toMatchObject({
      protocol: 1,
      streams: [{ id: 'a' }, { id: 'b' }],
      limits: { maxMessageBytes: 16_384, maxQueuedBytes: 1_048_576 },
    });
  });

  test('[S1] a stale last result is not sent', async () => {
    const server = await start({ limits: { snapshotMaxAgeMs: -1 } });
    server.publish('a', 7);
    const client = await server.connect('?streams=a', encoding);
    await client.settle();
    expect(client.heatmaps).toEqual([]);
  });

  test('[S2] settings: classes, least probability, rate', async () => {
    const server = await start();
    const client = await server.connect('', encoding);
    client.send({ type: 'subscribe', streams: ['a'], classes: ['guitar'] });
    client.send({ type: 'subscribe', streams: ['b'], minimumProbability: 0.5, maxRateHz: 10 });
    await client.settle();
    for (let i = 0; i < 30; i++) {
      for (const id of ['a', 'b']) server.publish(id, i);
      await nextTurn();
    }
    await client.settle();
    expect(client.sequences('a')).toHaveLength(30);
    expect(client.sequences('b').length).toBeGreaterThanOrEqual(10);
    expect(client.sequences('b').length).toBeLessThanOrEqual(11);
    for (const { stream, classes } of client.heatmaps) {
      expect(classes.map(({ index }) => index)).toEqual(stream === 'a' ? [1] : [0]);
    }
  });
});

test('[L5] no subscriber is sent more than the announced rate, whatever it asks for', async () => {
  const server = await start({ limits: { maxRateHz: 10 } });
  const asking = ['maxRateHz=1000', 'maxRateHz=5', 'preview=none'];
  const clients = await Promise.all(asking.map((query) => server.connect(`?streams=a&${query}`)));
  for (let i = 0; i < 60; i++) {
    server.publish('a', i);
    await nextTurn();
  }
  for (const client of clients) await client.settle();
  const every = (n: number): number[] => Array.from({ length: 60 / n }, (_, i) => i * n);
  expect(clients.map((client) => client.sequences('a'))).toEqual([every(3), every(6), every(3)]);
  expect(clients[0]!.ofType('hello')[0]!.limits.maxRateHz).toBe(10);
  expect(clients.flatMap((client) => client.ofType('dropped'))).toEqual([]);
});

describe('streams come and go', () => {
  test('[S3][S4] a stream added later, its changes, its end; no result before or after', async () => {
    const server = await start();
    const every = await server.connect('?streams=*');
    const named = await server.connect('?streams=later');
    expect(await named.until(({ type }) => type === 'error')).toMatchObject({ code: 'stream-unknown' });
    server.publish('later', 0);
    server.fanOut.streamChanged(streamInfo('later', 'connecting'));
    server.publish('later', 1);
    server.fanOut.streamChanged(streamInfo('later'));
    server.fanOut.streamRemoved('later');
    server.publish('later', 2);
    for (const client of [every, named]) {
      await client.settle();
      const about = client.messages.filter(
        (message) =>
          (message.type === 'status' && message.stream.id === 'later') ||
          ('stream' in message && message.stream === 'later'),
      );
      expect(about.map(({ type }) => type)).toEqual(['status', 'heatmap', 'status', 'removed']);
      expect(client.sequences('later')).toEqual([1]);
    }
  });

  test('[C4] unsubscribe ends it', async () => {
    const server = await start();
    const client = await server.connect('?streams=*');
    client.send({ type: 'unsubscribe', streams: ['a'] });
    await client.settle();
    for (const id of ['a', 'b']) server.publish(id, 0);
    await client.settle();
    expect(client.heatmaps.map(({ stream }) => stream)).toEqual(['b']);
  });
});

describe('previews', () => {
  test('[P1] encoded once for all who asked, and not at all when nobody did', async () => {
    const encodePreview = vi.fn(async (frame: { data: Uint8Array }) => {
      await delay(1);
      return Uint8Array.of(0xff, 0xd8, frame.data[0]!);
    });
    const server = await start({ encodePreview });
    const plain = await server.connect('?streams=a');
    await plain.settle();
    server.publish('a', 1);
    await plain.settle();
    expect(encodePreview).not.toHaveBeenCalled();

    const with1 = await server.connect('?streams=a&preview=jpeg');
    const with2 = await server.connect('?streams=a&preview=jpeg', 'json');
    await Promise.all([with1.settle(), with2.settle()]);
    server.publish('a', 2);
    for (const client of [with1, with2]) {
      await client.until((message) => message.type === 'heatmap' && message.sequence === 2);
      expect(client.heatmaps.at(-1)?.preview).toEqual(Uint8Array.of(0xff, 0xd8, 2));
    }
    await plain.settle();
    expect(plain.heatmaps.at(-1)).toMatchObject({ sequence: 2, preview: null });
    expect(encodePreview).toHaveBeenCalledTimes(1);
  });

  test('[P2] a slow encoder drops results and never queues; results without preview go on', async () => {
    const finish: (() => void)[] = [];
    const encoded: number[] = [];
    const server = await start({
      limits: { lookIntervalMs: 20 },
      encodePreview: (frame) => {
        encoded.push(frame.data[0]!);
        return new Promise((resolve) => finish.push(() => resolve(Uint8Array.of(frame.data[0]!))));
      },
    });
    const plain = await server.connect('?streams=a');
    const picture = await server.connect('?streams=a&preview=jpeg');
    await Promise.all([plain.settle(), picture.settle()]);
    for (let i = 1; i <= 9; i++) {
      server.publish('a', i);
      await nextTurn();
    }
    await plain.settle();
    expect(plain.sequences('a')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(encoded).toEqual([1]);
    finish[0]!();
    await picture.until(({ type }) => type === 'heatmap');
    await picture.settle();
    expect(encoded).toEqual([1, 9]);
    finish[1]!();
    await picture.until((message) => message.type === 'heatmap' && message.sequence === 9);
    const notices = () => picture.ofType('dropped');
    await picture.until(() => notices().reduce((sum, { count }) => sum + count, 0) === 7);
    expect(new Set(notices().map(({ reason }) => reason))).toEqual(new Set(['slow-preview']));
  });

  test('[P3] a preview that fails: the result comes without', async () => {
    const previewFailed = vi.fn();
    const server = await start({
      encodePreview: () => Promise.reject(new Error('no memory')),
      observer: {
        previewFailed,
        subscribers: () => undefined,
        sent: () => undefined,
        dropped: () => undefined,
        encodingFailed: () => undefined,
      },
    });
    const client = await server.connect('?streams=a&preview=jpeg');
    await client.settle();
    server.publish('a', 1);
    expect(await client.until(({ type }) => type === 'heatmap')).toMatchObject({ preview: null });
    expect(previewFailed).toHaveBeenCalledWith('a', new Error('no memory'));
  });
});

test('[Q1][Q2] a slow reader loses old results, keeps the bound, and changes nothing for the others', async () => {
  const heatBytes = 60_000;
  const maxQueuedBytes = 100_000;
  const rounds = 400;
  let slowDrops = 0;
  const server = await start({
    limits: { maxQueuedBytes, lookIntervalMs: 20 },
    observer: {
      dropped: (_stream, _reason, count) => {
        slowDrops += count;
      },
      subscribers: () => undefined,
      sent: () => undefined,
      previewFailed: () => undefined,
      encodingFailed: () => undefined,
    },
  });
  const accepted: WebSocket[] = [];
  const handle = server.fanOut.handle.bind(server.fanOut);
  vi.spyOn(server.fanOut, 'handle').mockImplementation((socket, ...rest) => {
    accepted.push(socket);
    handle(socket, ...rest);
  });
  const slow = await server.connect('?streams=a,b');
  const fast = await Promise.all([server.connect('?streams=a,b'), server.connect('?streams=*', 'json')]);
  await Promise.all([slow, ...fast].map((client) => client.settle()));
  slow.socket.pause();
  const isResult = (sequence: number, stream?: string) => (message: ServerMessage) =>
    message.type === 'heatmap' &&
    message.sequence === sequence &&
    (stream === undefined || message.stream === stream);

  let mostBuffered = 0;
  for (let i = 0; i < rounds; i++) {
    for (const id of ['a', 'b']) server.publish(id, i, heatBytes);
    mostBuffered = Math.max(mostBuffered, accepted[0]!.bufferedAmount);
    await Promise.all(fast.map((client) => client.until(isResult(i, 'b'))));
  }
  for (const client of fast) {
    for (const id of ['a', 'b'])
      expect(client.sequences(id)).toEqual(Array.from({ length: rounds }, (_, i) => i));
    expect(client.ofType('dropped')).toEqual([]);
  }
  expect(slowDrops).toBeGreaterThan(0);
  // One message on its way is exempt, but it is smaller than the bound here.
  expect(mostBuffered).toBeLessThanOrEqual(maxQueuedBytes);

  slow.socket.resume();
  await slow.until(isResult(rounds - 1));
  await slow.until(() => slow.ofType('dropped').reduce((sum, { count }) => sum + count, 0) === slowDrops);
  for (const id of ['a', 'b']) {
    const sequences = slow.sequences(id);
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
    expect(new Set(sequences).size).toBe(sequences.length);
  }
  expect(slow.heatmaps.length + slowDrops).toBe(2 * rounds);
});

describe('closing', () => {
  test('[E3] a hundred malformed messages: an error each, then 1008', async () => {
    const server = await start();
    const client = await server.connect();
    for (let i = 0; i < 120; i++) client.send(i % 2 === 0 ? '{"type":"dance"}' : '{');
    expect(await client.closed).toBe(1008);
    expect(client.ofType('error')).toHaveLength(100);
    expect(client.ofType('error').every(({ code }) => code === 'malformed')).toBe(true);
  });

  test('[E3] binary client messages are malformed', async () => {
    const client = await (await start()).connect();
    client.socket.send(Buffer.from('{"type":"subscribe","streams":["a"]}'));
    expect(await client.until(({ type }) => type === 'error')).toMatchObject({ code: 'malformed' });
  });

  test('[L4] too many messages, well formed: 1008', async () => {
    const server = await start({ limits: { maxClientMessages: 50 } });
    const client = await server.connect();
    for (let i = 0; i < 60; i++) client.send({ type: 'subscribe', streams: ['a'] });
    expect(await client.closed).toBe(1008);
  });

  test.each([
    ['class-unknown', { type: 'subscribe', streams: ['a'], classes: ['cat'] }],
    ['not-subscribed', { type: 'configure', streams: ['a'], maxRateHz: 1 }],
    ['too-many-streams', { type: 'subscribe', streams: ['a', 'b', 'c'] }],
    ['stream-unknown', { type: 'subscribe', streams: ['nobody'] }],
  ])('[E1] %s', async (code, message) => {
    const client = await (await start({ limits: { maxStreams: 2 } })).connect();
    client.send(message);
    expect(await client.until(({ type }) => type === 'error')).toMatchObject({ code });
  });

  test('[L2] a message of 16 KiB and a byte: 1009', async () => {
    const client = await (await start()).connect();
    client.send(' '.repeat(16 * 1024));
    expect(await client.until(({ type }) => type === 'error')).toMatchObject({ code: 'malformed' });
    client.send(' '.repeat(16 * 1024 + 1));
    expect(await client.closed).toBe(1009);
  });

  test('[K1] alive messages come, and who answers no ping is cut off', async () => {
    const limits = { aliveIntervalMs: 50, lookIntervalMs: 20, unreadCutMs: 2_000 };
    const server = await start({ limits });
    const live = await server.connect();
    const deaf = new TestClient(new WebSocket(server.url, SUBPROTOCOL_JSON, { autoPong: false }));
    expect(await deaf.closed).toBe(1006);
    await live.until(() => live.ofType('alive').length >= 3);
    expect(live.socket.readyState).toBe(WebSocket.OPEN);
    while (server.fanOut.subscriberCount > 1) await delay(5);
  });

  test('[K2] who takes nothing for too long: 1013, pings or not', async () => {
    const server = await start({ limits: { maxQueuedBytes: 100_000, lookIntervalMs: 20, stallMs: 150 } });
    const client = await server.connect('?streams=a');
    await client.settle();
    client.socket.pause();
    const closing = vi.spyOn(WebSocket.prototype, 'close');
    for (let i = 0; closing.mock.calls.length === 0; i++) {
      server.publish('a', i, 60_000);
      await delay(1);
    }
    client.socket.resume();
    expect(await client.closed).toBe(1013);
    closing.mockRestore();
  });

  test('[X1] close: 1001 to all, bounded for those who do not answer, and nothing is left', async () => {
    const closeGraceMs = 123;
    const server = await start({ limits: { closeGraceMs } });
    // Of all timers only the fan-out's: its two intervals, and the one deadline with this very delay.
    const intervals = vi.spyOn(globalThis, 'setInterval');
    const timeouts = vi.spyOn(globalThis, 'setTimeout');
    const deadlines = ({ mock }: typeof timeouts) =>
      mock.results.filter((_, i) => mock.calls[i]?.[1] === closeGraceMs);
    const stopped: unknown[] = [];
    for (const name of ['clearInterval', 'clearTimeout'] as const) {
      const clear = globalThis[name];
      vi.spyOn(globalThis, name).mockImplementation((timer) => {
        stopped.push(timer);
        clear(timer);
      });
    }
    const polite = await server.connect('?streams=a');
    const mute = await server.connect('?streams=a');
    mute.socket.pause();
    const closing = server.fanOut.close();
    expect(server.fanOut.close()).toBe(closing);
    expect(await polite.closed).toBe(1001);
    await closing;
    expect(server.fanOut.subscriberCount).toBe(0);
    while (server.openSockets > 0) await delay(5);
    server.fanOut.publish(heatmapResult('a', 1));
    const late = new TestClient(new WebSocket(server.url, SUBPROTOCOL_JSON));
    expect(await late.closed).toBe(1001);
    await server.close();
    const started = [...intervals.mock.results, ...deadlines(timeouts)].map(
      ({ value }) => value as NodeJS.Timeout,
    );
    expect(started).toHaveLength(3);
    for (const timer of started) expect(stopped).toContain(timer);
    vi.restoreAllMocks();
  });
});

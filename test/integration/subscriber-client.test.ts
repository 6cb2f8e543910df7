/** The client library against a real server: decoding, settings, reconnecting, silence, and leaving nothing behind. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  type ConnectionState,
  type HeatmapMessage,
  heatAt,
  type Problem,
  type SubscribeOptions,
  type Subscription,
  subscribe,
} from '../../src/client/subscriber.ts';
import { retryDelayMs } from '../../src/client/subscriber-backoff.ts';
import type { WebSocketLike } from '../../src/client/subscriber-socket.ts';
import { HeatmapServer, heatmapResult, streamInfo } from '../support/heatmap-server.ts';

const servers: HeatmapServer[] = [];
const subscriptions: Subscription[] = [];
const start = (...options: ConstructorParameters<typeof HeatmapServer>): Promise<HeatmapServer> => {
  const server = new HeatmapServer(...options);
  servers.push(server);
  return server.listen();
};
afterEach(async () => {
  for (const subscription of subscriptions.splice(0)) subscription.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** What one subscription was told, in order. */
interface Log {
  readonly subscription: Subscription;
  readonly heatmaps: HeatmapMessage[];
  readonly states: ConnectionState[];
  readonly problems: Problem[];
  readonly streams: string[];
}

function follow(url: Parameters<typeof subscribe>[0], options: SubscribeOptions = {}): Log {
  const log = { heatmaps: [], states: [], problems: [], streams: [] } as Omit<Log, 'subscription'>;
  const subscription = subscribe(url, {
    backoff: { firstMs: 20, maxMs: 50 },
    onHeatmap: (message) => log.heatmaps.push(message),
    onConnection: (connection) => log.states.push(connection),
    onProblem: (problem) => log.problems.push(problem),
    onStatus: ({ id }) => log.streams.push(id),
    onRemoved: (id) => log.streams.push(`-${id}`),
    ...options,
  });
  subscriptions.push(subscription);
  return { subscription, ...log };
}

const until = (holds: () => boolean): Promise<unknown> =>
  vi.waitUntil(holds, { timeout: 15_000, interval: 5 });

describe.each(['binary', 'json'] as const)('%s', (encoding) => {
  test('subscribes, receives, configures', async () => {
    const server = await start();
    const { subscription, heatmaps, streams } = follow(server.url, { encoding, classes: ['dog'] });
    await until(() => streams.length === 2);
    expect(subscription.connection).toEqual({ state: 'open' });
    server.publish('a', 200);
    await until(() => heatmaps.length === 1);
    expect(heatmaps[0]).toMatchObject({ stream: 'a', sequence: 200, classes: [{ index: 0, heard: 0.75 }] });
    expect(heatAt(heatmaps[0]!, 0, 0.5, 0.5)).toBeCloseTo(200 / 255);

    subscription.configure({ classes: ['guitar'] });
    subscription.configure({ classes: ['dog', 'guitar'] }, ['b']);
    // Answered in order: once the bad one is refused, the two before it hold.
    const refused: Problem[] = [];
    const probe = follow(server.url, {
      streams: ['a'],
      classes: ['cat'],
      onProblem: (one) => refused.push(one),
    });
    await until(() => refused.length === 1);
    expect(refused[0]).toMatchObject({ code: 'class-unknown' });
    probe.subscription.close();
    await until(() => {
      server.publish('a', heatmaps.length + 300);
      return heatmaps.at(-1)?.classes[0]?.index === 1;
    });
    await until(() => {
      server.publish('b', heatmaps.length + 300);
      return heatmaps.at(-1)?.stream === 'b' && heatmaps.at(-1)?.classes.length === 2;
    });
    server.fanOut.streamRemoved('b');
    await until(() => streams.includes('-b'));
  });
});

test('reconnects after a break, subscribes again with the settings it has by then', async () => {
  const server = await start();
  const urls: string[] = [];
  const { subscription, heatmaps, states, streams } = follow(() => {
    urls.push(`${server.url}?ticket=${urls.length}`);
    return Promise.resolve(urls.at(-1)!);
  });
  await until(() => streams.length === 2);
  subscription.configure({ classes: [] });
  subscription.configure({ classes: ['guitar'] }, ['a']);
  server.breakConnections();
  await until(() => streams.length >= 4);
  expect(urls.map((url) => url.slice(-1))).toEqual(['0', '1']);
  expect(states.map(({ state }) => state)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  expect(states[2]).toMatchObject({ code: 1006 });
  await until(() => {
    for (const id of ['a', 'b']) server.publish(id, heatmaps.length);
    const indices = (id: string) =>
      heatmaps.findLast(({ stream }) => stream === id)?.classes.map(({ index }) => index);
    return indices('a')?.join() === '1' && indices('b')?.length === 0;
  });
});

test('waits for a server that is not there yet, and outlives its restart', async () => {
  const first = await start();
  const { port, url } = first;
  await first.close();
  const { states, streams } = follow(url);
  await until(() => states.filter(({ state }) => state === 'waiting').length >= 3);
  const second = new HeatmapServer();
  servers.push(second);
  await second.listen(port);
  await until(() => streams.length === 2);
  await second.close();
  await until(() => states.at(-1)?.state === 'waiting');
  expect(states.find((one) => one.state === 'waiting' && one.code === 1001)).toBeDefined();
});

test('[K3] a silent connection is given up; alive messages keep a quiet one', async () => {
  const quiet = await start({ limits: { aliveIntervalMs: 40 } });
  const log = follow(quiet.url);
  await until(() => log.subscription.connection.state === 'open');
  await delay(300);
  expect(log.states.map(({ state }) => state)).toEqual(['connecting', 'open']);

  // A server that says hello and then nothing, although it promised a sign of life every 40 ms.
  const hello = { ...log.subscription.hello! };
  const sockets: MuteSocket[] = [];
  class MuteSocket implements WebSocketLike {
    binaryType = 'blob';
    protocol = '';
    closed = false;
    readonly listeners: Record<string, (event: never) => void> = {};
    constructor() {
      sockets.push(this);
      setTimeout(() => this.say(JSON.stringify(hello)), 1);
    }
    say(data: unknown): void {
      this.listeners['message']?.({ data } as never);
    }
    send(): void {
      return;
    }
    close(): void {
      this.closed = true;
    }
    addEventListener(type: string, listener: (event: never) => void): void {
      this.listeners[type] = listener;
    }
  }
  const mute = follow('ws://camera.example/', { WebSocket: MuteSocket });
  await until(() => sockets.length === 2);
  expect(sockets[0]?.closed).toBe(true);
  expect(mute.states[2]).toMatchObject({ state: 'waiting', reason: 'nothing was heard for 100 ms' });
  // The orphan comes back to life: nobody listens.
  const states = mute.states.length;
  sockets[0]?.say(JSON.stringify({ type: 'status', stream: streamInfo('ghost') }));
  sockets[0]?.listeners['close']?.({ code: 1006, reason: '' } as never);
  expect(mute.streams).toEqual([]);
  expect(mute.states.length).toBe(states);
});

test('a message it cannot read is told, and the next one is read', async () => {
  const server = await start();
  const sockets: WebSocket[] = [];
  const handle = server.fanOut.handle.bind(server.fanOut);
  vi.spyOn(server.fanOut, 'handle').mockImplementation((socket, ...rest) => {
    sockets.push(socket);
    handle(socket, ...rest);
  });
  const { problems, streams, heatmaps } = follow(server.url);
  await until(() => streams.length === 2);
  sockets[0]!.send('{"type":"status","stream":7}');
  sockets[0]!.send('{"type":"from-the-future"}');
  sockets[0]!.send(Buffer.from('ESHM'));
  server.publish('a', 1);
  await until(() => heatmaps.length === 1);
  expect(problems).toEqual([
    { code: 'protocol-error', message: 'Field stream must be an object.' },
    { code: 'protocol-error', message: 'Message is shorter than its preamble.' },
  ]);
});

test('close leaves nothing: no callback, no timer, no connection; in every state, and twice', async () => {
  const server = await start();
  const open = follow(server.url);
  await until(() => open.streams.length === 2);
  open.subscription.close();
  open.subscription.close();
  server.publish('a', 1);
  expect(open.subscription.connection).toEqual({ state: 'closed' });
  const waiting = follow('ws://127.0.0.1:9/');
  await until(() => waiting.states.at(-1)?.state === 'waiting');
  waiting.subscription.close();
  const connecting = follow(server.url);
  connecting.subscription.close();
  await until(() => server.openSockets === 0 && server.fanOut.subscriberCount === 0);
  await delay(100);
  expect(open.heatmaps).toEqual([]);
  for (const { states } of [open, waiting, connecting]) {
    expect(states.filter(({ state }) => state === 'closed')).toHaveLength(1);
    expect(states.at(-1)?.state).toBe('closed');
  }
});

test('takes http URLs and the ws package; refuses what is no URL', async () => {
  const server = await start();
  const { streams } = follow(server.url.replace('ws:', 'http:'), { WebSocket });
  await until(() => streams.length === 2);
  expect(() => subscribe('heatmaps', {})).toThrow(TypeError);
});

test('waits double up to the cap, spread over half of it', () => {
  const backoff = { firstMs: 500, maxMs: 15_000 };
  expect([1, 2, 3, 6, 7, 1000].map((failures) => retryDelayMs(failures, 1, backoff))).toEqual([
    500, 1000, 2000, 15_000, 15_000, 15_000,
  ]);
  expect(retryDelayMs(1, 0, backoff)).toBe(250);
});

test('heatAt reads the cell of a point, 0 beyond the picture and for closed gates', () => {
  const { message } = heatmapResult('a', 0);
  const grid = { rows: 2, cols: 3 };
  const heat = Uint8Array.of(0, 51, 102, 153, 204, 255);
  const located = { ...message, grid, classes: [{ ...message.classes[0]!, heat }, message.classes[1]!] };
  expect([heatAt(located, 0, 0, 0), heatAt(located, 0, 0.5, 0.1), heatAt(located, 0, 1, 1)]).toEqual([
    0, 0.2, 1,
  ]);
  expect([heatAt(located, 0, 1.1, 0), heatAt(located, 0, NaN, 0), heatAt(located, 1, 0, 0)]).toEqual([
    0, 0, 0,
  ]);
});

describe('examples/subscribe.ts', () => {
  const source = readFileSync(new URL('../../examples/subscribe.ts', import.meta.url), 'utf8');

  test('is what docs/protocol.md prints', () => {
    const document = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    expect(document).toContain(`\`\`\`ts\n${source}\`\`\`\n`);
  });

  test('runs', async () => {
    const server = await start();
    const path = new URL('../../examples/subscribe.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [path, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      let sequence = 0;
      await until(() => {
        server.publish('a', sequence++);
        return output.includes('\n');
      });
      expect(output.split('\n')[0]).toBe('a: dog 0.75 at 0.50, 0.50');
      child.kill('SIGINT');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

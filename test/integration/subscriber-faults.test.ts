/** Subscribers that stop reading, vanish, or are cut off from the network, beside many that do nothing wrong. */

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Crowd } from '../../bench/subscribers.ts';
import { SUBPROTOCOL_BINARY } from '../../src/protocol/messages.ts';
import { silentObserver } from '../../src/server/fan-out/observer.ts';
import { FrozenRelay } from '../support/frozen-relay.ts';
import { HeatmapServer, TestClient } from '../support/heatmap-server.ts';

const servers: HeatmapServer[] = [];
const relays: FrozenRelay[] = [];
const start = (...options: ConstructorParameters<typeof HeatmapServer>): Promise<HeatmapServer> => {
  const server = new HeatmapServer(...options);
  servers.push(server);
  return server.listen();
};
afterEach(async () => {
  for (const relay of relays.splice(0)) relay.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await delay(10);
  }
}

/** As the server has it; the server's own limits are as they are, but quicker. */
const QUICK = { lookIntervalMs: 50, unreadHoldMs: 100 };

const countedBy = (counts: Map<string, number>) => ({
  ...silentObserver,
  dropped: (stream: string, _reason: string, count: number) =>
    void counts.set(stream, (counts.get(stream) ?? 0) + count),
});

test('[Q4] who stops reading gets the newest first when it reads again, and not what it slept through', async () => {
  const dropped = new Map<string, number>();
  const server = await start({ limits: QUICK, observer: countedBy(dropped) });
  const awake = await server.connect('?streams=a');
  const asleep = await server.connect('?streams=a');
  await Promise.all([awake.settle(), asleep.settle()]);
  let published = 0;
  const publish = (): void => {
    server.publish('a', published);
    published += 1;
  };
  const heldBack = (): boolean => (dropped.get('a') ?? 0) > 0;

  asleep.socket.pause();
  // A hundred bytes each: the kernel would take them all, for hours.
  while (!heldBack()) {
    publish();
    await delay(5);
  }
  const sentInVain = published;
  const pauseUntil = performance.now() + 2_000;
  while (performance.now() < pauseUntil) {
    publish();
    await delay(5);
  }
  expect(server.fanOut.queuedBytes).toBeLessThan(10_000);

  asleep.socket.resume();
  await until(() => asleep.sequences('a').at(-1) === published - 1, 'the newest');
  const received = asleep.sequences('a');
  expect(received.length).toBeLessThanOrEqual(sentInVain + 1);
  expect(received.slice(0, -1)).toEqual(received.slice(0, -1).map((_, i) => i));
  // The notice comes at a look, with every one that it was not sent.
  await until(() => asleep.ofType('dropped').length > 0, 'the notice');
  expect(asleep.ofType('dropped').reduce((sum, { count }) => sum + count, 0)).toBe(
    published - received.length,
  );
  // From then on it is served like the others.
  publish();
  await until(() => asleep.sequences('a').at(-1) === published - 1, 'the next');
  await until(() => awake.sequences('a').length === published, 'every result for the other');
  expect(awake.ofType('dropped')).toEqual([]);
});

test('[S5] a notice that found no room is told later, with all that was dropped meanwhile', async () => {
  const maxQueuedBytes = 100_000;
  const server = await start({ limits: { ...QUICK, maxQueuedBytes, unreadHoldMs: 60_000 } });
  const handle = vi.spyOn(server.fanOut, 'handle');
  const client = await server.connect('?streams=a');
  await client.settle();
  const accepted = handle.mock.calls[0]![0];
  const look = (): Promise<void> => delay(4 * QUICK.lookIntervalMs);
  // Room for less than a notice: as if the socket's buffer had that much.
  Object.defineProperty(accepted, 'bufferedAmount', { configurable: true, get: () => maxQueuedBytes - 10 });
  for (const sequence of [1, 2, 3]) server.publish('a', sequence);
  await look();
  for (const sequence of [4, 5]) server.publish('a', sequence);
  await look();
  expect(client.ofType('dropped')).toEqual([]);
  Reflect.deleteProperty(accepted, 'bufferedAmount');
  server.publish('a', 6);
  await client.until(({ type }) => type === 'dropped');
  await look();
  expect(client.ofType('dropped').map(({ count }) => count)).toEqual([5]);
  expect(client.sequences('a')).toEqual([6]);
});

test('[K1] half-open: the connection whose network vanished is found and closed, without a word from it', async () => {
  const unreadCutMs = 1_500;
  const server = await start({ limits: { ...QUICK, aliveIntervalMs: 200, unreadCutMs } });
  const relay = await new FrozenRelay(server.port).listen();
  relays.push(relay);
  const near = await server.connect('?streams=a');
  const far = new TestClient(
    new WebSocket(`ws://127.0.0.1:${relay.port}/api/v1/heatmaps?streams=a`, SUBPROTOCOL_BINARY),
  );
  await far.until(({ type }) => type === 'hello');
  expect(server.fanOut.subscriberCount).toBe(2);
  relay.freeze();
  // Nothing at all is published: silence is found as well.
  await until(() => server.fanOut.subscriberCount === 1, 'the end of the half-open connection');
  await until(() => server.openSockets === 1, 'the end of its socket');
  expect(far.socket.readyState).toBe(WebSocket.OPEN);
  server.publish('a', 1);
  await near.until(({ type }) => type === 'heatmap');
  far.socket.terminate();
});

test('[Q2] what waits to be told is bounded as well: closed with 1013', async () => {
  const maxQueuedBytes = 20_000;
  const server = await start({ limits: { ...QUICK, maxQueuedBytes } });
  const handle = vi.spyOn(server.fanOut, 'handle');
  const client = await server.connect();
  await client.settle();
  // Its socket takes nothing more, while it goes on to ask for what there is not.
  const accepted = handle.mock.calls[0]![0];
  Object.defineProperty(accepted, 'bufferedAmount', { get: () => maxQueuedBytes });
  const absent = Array.from({ length: 3 }, (_, i) => `${'x'.repeat(60)}${i}`);
  for (let i = 0; i < 100; i++) client.send({ type: 'subscribe', streams: absent });
  expect(await client.closed).toBe(1013);
});

describe('three hundred at once, some of them slow, stuck, gone and half-open', () => {
  test('the others get every result, what waits is bounded, and the bad ones go', async () => {
    const GOOD = 240;
    const BAD = 20;
    const ROUNDS = 50;
    const HEAT_BYTES = 5_000;
    const maxQueuedBytes = 50_000;
    // The good ones share this process: a machine with much else to do delays their answers too.
    const limits = { lookIntervalMs: 200, unreadHoldMs: 4_000, unreadCutMs: 5_000, maxQueuedBytes };
    const server = await start({ limits });
    const relay = await new FrozenRelay(server.port).listen();
    relays.push(relay);
    const received = new Array<number>(GOOD).fill(0);
    const open = (port: number): Promise<WebSocket> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/heatmaps?streams=a`, SUBPROTOCOL_BINARY);
        socket.once('open', () => resolve(socket)).once('error', reject);
      });
    const several = (count: number, port = server.port): Promise<WebSocket[]> =>
      Promise.all(Array.from({ length: count }, () => open(port)));
    const good = await several(GOOD);
    good.forEach((socket, i) => {
      socket.on('message', (_data, isBinary) => {
        if (isBinary) received[i]! += 1;
      });
    });
    const stuck = await several(BAD);
    const halfOpen = await several(BAD, relay.port);
    // In a process of its own, which is killed.
    const killed = await Crowd.open(`http://127.0.0.1:${server.port}`, BAD, { query: 'streams=a' });
    expect(server.fanOut.subscriberCount).toBe(GOOD + 3 * BAD);
    for (const socket of stuck) socket.pause();

    let most = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      server.publish('a', round, HEAT_BYTES);
      most = Math.max(most, server.fanOut.queuedBytes);
      if (round === 10) relay.freeze();
      if (round === 20) await killed.kill();
      // As slow as the slowest good one, so that none of them can have had to drop.
      await until(() => received.every((count) => count >= round), `result ${round} for all that read`);
    }
    expect(received).toEqual(new Array<number>(GOOD).fill(ROUNDS));
    expect(most).toBeLessThan((GOOD + 3 * BAD) * (maxQueuedBytes + 2 * HEAT_BYTES));

    await until(() => server.fanOut.subscriberCount === GOOD, 'the end of all that went wrong');
    expect(good.every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
    for (const socket of [...good, ...stuck, ...halfOpen]) socket.terminate();
    await until(() => server.fanOut.subscriberCount === 0, 'the end of all');
    expect(server.fanOut.queuedBytes).toBe(0);
  });
});

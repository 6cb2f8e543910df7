/** What subscribers that are stuck, gone or half-open do to those that read, in one run of one server. */

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { HEADER } from '../src/protocol/binary-layout.ts';
import { SUBPROTOCOL_BINARY } from '../src/protocol/messages.ts';
import { FrozenRelay } from '../test/support/frozen-relay.ts';
import { quantilesOf } from './quantiles.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { Crowd } from './subscribers.ts';
import type { Row } from './table.ts';

const READERS = 240;
/** Of each kind: stuck, half-open, and killed. */
const BAD = 20;
/** How long the stuck ones do not read. */
const PAUSE_MS = 60_000;
const SETTLE_MS = 5_000;
const KILLED_AFTER_MS = 15_000;

interface Stretch {
  rateHz: number;
  sentP95Ms: number;
  receivedP95Ms: number;
  mostQueuedKiB: number;
}

async function measure(server: ServerUnderTest, milliseconds: number): Promise<Stretch> {
  const crowd = await Crowd.open(server.url, READERS);
  await sleep(SETTLE_MS);
  crowd.begin();
  let mostQueuedKiB = 0;
  const endMs = performance.now() + milliseconds;
  while (performance.now() < endMs) {
    mostQueuedKiB = Math.max(mostQueuedKiB, (await queuedBytes(server)) / 1024);
    await sleep(1000);
  }
  const { worstRateHz, captureToSendMs, captureToReceiveMs } = await crowd.finish();
  return {
    rateHz: worstRateHz,
    sentP95Ms: captureToSendMs[1] ?? Number.NaN,
    receivedP95Ms: captureToReceiveMs[1] ?? Number.NaN,
    mostQueuedKiB,
  };
}

async function queuedBytes({ url }: ServerUnderTest): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^earsight_subscriber_queue_bytes (\S+)/m.exec(text)?.[1] ?? Number.NaN);
}

/** One that stops reading: what it gets when it begins again. */
class Sleeper {
  readonly #socket: WebSocket;
  readonly #agesMs: number[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      this.#agesMs.push(performance.timeOrigin + performance.now() - data.readDoubleLE(HEADER.sendWallMs));
    });
  }

  static open(port: number | string): Promise<Sleeper> {
    return new Promise((resolve, reject) => {
      const url = `ws://127.0.0.1:${port}/api/v1/heatmaps?streams=*`;
      const socket = new WebSocket(url, SUBPROTOCOL_BINARY);
      socket.once('open', () => resolve(new Sleeper(socket))).once('error', reject);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  /** @returns how many old results came, and how many there would have been. */
  async wake(): Promise<{ isOpen: boolean; old: number }> {
    this.#agesMs.length = 0;
    this.#socket.resume();
    await sleep(2000);
    return {
      isOpen: this.#socket.readyState === WebSocket.OPEN,
      old: this.#agesMs.filter((ageMs) => ageMs > PAUSE_MS / 2).length,
    };
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** Rows: without the bad ones before and after, with them, and the ratio. */
export async function subscriberFaults(): Promise<Row[]> {
  const server = await ServerUnderTest.start({
    streams: [{ id: 'demo', kind: 'demo' }],
    engine: { precision: 'int8' },
    session: { maxRateHz: 10 },
  });
  const relay = await new FrozenRelay(Number(new URL(server.url).port)).listen();
  const sleepers: Sleeper[] = [];
  try {
    await server.live();
    const several = (port: number | string): Promise<Sleeper[]> =>
      Promise.all(Array.from({ length: BAD }, () => Sleeper.open(port)));
    const before = await measure(server, PAUSE_MS / 2);
    const stuck = await several(new URL(server.url).port);
    sleepers.push(...stuck, ...(await several(relay.port)));
    for (const sleeper of stuck) sleeper.pause();
    relay.freeze();
    const sleptSinceMs = performance.now();
    // One process for them all, killed once: starting another again and again would take what the others are measured by.
    const vanishing = await Crowd.open(server.url, BAD);
    const vanished = sleep(KILLED_AFTER_MS).then(() => vanishing.kill());
    const during = await measure(server, PAUSE_MS - 2 * SETTLE_MS);
    await vanished;
    await sleep(Math.max(0, sleptSinceMs + PAUSE_MS - performance.now()));
    const woken = await Promise.all(stuck.map((sleeper) => sleeper.wake()));
    for (const sleeper of sleepers) sleeper.close();
    const after = await measure(server, PAUSE_MS / 2);
    console.log(
      `asleep for ${PAUSE_MS / 1000} s: ${woken.filter(({ isOpen }) => isOpen).length} of ${BAD} still connected; ` +
        `old results before the newest: ${quantilesOf(
          woken.map(({ old }) => old),
          [0.5, 1],
        ).join(' (median), ')} (most)`,
    );
    const row = (scenario: string, { rateHz, sentP95Ms, receivedP95Ms, mostQueuedKiB }: Stretch): Row => ({
      scenario,
      'worst viewer/s': rateHz,
      'sent p95 ms': sentP95Ms,
      'received p95 ms': receivedP95Ms,
      'most queued KiB': mostQueuedKiB,
    });
    const ratio = (pick: (stretch: Stretch) => number): string =>
      ((2 * pick(during)) / (pick(before) + pick(after))).toFixed(2);
    return [
      row(`${READERS} that read`, before),
      row(`and ${BAD} stuck, ${BAD} half-open, ${BAD} killed`, during),
      row(`${READERS} that read, again`, after),
      {
        scenario: 'with the bad ones / without',
        'worst viewer/s': ratio(({ rateHz }) => rateHz),
        'sent p95 ms': ratio(({ sentP95Ms }) => sentP95Ms),
        'received p95 ms': ratio(({ receivedP95Ms }) => receivedP95Ms),
        'most queued KiB': '-',
      },
    ];
  } finally {
    for (const sleeper of sleepers) sleeper.close();
    relay.close();
    await server.close();
  }
}

/** What a server holds while sources and subscribers come and go, several thousand times: nothing may grow. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../src/pipeline/errors.ts';
import { writeClip } from '../test/support/clips/write-clip.ts';
import { resourcesOf } from '../test/support/process-resources.ts';
import { streamVisit, subscriberVisit, type Visit, webcamVisit } from './comings-and-goings.ts';
import { inspectMemory } from './inspected-memory.ts';
import { usageOfTree } from './process-usage.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { slopeOf } from './slope.ts';
import type { Row } from './table.ts';

/** What comes and goes side by side, each kind as often as it can; `lanes` of a kind at once. */
interface Traffic {
  kind: string;
  lanes: number;
  visit: Visit;
}

/** Everything that could grow, in the units of the report. */
type Held = Readonly<Record<string, number>>;

/** Between two looks at what is held. */
const STRETCH_MS = 25_000;
/** How long the last visitors' traces may take to go. */
const SETTLE_MS = 15_000;

/** A server with one demo scene that stays, and a folder with one clip. */
export class Churn implements AsyncDisposable {
  readonly server: ServerUnderTest;
  readonly traffic: readonly Traffic[];
  readonly visits = new Map<string, number>();
  readonly #folder: string;
  #failures = 0;

  private constructor(server: ServerUnderTest, folder: string) {
    this.server = server;
    this.#folder = folder;
    const url = pathToFileURL(join(folder, 'clip.mov')).href;
    this.traffic = [
      { kind: 'subscriber', lanes: 4, visit: subscriberVisit },
      { kind: 'demo', lanes: 1, visit: streamVisit({ kind: 'demo' }) },
      { kind: 'file', lanes: 1, visit: streamVisit({ kind: 'url', url, loop: true }) },
      { kind: 'webcam', lanes: 1, visit: webcamVisit },
    ];
  }

  static async start(): Promise<Churn> {
    const folder = mkdtempSync(join(tmpdir(), 'earsight-churn-'));
    await writeClip(join(folder, 'clip.mov'), { seconds: 3, sizes: [{ width: 160, height: 120 }] });
    const server = await ServerUnderTest.start(
      {
        streams: [{ id: 'stays', kind: 'demo' }],
        session: { maxRateHz: 5 },
        engine: { precision: 'int8' },
        ingest: { allowedFileRoots: [folder] },
        data: { folder: null },
        // They come faster than strangers may.
        limits: { whipPostsPerMinute: 10_000, whipPatchesPerMinute: 10_000 },
      },
      { inspected: true },
    );
    await server.live();
    return new Churn(server, folder);
  }

  get cycles(): number {
    return [...this.visits.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Lets visitors come and go until `isOver`; resolves when the last has gone. */
  async run(isOver: (kind: string) => boolean): Promise<void> {
    await Promise.all(
      this.traffic.flatMap(({ kind, lanes, visit }) =>
        Array.from({ length: lanes }, async () => {
          while (!isOver(kind)) {
            const number = (this.visits.get(kind) ?? 0) + 1;
            this.visits.set(kind, number);
            await visit(this.server.url, `${kind}-${number}`).catch((error: unknown) => {
              this.#failures += 1;
              console.log(`${kind} ${number}: ${messageOf(error)}`);
            });
          }
        }),
      ),
    );
  }

  /** Lets so many visitors of each kind come and go. */
  async runEach(counts: Readonly<Record<string, number>>): Promise<void> {
    const goals = new Map(
      this.traffic.map(({ kind }) => [kind, (this.visits.get(kind) ?? 0) + (counts[kind] ?? 0)]),
    );
    await this.run((kind) => (this.visits.get(kind) ?? 0) >= (goals.get(kind) ?? 0));
  }

  get failures(): number {
    return this.#failures;
  }

  /** What the server holds with no visitors; waits until their streams, sockets and children are gone. */
  async held(): Promise<Held> {
    const until = performance.now() + SETTLE_MS;
    while (performance.now() < until) {
      const streams = await this.server.streams();
      const { children } = resourcesOf(this.server.pid);
      if (streams.length === 1 && children === 0) break;
      await sleep(100);
    }
    // Keep-alive connections of our own requests, and what closes a moment after its owner.
    await sleep(1500);
    const { heapUsedBytes, externalBytes, active } = await inspectMemory(this.server);
    const { anonymousBytes } = usageOfTree(this.server.pid);
    const { threads, fileDescriptors, children } = resourcesOf(this.server.pid);
    return {
      'heap KiB': heapUsedBytes / 1024,
      'external KiB': externalBytes / 1024,
      'anonymous MiB': anonymousBytes / 2 ** 20,
      handles: Object.values(active).reduce((sum, count) => sum + count, 0),
      threads,
      children,
      'file descriptors': fileDescriptors,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * One row for each thing that is held: its first and last value and its slope for each thousand comings and goings, with
 * the slope's 95 % interval. The first sixth of the samples (caches that fill, code that is compiled) does not count.
 */
export async function churn(minutes: number): Promise<Row[]> {
  await using traffic = await Churn.start();
  const samples: { cycles: number; held: Held }[] = [];
  const endMs = performance.now() + minutes * 60_000;
  do {
    const held = await traffic.held();
    samples.push({ cycles: traffic.cycles, held });
    const shown = Object.entries(held).map(
      ([name, value]) => `${name} ${value.toFixed(name.includes('MiB') ? 1 : 0)}`,
    );
    console.log(`${traffic.cycles} cycles: ${shown.join(', ')}`);
    const stretchEndMs = performance.now() + STRETCH_MS;
    await traffic.run(() => performance.now() > stretchEndMs);
  } while (performance.now() < endMs);
  samples.push({ cycles: traffic.cycles, held: await traffic.held() });
  const counts = [...traffic.visits].map(([kind, count]) => `${kind} ${count}`).join(', ');
  console.log(`came and went: ${counts}; failed: ${traffic.failures}`);

  const settled = samples.slice(Math.ceil(samples.length / 6));
  return Object.keys(settled[0]?.held ?? {}).map((name) => {
    const points = settled.map(({ cycles, held }) => ({ x: cycles / 1000, y: held[name] ?? Number.NaN }));
    const { slope, margin } = slopeOf(points);
    return {
      held: name,
      samples: points.length,
      cycles: (settled.at(-1)?.cycles ?? 0) - (settled[0]?.cycles ?? 0),
      first: points[0]?.y ?? Number.NaN,
      last: points.at(-1)?.y ?? Number.NaN,
      'slope/1000': slope,
      '+-': margin,
    };
  });
}

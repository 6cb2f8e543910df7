/** Ten times the load that the engine can serve, through the whole server: cameras in processes, sockets, viewers. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantilesOf } from '../../bench/quantiles.ts';
import { subscribe } from '../../src/client/subscriber.ts';
import type { SessionStats } from '../../src/pipeline/session.ts';
import type { StreamInfo } from '../../src/protocol/messages.ts';
import type { EarsightServer } from '../../src/server/server.ts';
import { writeClip } from '../support/clips/write-clip.ts';
import { startLiveServer, streamsOf, untilState } from '../support/live-server.ts';
import { SLOW_RUN_MS, SLOW_WORKER_URL } from '../support/slow-engine.ts';

const CAMERAS = 8;
const MAX_BATCH = 2;
const HALF_MS = 8_000;
/** What the engine can serve: one worker, full batches. */
const CAPACITY_HZ = (MAX_BATCH * 1000) / SLOW_RUN_MS;

const folder = mkdtempSync(join(tmpdir(), 'overload-'));
let server: EarsightServer;

type Counted = StreamInfo & { stats: SessionStats };

beforeAll(async () => {
  await writeClip(join(folder, 'camera.mov'), { seconds: 4, sizes: [{ width: 160, height: 120 }] });
  const url = pathToFileURL(join(folder, 'camera.mov')).href;
  const streams = Array.from({ length: CAMERAS }, (_, i) => ({
    id: `camera-${i}`,
    kind: 'url',
    url,
    loop: true,
  }));
  server = await startLiveServer(
    [
      'engine.workers=1',
      `engine.maxBatch=${MAX_BATCH}`,
      `ingest.allowedFileRoots=${JSON.stringify([folder])}`,
      `streams=${JSON.stringify([{ id: 'demo', kind: 'demo' }, ...streams])}`,
    ],
    { engineWorkerUrl: SLOW_WORKER_URL },
  );
  for (const { id } of streams) await untilState(server.url, id, 'live');
}, 90_000);
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const counted = async (): Promise<Counted[]> => (await streamsOf(server.url)) as Counted[];
/** Frames that the server received and did not answer; what children pass over never reaches it. */
const lost = ({ drops }: SessionStats): number =>
  ['superseded', 'align-full', 'inference-failed'].reduce((sum, reason) => sum + (drops[reason] ?? 0), 0);

/** What viewers get in a while, and what the server counts. */
async function watch(ms: number): Promise<{
  offered: number;
  results: Map<string, number>;
  p95Ms: number;
  worstMs: number;
  superseded: number;
  unaccounted: number;
}> {
  const before = await counted();
  const results = new Map<string, number>();
  const agesMs: number[] = [];
  const subscription = subscribe(`${server.url}/api/v1/heatmaps`, {
    streams: ['*'],
    onHeatmap({ stream, captureWallMs, sendWallMs }) {
      results.set(stream, (results.get(stream) ?? 0) + 1);
      agesMs.push(sendWallMs - captureWallMs);
    },
  });
  await sleep(ms);
  subscription.close();
  const after = await counted();
  const [p95Ms, worstMs] = quantilesOf(agesMs, [0.95, 1]) as [number, number];
  let [offered, superseded] = [0, 0];
  for (const { id, stats } of after) {
    const earlier = before.find((stream) => stream.id === id)!.stats;
    offered += stats.framesReceived - earlier.framesReceived;
    superseded += (stats.drops['superseded'] ?? 0) - (earlier.drops['superseded'] ?? 0);
  }
  const unaccounted = after.reduce(
    (most, { stats }) => Math.max(most, Math.abs(stats.framesReceived - stats.results - lost(stats))),
    0,
  );
  return { offered, results, p95Ms, worstMs, superseded, unaccounted };
}

describe('at ten times the load that the engine can serve', () => {
  it('keeps latency and memory bounded, gives every source its share and counts every frame', async () => {
    await sleep(2_000);
    const first = await watch(HALF_MS);
    const memoryBefore = process.memoryUsage.rss();
    const second = await watch(HALF_MS);
    const grownMiB = (process.memoryUsage.rss() - memoryBefore) / 2 ** 20;

    const total = [...second.results.values()].reduce((sum, count) => sum + count, 0);
    const offeredHz = second.offered / (HALF_MS / 1000);
    console.log(
      `${offeredHz.toFixed(0)} frames a second offered, ${(total / (HALF_MS / 1000)).toFixed(1)} answered; ` +
        `p95 ${first.p95Ms.toFixed(0)} then ${second.p95Ms.toFixed(0)} ms, worst ${second.worstMs.toFixed(0)} ms; ` +
        `memory ${grownMiB.toFixed(0)} MiB; shares ${[...second.results.values()].join(' ')}`,
    );
    expect(offeredHz).toBeGreaterThan(10 * CAPACITY_HZ);

    // A frame waits for its turn at most: the streams before it, and the run before that. Twice that, for slow machines.
    const turnMs = ((CAMERAS + 1) / MAX_BATCH + 2) * SLOW_RUN_MS;
    expect(second.p95Ms).toBeLessThan(2 * turnMs);
    expect(second.p95Ms).toBeLessThan(first.p95Ms + turnMs);
    // Unbounded, the frames alone that nobody has time for would be some 50 MiB, their sound 150.
    expect(grownMiB).toBeLessThan(64);

    const fair = total / (CAMERAS + 1);
    expect(second.results.size).toBe(CAMERAS + 1);
    for (const [stream, count] of second.results)
      expect(Math.abs(count - fair), `results of ${stream}, of ${total}`).toBeLessThanOrEqual(
        0.25 * fair + 1,
      );

    expect(second.superseded).toBeGreaterThan(0.8 * second.offered);
    // Waiting for sound, waiting for the model, at the model.
    expect(second.unaccounted).toBeLessThanOrEqual(12);
  });
});

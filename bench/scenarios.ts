/** The server under real load: a webcam, RTSP cameras, subscribers; each run measures one quiet stretch. */

import { setTimeout as sleep } from 'node:timers/promises';
import { startRtspServer } from '../test/support/rtsp/rtsp-server.ts';
import { publishWebcam } from './publish.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { Crowd } from './subscribers.ts';
import type { Row } from './table.ts';

export interface Scenario {
  /** How long is measured, after the warm-up. */
  seconds: number;
  warmUpSeconds: number;
}

/** Drops that are not faults: frames above the asked rate. */
const BY_DESIGN = new Set(['rate-cap']);

/** One measured stretch of a server whose streams are live. */
async function measure(
  name: string,
  server: ServerUnderTest,
  { seconds, warmUpSeconds }: Scenario,
  crowdOptions: { readers: number; stuck?: number; query?: string },
): Promise<Row> {
  const { readers, ...rest } = crowdOptions;
  const crowd = await Crowd.open(server.url, readers, rest);
  await sleep(warmUpSeconds * 1000);
  const streamsBefore = await server.streams();
  const before = server.usage();
  const beganMs = performance.now();
  crowd.begin();
  await sleep(seconds * 1000);
  const after = server.usage();
  const streams = await server.streams();
  const elapsedS = (performance.now() - beganMs) / 1000;
  const report = await crowd.finish();

  const drops = new Map<string, number>();
  for (const stream of streams) {
    const earlier = streamsBefore.find(({ id }) => id === stream.id)?.stats.drops ?? {};
    for (const [reason, count] of Object.entries(stream.stats.drops)) {
      const fresh = count - (earlier[reason] ?? 0);
      if (fresh > 0 && !BY_DESIGN.has(reason)) drops.set(reason, (drops.get(reason) ?? 0) + fresh);
    }
  }
  const results = streams.reduce((sum, { id, stats }) => {
    return sum + stats.results - (streamsBefore.find((s) => s.id === id)?.stats.results ?? 0);
  }, 0);
  const stageMs = (key: 'decodeUs' | 'alignUs' | 'queueUs' | 'inferenceUs' | 'heatUs'): number =>
    streams.reduce((sum, { stats }) => sum + (stats.stages?.[key] ?? 0), 0) / streams.length / 1000;
  const [p50, p95, p99] = report.captureToSendMs;
  return {
    scenario: name,
    'results/s': results / elapsedS,
    'p50 ms': p50 ?? Number.NaN,
    'p95 ms': p95 ?? Number.NaN,
    'p99 ms': p99 ?? Number.NaN,
    decode: stageMs('decodeUs'),
    align: stageMs('alignUs'),
    queue: stageMs('queueUs'),
    infer: stageMs('inferenceUs'),
    heat: stageMs('heatUs'),
    'worst viewer/s': report.worstRateHz,
    'received p95 ms': report.captureToReceiveMs[1] ?? Number.NaN,
    'CPU %': ((after.cpuS - before.cpuS) / elapsedS) * 100,
    MiB: Math.round(after.memoryBytes / 2 ** 20),
    drops: [...drops].map(([reason, count]) => `${reason} ${count}`).join(', ') || '-',
  };
}

/** One webcam by WebRTC. The browser that plays it runs on the same machine, and takes its share. */
export async function webcam(scenario: Scenario): Promise<Row[]> {
  const server = await ServerUnderTest.start({});
  try {
    const hangUp = await publishWebcam(server.url, 'webcam');
    try {
      await server.live();
      return [await measure('webcam 640x480@30', server, scenario, { readers: 1 })];
    } finally {
      await hangUp();
    }
  } finally {
    await server.close();
  }
}

/** RTSP cameras (H.264 640x360@30, G.711) at ten heatmaps a second. One encoder feeds all connections. */
export async function cameras(scenario: Scenario, counts: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  const camera = await startRtspServer({ width: 640, height: 360, frameRate: 30, audio: 'pcma' });
  try {
    for (const count of counts) {
      const server = await ServerUnderTest.start({ session: { maxRateHz: 10 } });
      try {
        for (let i = 0; i < count; i++) await server.addUrl(`cam${i}`, camera.url);
        await server.live();
        rows.push(await measure(`${count} RTSP @10`, server, scenario, { readers: 1 }));
      } finally {
        await server.close();
      }
    }
  } finally {
    await camera.stop();
  }
  return rows;
}

/** The demo scene at 30 a second to many dashboards, one of which connects and never reads. */
export async function subscribers(scenario: Scenario, counts: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const readers of counts) {
    for (const stuck of readers > 1 ? [0, 1] : [0]) {
      const server = await ServerUnderTest.start({ streams: [{ id: 'demo', kind: 'demo' }] });
      try {
        await server.live();
        const name = `${readers} subscribers${stuck ? ' + 1 stuck' : ''}`;
        rows.push(await measure(name, server, scenario, { readers, stuck }));
      } finally {
        await server.close();
      }
    }
  }
  return rows;
}

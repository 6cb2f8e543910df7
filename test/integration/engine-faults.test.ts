/** What befalls inference workers, seen from outside a whole server: its readiness, its streams, its metrics. */

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/server/config/load.ts';
import { EarsightServer } from '../../src/server/server.ts';
import { freePort } from '../support/free-port.ts';
import { type EngineFault, EngineMaster, OBEDIENT_WORKER_URL } from '../support/obedient-engine.ts';
import { WatchedStream } from '../support/watched-stream.ts';
import { callIn } from '../support/webrtc/call-in.ts';
import { ScriptedPublisher } from '../support/webrtc/scripted-publisher.ts';

const master = new EngineMaster();
const publishers: ScriptedPublisher[] = [];
let url: string;
let started: Promise<EarsightServer>;
let calm: WatchedStream;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const assignments = [`server.port=${port}`, 'streams=[]', 'engine.workers=1', 'engine.maxBatch=4'];
  const config = loadConfig({ assignments: [...assignments, 'session.maxRateHz=10'] });
  master.mayLoad = false;
  started = EarsightServer.start(config, pino({ level: 'silent' }), { engineWorkerUrl: OBEDIENT_WORKER_URL });
});
afterAll(async () => {
  calm[Symbol.dispose]();
  for (const publisher of publishers) await publisher.close();
  await (await started).close();
  master.close();
});

async function publish(id: string, options: { isWhite?: boolean } = {}): Promise<WatchedStream> {
  const publisher = new ScriptedPublisher(options);
  publishers.push(publisher);
  await callIn(url, id, publisher);
  return new WatchedStream(url, id);
}

/** 0 while nobody listens. */
async function readiness(): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return { status: answer?.status ?? 0, text: (await answer?.text()) ?? '' };
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^earsight_${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

describe('a server whose inference worker', () => {
  it('is still loading listens, and is not ready until the first warm batch', async () => {
    await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({
      status: 503,
      text: expect.stringContaining('warming up'),
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await metric('ready')).toBe(0);
    master.mayLoad = true;
    await started;
    expect((await readiness()).status).toBe(200);
    calm = await publish('calm');
    await calm.fresh(5);
  });

  it.each<EngineFault>(['exit', 'throw', 'hang'])(
    'is lost (%s) is not ready until another is warm, counts it, and then goes on by itself',
    async (fault) => {
      const restarts = await metric('engine_restarts_total');
      master.mayLoad = false;
      master.order(fault);
      await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({
        status: 503,
        text: expect.stringContaining('restarted'),
      });
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(await metric('engine_restarts_total')).toBe(restarts + 1);
      master.mayLoad = true;
      await expect.poll(async () => (await readiness()).status, { timeout: 20_000 }).toBe(200);
      await calm.fresh(5);
      const { state, stats } = await calm.now();
      expect(stats.drops['inference-failed']).toBeGreaterThan(0);
      // The webcam never noticed.
      expect({ state, restarts: stats.restarts }).toEqual({ state: 'live', restarts: 1 });
    },
  );

  it('fails at the pictures of one stream goes on with all others', async () => {
    const restarts = await metric('engine_restarts_total');
    const before = (await calm.now()).stats.drops['inference-failed'] ?? 0;
    using white = await publish('white', { isWhite: true });
    const drops = async (reason: string): Promise<number> => (await white.now()).stats.drops[reason] ?? 0;
    await white.until(async () => (await drops('input-spoils-batches')) > 10, 'its isolation');
    // What was in a batch with it was lost once or twice, until it was found out.
    await calm.fresh(20);
    const after = (await calm.now()).stats.drops['inference-failed'] ?? 0;
    expect(after - before).toBeLessThan(6);
    expect(await drops('inference-failed')).toBeGreaterThan(2);
    expect(white.results.filter(({ classes }) => classes.length > 0)).toEqual([]);
    expect(await metric('engine_refused_batches_total')).toBeGreaterThan(2);
    expect(await metric('engine_restarts_total')).toBe(restarts);
    expect((await readiness()).status).toBe(200);
  });
});

/** The whole server, as started by `npm start`: the demo scene through the model to sockets, page and API. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heatAlpha } from '../../src/client/page/overlay/heat-ramp.ts';
import { createUpscaler } from '../../src/client/page/overlay/upscaler.ts';
import { DEFAULT_SETTINGS } from '../../src/client/page/settings.ts';
import { subscribe } from '../../src/client/subscriber.ts';
import { loadManifest } from '../../src/model/load-manifest.ts';
import { heatGrid } from '../../src/pipeline/heatmap/class-map.ts';
import type { ClassHeat, HeatmapMessage } from '../../src/protocol/messages.ts';
import type { EarsightServer } from '../../src/server/server.ts';
import { chromiumMissing, launchChromium } from '../support/browser/chromium.ts';
import { demoAgreement } from '../support/demo-agreement.ts';
import { freePort } from '../support/free-port.ts';
import { startLiveServer, streamsOf, untilState } from '../support/live-server.ts';

const noChromium = chromiumMissing();
const noFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0 ? null : 'ffmpeg is not installed';
if (noChromium) console.log(`Skipped: the page on the live server (${noChromium}).`);
if (noFfmpeg) console.log(`Skipped: ffmpeg as a camera (${noFfmpeg}).`);

let server: EarsightServer;
const { manifest } = await loadManifest(fileURLToPath(new URL('../../models/studio-10', import.meta.url)));
const { classes } = manifest;
const grid = heatGrid(manifest.grid, manifest.calibration);
const cells = grid.rows * grid.cols;
const api = (path: string): string => `${server.url}/api/v1/${path}`;

beforeAll(async () => {
  server = await startLiveServer();
  await untilState(server.url, 'demo', 'live');
});
afterAll(() => server.close());

/** Collects heatmaps of one stream until there are enough. */
async function collect(
  stream: string,
  count: number,
  encoding: 'binary' | 'json' = 'binary',
  maxRateHz?: number,
): Promise<HeatmapMessage[]> {
  const messages: HeatmapMessage[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const subscription = subscribe(api('heatmaps'), {
    streams: [stream],
    encoding,
    ...(maxRateHz === undefined ? {} : { maxRateHz }),
    onHeatmap: (message) => {
      messages.push(message);
      if (messages.length === count) resolve(undefined);
    },
  });
  try {
    await promise;
  } finally {
    subscription.close();
  }
  return messages.slice(0, count);
}

describe('the live server on its demo scene', () => {
  it.each(['binary', 'json'] as const)('sends aligned results of every frame (%s)', async (encoding) => {
    await sleep(1200);
    const messages = await collect('demo', 45, encoding);
    for (const message of messages) {
      expect(message).toMatchObject({
        alignment: 'aligned',
        skewUs: 0,
        picture: { width: 640, height: 480 },
      });
      const { startUs, endUs } = message.audioWindow!;
      expect(endUs - startUs).toBe(1_000_000);
      expect(Math.abs(endUs - message.ptsUs)).toBeLessThanOrEqual(23);
      expect(message.classes.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(message.sendWallMs).toBeGreaterThanOrEqual(message.captureWallMs);
      for (const { active, heat } of message.classes)
        expect(heat?.length ?? null).toBe(active ? cells : null);
    }
    const sequences = messages.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  });

  it('shows each sound at its object, and nothing in pauses', { timeout: 90_000 }, async () => {
    const messages = await collect('demo', 300, 'binary', 10);
    const names = classes.map(({ name }) => name);
    const { sounding, found, pauses, shownInPauses, byClass } = demoAgreement(messages, names);
    expect(sounding, 'cases of a class sounding').toBeGreaterThan(150);
    // The card's figure is of a minute and more; here half a minute, whichever comes.
    expect(found / sounding, JSON.stringify(byClass)).toBeGreaterThan(0.85);
    expect(shownInPauses / Math.max(1, pauses), `of ${pauses} results in pauses`).toBeLessThan(0.1);
  });

  it('tells its readiness, its metrics and its streams', async () => {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/earsight_frames_received_total\{[^}]*source="demo"[^}]*\} [1-9]/);
    expect(metrics).toContain('earsight_capture_to_send_seconds');
    expect(await streamsOf(server.url)).toMatchObject([{ id: 'demo', kind: 'demo', state: 'live' }]);
  });

  it('gives a snapshot of the scene as PNG and JPEG', async () => {
    const png = new Uint8Array(
      await (await fetch(api('streams/demo/snapshot.png?overlay=true'))).arrayBuffer(),
    );
    const jpeg = new Uint8Array(await (await fetch(api('streams/demo/snapshot.jpg'))).arrayBuffer());
    expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });

  it.skipIf(noChromium !== null)('draws on the page the heat that it sent', async () => {
    const sent = new Map<number, HeatmapMessage>();
    const subscription = subscribe(api('heatmaps'), {
      streams: ['demo'],
      onHeatmap: (message) => sent.set(message.sequence, message),
    });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(server.url);
      await page.locator('canvas[data-stream="demo"][data-role="heat"][data-sequence]').waitFor();
      // Sequence and pixels in one turn of the page's loop, so that they belong together.
      const read = `(() => {
        const canvas = document.querySelector('canvas[data-stream="demo"][data-role="heat"]');
        const { width, height } = canvas;
        const data = canvas.getContext('2d').getImageData(0, 0, width, height).data;
        const alphas = Array.from({ length: width * height }, (_, pixel) => data[4 * pixel + 3]);
        return { sequence: Number(canvas.dataset.sequence), width, height, alphas };
      })()`;
      let compared = 0;
      for (let tries = 0; tries < 600 && compared < 5; tries++) {
        const shown = await page.evaluate<{
          sequence: number;
          width: number;
          height: number;
          alphas: number[];
        }>(read);
        const hot = (sent.get(shown.sequence)?.classes ?? []).filter(
          ({ heat }) => heat !== null,
        ) as (ClassHeat & {
          heat: Uint8Array;
        })[];
        if (hot.length === 1 && Math.max(...hot[0]!.heat) > 120) {
          compared++;
          const field = new Float32Array(shown.alphas.length);
          createUpscaler(grid, shown).upscale(hot[0]!.heat, field);
          const off = shown.alphas.map((alpha, pixel) =>
            Math.abs(alpha - 255 * heatAlpha(field[pixel]!, DEFAULT_SETTINGS)),
          );
          // Of 255, over the whole picture: heat is rounded to 256 levels before it has a colour.
          expect(Math.max(...off), `result ${shown.sequence}`).toBeLessThan(6);
        }
        await sleep(60);
      }
      expect(compared, 'results with one hot class that were compared').toBe(5);
      expect(errors).toEqual([]);
    } finally {
      subscription.close();
      await browser.close();
    }
  });

  it.skipIf(noFfmpeg !== null)('takes an outside encoder over HTTP, and outlives it', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/live.ts`;
    const args =
      `-loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=25 -f lavfi -i sine=frequency=440 -t 30 ` +
      `-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -c:a aac -f mpegts -listen 1 ${url}`;
    const encoder = spawn('ffmpeg', args.split(' '), { stdio: 'ignore' });
    try {
      const added = await fetch(api('streams'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'url', id: 'encoder', url }),
      });
      expect(added.status).toBe(201);
      await untilState(server.url, 'encoder', 'live');
      const messages = await collect('encoder', 40);
      expect(messages.at(-1)).toMatchObject({ picture: { width: 320, height: 240 } });
      // Not of any one of them: on a busy machine a moment's sound may come late.
      expect(messages.map(({ alignment }) => alignment)).toContain('aligned');
    } finally {
      const gone = once(encoder, 'exit');
      encoder.kill('SIGKILL');
      await gone;
    }
    await untilState(server.url, 'encoder', 'reconnecting');
    expect(await collect('demo', 5)).toHaveLength(5);
    expect((await fetch(api('streams/encoder'), { method: 'DELETE' })).status).toBe(204);
    expect((await streamsOf(server.url)).map(({ id }) => id)).toEqual(['demo']);
  });

  it('refuses a URL that can never work with the field and the mend', async () => {
    for (const [url, code] of [
      ['no url', 'bad-url'],
      ['gopher://example/x', 'bad-url'],
      ['file:///etc/passwd', 'forbidden-path'],
    ]) {
      const answer = await fetch(api('streams'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'url', url }),
      });
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code, errors: [{ field: 'url' }] });
    }
  });
});

describe('closing the live server', () => {
  it('ends every stream and refuses connections', async () => {
    const other = await startLiveServer();
    await untilState(other.url, 'demo', 'live');
    const { url } = other;
    await other.close();
    await other.close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

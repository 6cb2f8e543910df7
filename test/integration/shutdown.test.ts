/** How the program ends: asked to, told twice, and killed; with a file, a mute camera and a webcam open. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL_BINARY } from '../../src/protocol/messages.ts';
import { writeClip } from '../support/clips/write-clip.ts';
import { descendantsOf } from '../support/process-resources.ts';
import { isRunning, ServerProcess } from '../support/server-process.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

const folder = mkdtempSync(join(tmpdir(), 'earsight-shutdown-'));
/** Takes connections and never says a word: whoever reads from it hangs in the read. */
const callers = new Set<Socket>();
const muteCamera = createServer((caller) => {
  callers.add(caller);
  caller.on('error', () => undefined);
});

beforeAll(async () => {
  await writeClip(join(folder, 'clip.mov'), { seconds: 2, sizes: [{ width: 160, height: 120 }] });
  muteCamera.listen(0, '127.0.0.1');
  await once(muteCamera, 'listening');
});
afterAll(() => {
  for (const caller of callers) caller.destroy();
  muteCamera.close();
  rmSync(folder, { recursive: true });
});

/** A server with two media processes: one decodes, one hangs in a read. */
async function busyServer(...settings: string[]): Promise<ServerProcess> {
  const { port } = muteCamera.address() as AddressInfo;
  const known = callers.size;
  const streams = [
    { id: 'demo', kind: 'demo' },
    { id: 'clip', kind: 'url', url: pathToFileURL(join(folder, 'clip.mov')).href, loop: true },
    { id: 'mute', kind: 'url', url: `rtsp://127.0.0.1:${port}/camera` },
  ];
  const set = [
    `streams=${JSON.stringify(streams)}`,
    `ingest.allowedFileRoots=${JSON.stringify([folder])}`,
    'ingest.allowedNetworks=[any]',
    ...settings,
  ];
  const server = await ServerProcess.serve(set.flatMap((assignment) => ['--set', assignment]));
  await server.until(() => callers.size > known, 'a caller of the mute camera');
  await server.until(() => descendantsOf(server.child.pid!).length >= 2, 'its media processes');
  return server;
}

/** Adds a third, which waits for the packets of a webcam. */
async function withWebcam(server: ServerProcess): Promise<number[]> {
  const publisher = new WrtcPublisher({ width: 320, height: 240 });
  try {
    const answer = await fetch(`${server.url}/api/v1/whip/desk`, post(await publisher.offer()));
    expect(answer.status).toBe(201);
  } finally {
    publisher.close();
  }
  return descendantsOf(server.child.pid!);
}

const post = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/sdp' },
  body,
});

const heatmaps = ({ url }: ServerProcess): WebSocket =>
  new WebSocket(`${url.replace('http', 'ws')}/api/v1/heatmaps?streams=*`, SUBPROTOCOL_BINARY);

/** One that does not even answer a goodbye: the server waits for it, as long as it waits for anybody. */
async function stuckSubscriber(server: ServerProcess): Promise<WebSocket> {
  const socket = heatmaps(server).on('error', () => undefined);
  await once(socket, 'message');
  socket.pause();
  return socket;
}

const stopping = (server: ServerProcess): Promise<void> =>
  server.until(() => server.records.some(({ msg }) => msg?.includes('stopping') === true), 'stopping');

async function untilGone(processes: readonly number[]): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (processes.some(isRunning) && performance.now() < deadline) await sleep(50);
  expect(processes.filter(isRunning)).toEqual([]);
}

describe('a server with media processes and subscribers', () => {
  it('drains on SIGTERM: says so, takes nothing new, sends 1001, ends its processes, exits with 0', async () => {
    await using server = await busyServer('server.drainMs=30000');
    const processes = descendantsOf(server.child.pid!);
    const polite = heatmaps(server);
    await once(polite, 'message');
    const closed = once(polite, 'close') as Promise<[code: number, reason: Buffer]>;
    const stuck = await stuckSubscriber(server);

    server.child.kill('SIGTERM');
    await stopping(server);
    const late = heatmaps(server);
    const refused = new Promise<number | undefined>((resolve) => {
      late.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      late.on('error', () => resolve(undefined));
    });
    const [ready, whip, stream, alive] = await Promise.all([
      fetch(`${server.url}/readyz`),
      fetch(`${server.url}/api/v1/whip/late`, post('v=0\r\n')),
      fetch(`${server.url}/api/v1/streams`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"kind":"demo","id":"late"}',
      }),
      fetch(`${server.url}/healthz`),
    ]);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reason: 'The server is shutting down.' },
    ]);
    for (const answer of [whip, stream]) {
      expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([503, 5]);
      expect(await answer.json()).toMatchObject({ code: 'closed' });
    }
    expect(alive.status).toBe(200);
    expect(await refused).toBe(503);

    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([1001, 'the server is stopping']);
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
    expect(processes.filter(isRunning)).toEqual([]);
    stuck.terminate();
  });

  it('ends at once on a second signal, and its processes with it', async () => {
    // Were it not for the second signal, it would end with 0.
    await using server = await busyServer('server.drainMs=30000');
    const processes = descendantsOf(server.child.pid!);
    const stuck = await stuckSubscriber(server);
    server.child.kill('SIGTERM');
    await stopping(server);
    await server.stop('SIGINT');
    expect(server.child.signalCode).toBe('SIGKILL');
    await untilGone(processes);
    stuck.terminate();
  });

  it('leaves no process when it is killed', async () => {
    await using server = await busyServer();
    const processes = await withWebcam(server);
    expect(processes.length).toBeGreaterThanOrEqual(3);
    expect((await server.stop('SIGKILL')).code).toBeNull();
    await untilGone(processes);
  });
});

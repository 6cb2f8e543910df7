/** The program while its configuration changes, and over a restart. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hashToken, newToken } from '../../src/server/access/token-hash.ts';
import type { StreamView } from '../../src/server/http/schemas.ts';
import { freePort } from '../support/free-port.ts';
import { ServerProcess } from '../support/server-process.ts';
import { callIn } from '../support/webrtc/call-in.ts';
import { ScriptedPublisher } from '../support/webrtc/scripted-publisher.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-reload-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const streamsOf = async (url: string): Promise<StreamView[]> =>
  ((await (await fetch(`${url}/api/v1/streams`)).json()) as { streams: StreamView[] }).streams;
const idsOf = async (url: string): Promise<string[]> => (await streamsOf(url)).map(({ id }) => id);

const stream = (id: string, seed = 1): string =>
  `  - { id: ${id}, kind: demo, seed: ${seed}, session: { maxRateHz: 4 } }\n`;

describe('a changed configuration', () => {
  it('is in force without a pause of what it does not touch; a wrong one changes nothing', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, `streams:\n${stream('stays')}${stream('goes')}`);
    // A busy machine may stall the scene; that is not what is looked at here.
    await using server = await ServerProcess.serve(['--config', file, '--set', 'session.stallMs=60000']);
    const { url } = server;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/heatmaps?streams=*`, [
      'earsight.heatmap.v1.json',
    ]);
    const sequences: number[] = [];
    const others = new Set<string>();
    let closed = false;
    socket.on('close', () => (closed = true));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; stream: string; sequence: number };
      if (message.type === 'removed') others.add(`-${message.stream}`);
      if (message.type !== 'heatmap') return;
      if (message.stream === 'stays') sequences.push(message.sequence);
      else others.add(message.stream);
    });
    await server.until(() => sequences.length > 3 && others.has('goes'), 'results');

    const handshake = async (): Promise<string> => {
      const visitor = new WebSocket(
        `${url.replace('http', 'ws')}/api/v1/heatmaps`,
        ['earsight.heatmap.v1.json'],
        {
          origin: 'https://dash.example',
        },
      );
      visitor.on('error', () => undefined);
      const answer = await Promise.race([
        once(visitor, 'open').then(() => 'open'),
        once(visitor, 'unexpected-response').then(() => 'refused'),
      ]);
      visitor.terminate();
      return answer;
    };
    expect(await handshake()).toBe('refused');

    // By itself, when the file was left alone for a while.
    const settings = 'server: { allowedOrigins: ["https://dash.example"] }\nlog: { level: debug }\n';
    writeFileSync(file, `${settings}streams:\n${stream('stays')}${stream('comes')}`);
    await server.until(() => others.has('comes') && others.has('-goes'), 'the new streams');
    expect(await handshake()).toBe('open');
    expect(await idsOf(url)).toEqual(['stays', 'comes']);

    // On SIGHUP.
    writeFileSync(file, `server: { port: 1, limits: 2 }\nstreams:\n${stream('other')}`);
    server.child.kill('SIGHUP');
    await server.until(
      () => server.records.some(({ msg }) => msg === 'the configuration that was in force stays'),
      'the refusal',
    );
    expect(server.records.some(({ msg }) => msg?.startsWith(`${file}:1:`))).toBe(true);
    expect(await idsOf(url)).toEqual(['stays', 'comes']);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('earsight_config_last_reload_successful 0');
    expect(metrics).toMatch(/earsight_config_reloads_total\{result="taken"\} 1/);

    const seen = sequences.length;
    await server.until(() => sequences.length > seen + 2, 'more results');
    expect(closed).toBe(false);
    const stays = (await streamsOf(url)).find(({ id }) => id === 'stays');
    expect(stays?.stats?.restarts).toBe(0);
    // One session from the first result to the last: it never began to count anew.
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
    socket.terminate();
    expect((await server.stop()).code).toBe(0);
  });

  it('lets webcams of before and after it share their one port', async () => {
    const file = join(folder, 'port.yaml');
    const port = await freePort();
    const settings = `webrtc: { portRange: [${port}, ${port}] }\nstreams:\n`;
    writeFileSync(file, `${settings}  - { id: first, kind: webcam }\n`);
    await using server = await ServerProcess.serve(['--config', file]);
    const publishers = [1, 2].map(() => new WrtcPublisher({ width: 320, height: 240, frameRate: 10 }));
    try {
      await callIn(server.url, 'first', publishers[0]!);
      writeFileSync(file, `${settings}  - { id: first, kind: webcam }\n  - { id: second, kind: webcam }\n`);
      server.child.kill('SIGHUP');
      await expect.poll(() => idsOf(server.url), { timeout: 10_000 }).toEqual(['first', 'second']);
      await callIn(server.url, 'second', publishers[1]!);
      const states = async () => (await streamsOf(server.url)).map(({ state }) => state);
      await expect.poll(states, { timeout: 30_000 }).toEqual(['live', 'live']);
      for (const publisher of publishers) {
        expect(await publisher.path()).toMatchObject({ protocol: 'udp', remotePort: port });
      }
    } finally {
      for (const publisher of publishers) publisher.close();
    }
    expect((await server.stop()).code).toBe(0);
  });
});

it('what waits for a restart is named by the log, the API and the metrics, until it is taken back', async () => {
  const file = join(folder, 'waiting.yaml');
  const write = (settings: string): void => writeFileSync(file, `${settings}streams: []\n`);
  write('');
  await using server = new ServerProcess(['serve', '--port', '0', '--config', file]);
  await server.until(() => server.records.some(({ msg }) => msg === 'listening'), 'listening');
  server.url = String(server.records.find(({ msg }) => msg === 'listening')?.['url']);
  // The file is taken by itself: a signal too would make it two reloads.
  const reloaded = async (settings: string): Promise<string[]> => {
    const before = server.records.length;
    write(settings);
    const since = (): string[] => server.records.slice(before).map(({ msg }) => msg ?? '');
    await server.until(
      () => since().some((msg) => msg === 'the configuration was read anew and is in force'),
      'the reload',
    );
    // Whatever it says of it is written with it.
    await server.until(async () => (await fetch(`${server.url}/healthz`)).ok, 'the log');
    return since().filter((msg) => msg.includes('waits for a restart'));
  };
  const named = async (): Promise<[api: string[], metrics: string[]]> => {
    const view = await fetch(`${server.url}/api/v1/configuration`);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    return [
      ((await view.json()) as { waitsForRestart: string[] }).waitsForRestart,
      [...metrics.matchAll(/^earsight_config_waits_for_restart\{setting="([^"]+)"\} 1$/gm)].map(
        ([, name]) => name!,
      ),
    ];
  };
  expect(await named()).toEqual([[], []]);
  const both = 'engine: { workers: 1, maxBatch: 3 }\n';
  expect(await reloaded(both)).toEqual(['engine.workers, engine.maxBatch: waits for a restart']);
  const names = ['engine.workers', 'engine.maxBatch'];
  expect(await named()).toEqual([names, names]);
  expect(await reloaded('engine: { maxBatch: 3 }\n')).toEqual([
    'engine.workers: as it runs, waits for a restart no more',
    'engine.maxBatch: waits for a restart',
  ]);
  expect(await named()).toEqual([['engine.maxBatch'], ['engine.maxBatch']]);
  expect(await reloaded('')).toEqual(['engine.maxBatch: as it runs, waits for a restart no more']);
  expect(await named()).toEqual([[], []]);

  // These wait for nothing.
  expect(await reloaded('server: { drainMs: 44444 }\n')).toEqual([]);
  write('server: { drainMs: 44444 }\nlog: { format: line }\n');
  await server.until(() => /^\d\d:\d\d:\d\d /m.test(server.stdout), 'a line for people');
  expect(await named()).toEqual([[], []]);
  const { code, stdout } = await server.stop();
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d SIGTERM: stopping, at most 44444 ms$/m);
  expect(code).toBe(0);
});

describe('a token that is taken away', () => {
  it('closes the connections it opened with 1008, ends what it publishes, and no other', async () => {
    const tokens = { stays: newToken(), goes: newToken() };
    const entry = (name: 'stays' | 'goes'): string =>
      `    - { name: ${name}, hash: '${hashToken(tokens[name])}', roles: [view, publish] }\n`;
    const file = join(folder, 'tokens.yaml');
    const rest = `streams:\n${stream('a')}`;
    writeFileSync(file, `auth:\n  mode: tokens\n  tokens:\n${entry('stays')}${entry('goes')}${rest}`);
    await using server = await ServerProcess.serve(['--config', file]);
    const open = async (token: string): Promise<WebSocket> => {
      const socket = new WebSocket(
        `${server.url.replace('http', 'ws')}/api/v1/heatmaps`,
        ['earsight.heatmap.v1.json'],
        { headers: { Authorization: `Bearer ${token}` } },
      );
      await once(socket, 'open');
      return socket;
    };
    const [stays, goes] = [await open(tokens.stays), await open(tokens.goes)];
    const closed = once(goes, 'close') as Promise<[code: number]>;
    const publishers = [new ScriptedPublisher(), new ScriptedPublisher()];
    await callIn(server.url, 'webcam-stays', publishers[0]!, { token: tokens.stays });
    await callIn(server.url, 'webcam-goes', publishers[1]!, { token: tokens.goes });
    const streams = async (): Promise<string[]> => {
      const headers = { Authorization: `Bearer ${tokens.stays}` };
      const answer = await fetch(`${server.url}/api/v1/streams`, { headers });
      const { streams } = (await answer.json()) as { streams: StreamView[] };
      return streams.map(({ id }) => id);
    };
    expect(await streams()).toEqual(['a', 'webcam-stays', 'webcam-goes']);
    writeFileSync(file, `auth:\n  mode: tokens\n  tokens:\n${entry('stays')}${rest}`);
    server.child.kill('SIGHUP');
    expect((await closed)[0]).toBe(1008);
    expect(stays.readyState).toBe(WebSocket.OPEN);
    await expect.poll(streams, { timeout: 10_000 }).toEqual(['a', 'webcam-stays']);
    for (const publisher of publishers) await publisher.close();
    const asked = await fetch(`${server.url}/api/v1/streams`, {
      headers: { Authorization: `Bearer ${tokens.goes}` },
    });
    expect(asked.status).toBe(401);
    stays.terminate();
    expect((await server.stop()).code).toBe(0);
  });
});

it('a webcam whose offer is on its way when its token is taken away is refused', async () => {
  const token = newToken();
  const file = join(folder, 'half-an-offer.yaml');
  const auth = 'auth:\n  mode: tokens\n  tokens:\n';
  writeFileSync(
    file,
    `${auth}    - { name: t, hash: '${hashToken(token)}', roles: [publish] }\nstreams: []\n`,
  );
  await using server = await ServerProcess.serve(['--config', file]);
  const publisher = new ScriptedPublisher();
  const offer = await publisher.offer();
  const post = request(`${server.url}/api/v1/whip/desk`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/sdp',
      'content-length': Buffer.byteLength(offer),
    },
  });
  const answered = once(post, 'response') as Promise<[IncomingMessage]>;
  post.write(offer.slice(0, 100));
  // Long enough for the half that came to be judged by the token as it is.
  await sleep(500);
  writeFileSync(
    file,
    `${auth}    - { name: other, hash: '${hashToken(newToken())}', roles: [publish] }\nstreams: []\n`,
  );
  server.child.kill('SIGHUP');
  await server.until(
    () => server.records.some(({ msg }) => msg === 'the configuration was read anew and is in force'),
    'the reload',
  );
  post.end(offer.slice(100));
  const [answer] = await answered;
  expect(answer.statusCode).toBe(401);
  expect(JSON.parse(await text(answer))).toMatchObject({
    code: 'unauthorized',
    detail: 'The token "t" was changed while this was asked for. Ask again.',
  });
  await publisher.close();
  expect(
    server.records.filter((record) => record['stream'] === 'desk' && record['state'] === 'live'),
  ).toEqual([]);
  expect((await server.stop()).code).toBe(0);
});

it('a ticket that was not used is good after it, for what its token may see then, unless the token is gone', async () => {
  const names = ['same', 'fewer', 'gone', 'roleless'] as const;
  const tokens = new Map(names.map((name) => [name, newToken()]));
  const entry = (name: (typeof names)[number], streams: string, role = 'view'): string =>
    `    - { name: ${name}, hash: '${hashToken(tokens.get(name)!)}', roles: [${role}], streams: ${streams} }\n`;
  const file = join(folder, 'tickets.yaml');
  const write = (entries: string): void =>
    writeFileSync(file, `auth:\n  mode: tokens\n  tokens:\n${entries}streams:\n${stream('a')}${stream('b')}`);
  write(names.map((name) => entry(name, '[a, b]')).join(''));
  await using server = await ServerProcess.serve(['--config', file]);
  const tickets = await Promise.all(
    names.map(async (name) => {
      const headers = { Authorization: `Bearer ${tokens.get(name)}` };
      const reply = await fetch(`${server.url}/api/v1/tickets`, { method: 'POST', headers });
      return ((await reply.json()) as { ticket: string }).ticket;
    }),
  );
  write(entry('same', '[a, b]') + entry('fewer', '[b]') + entry('roleless', '[a, b]', 'publish'));
  server.child.kill('SIGHUP');
  await server.until(
    () => server.records.some(({ msg }) => msg === 'the configuration was read anew and is in force'),
    'the reload',
  );

  /** The status that refuses it, or the streams it may see. */
  const redeem = async (ticket: string): Promise<number | string[]> => {
    const url = `${server.url.replace('http', 'ws')}/api/v1/heatmaps?ticket=${ticket}`;
    const socket = new WebSocket(url, ['earsight.heatmap.v1.json']);
    socket.on('error', () => undefined);
    const answer = await Promise.race([
      once(socket, 'message').then(([data]) => {
        const hello = JSON.parse(String(data)) as { streams: { id: string }[] };
        return hello.streams.map(({ id }) => id);
      }),
      once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number),
    ]);
    socket.terminate();
    return answer;
  };
  expect(await Promise.all(tickets.map(redeem))).toEqual([['a', 'b'], ['b'], 401, 403]);
  // Once each, as before.
  expect(await redeem(tickets[0]!)).toBe(401);
  expect((await server.stop()).code).toBe(0);
});

describe('streams that the API added', () => {
  it('survive a restart, and a kill', async () => {
    const args = ['--set', 'streams=[]', '--set', `data.folder=${join(folder, 'data')}`];
    const add = (url: string, id: string): Promise<Response> =>
      fetch(`${url}/api/v1/streams`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'webcam', id }),
      });
    {
      await using server = await ServerProcess.serve(args);
      expect((await add(server.url, 'one')).status).toBe(201);
      expect((await add(server.url, 'two')).status).toBe(201);
      const renamed = await fetch(`${server.url}/api/v1/streams/two`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'Second' }),
      });
      expect(renamed.status).toBe(200);
      expect((await server.stop()).code).toBe(0);
    }
    {
      await using server = await ServerProcess.serve(args);
      expect((await streamsOf(server.url)).map(({ id, name }) => [id, name])).toEqual([
        ['one', 'one'],
        ['two', 'Second'],
      ]);
      expect((await add(server.url, 'three')).status).toBe(201);
      expect((await fetch(`${server.url}/api/v1/streams/one`, { method: 'DELETE' })).status).toBe(204);
      await server.stop('SIGKILL');
    }
    await using server = await ServerProcess.serve(args);
    expect(await idsOf(server.url)).toEqual(['two', 'three']);
    expect((await server.stop()).code).toBe(0);
  });
});

/** The program where tokens are asked for: REST, WebSocket, WHIP, the subscriber to import, and how it starts. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Problem, subscribe } from '../../src/client/subscriber.ts';
import { hashToken, newToken } from '../../src/server/access/token-hash.ts';
import { run, ServerProcess } from '../support/server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'earsight-access-'));
const config = join(folder, 'earsight.yaml');
const [viewer, publisher, admin] = [newToken(), newToken(), newToken()];
writeFileSync(
  config,
  `auth:
  mode: tokens
  ticketMs: 2000
  tokens:
    - {name: viewer, hash: '${hashToken(viewer)}', roles: [view], streams: [yard]}
    - {name: publisher, hash: '${hashToken(publisher)}', roles: [publish], streams: ['desk-*']}
    - {name: admin, hash: '${hashToken(admin)}', roles: [admin]}
limits: {subscribersPerToken: 3, streamsPerToken: 1}
streams:
  - {id: yard, kind: demo}
  - {id: hall, kind: demo, enabled: false}
`,
);

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.serve(['--config', config]);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` });

async function ticket(token: string): Promise<string> {
  const reply = await fetch(`${server.url}/api/v1/tickets`, { method: 'POST', headers: bearer(token) });
  return ((await reply.json()) as { ticket: string }).ticket;
}

type Opened = { status: number; code?: string } | { messages: Record<string, unknown>[]; socket: WebSocket };

/** The handshake's refusal, or the messages of the first half second. */
async function open(query: string, headers: Record<string, string> = {}): Promise<Opened> {
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}/api/v1/heatmaps${query}`,
    'earsight.heatmap.v1.json',
    { headers },
  );
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer) =>
    messages.push(JSON.parse(data.toString()) as Record<string, unknown>),
  );
  return await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const { code } = JSON.parse(Buffer.concat(pieces).toString()) as { code: string };
        resolve({ status: response.statusCode ?? 0, code });
      });
    });
    socket.on('open', () => void sleep(500).then(() => resolve({ messages, socket })));
  });
}

describe('the WebSocket', () => {
  it('is refused without a ticket, with a wrong one, and with one used before', async () => {
    expect(await open('')).toEqual({ status: 401, code: 'unauthorized' });
    expect(await open('?ticket=wrong')).toEqual({ status: 401, code: 'unauthorized' });
    const once = await ticket(viewer);
    const opened = await open(`?ticket=${once}`);
    expect('messages' in opened).toBe(true);
    if ('socket' in opened) opened.socket.terminate();
    expect(await open(`?ticket=${once}`)).toEqual({ status: 401, code: 'unauthorized' });
  });

  it('is refused to a token without the role, and to a strange page with the right ticket', async () => {
    expect(await open(`?ticket=${await ticket(publisher)}`)).toEqual({ status: 403, code: 'forbidden' });
    const fromPage = { Origin: 'https://evil.example' };
    expect(await open(`?ticket=${await ticket(admin)}`, fromPage)).toEqual({
      status: 403,
      code: 'forbidden-origin',
    });
  });

  it('knows of the streams of the token alone, by *, by name and in hello', async () => {
    const opened = await open('?streams=*,hall', bearer(viewer));
    if (!('messages' in opened)) throw new Error('refused');
    const { messages, socket } = opened;
    expect(messages[0]).toMatchObject({ type: 'hello', streams: [{ id: 'yard' }] });
    await fetch(`${server.url}/api/v1/streams/hall`, {
      method: 'PATCH',
      headers: { ...bearer(admin), 'Content-Type': 'application/json' },
      body: '{"enabled": true}',
    });
    await server.until(() => messages.filter(({ type }) => type === 'heatmap').length > 3, 'heatmaps');
    await sleep(1_500);
    socket.terminate();
    expect(messages.some(({ type, code }) => type === 'error' && code === 'stream-unknown')).toBe(true);
    const named = new Set(
      messages.map(({ stream }) => (stream as { id?: string } | undefined)?.id ?? stream),
    );
    named.delete(undefined);
    expect([...named]).toEqual(['yard']);
  });
});

describe('the subscriber', () => {
  it('takes a token and gets its tickets by itself, again for each connection', async () => {
    let asked = 0;
    const heard = new Set<string>();
    const subscription = subscribe(`${server.url}/api/v1/heatmaps`, {
      token: () => {
        asked += 1;
        return viewer;
      },
      onHeatmap: ({ stream }) => void heard.add(stream),
    });
    await server.until(() => heard.has('yard'), 'a heatmap');
    subscription.close();
    expect(asked).toBe(1);
  });

  it('tells that a token is wrong, and goes on trying', async () => {
    const problems: Problem[] = [];
    const subscription = subscribe(`${server.url}/api/v1/heatmaps`, {
      token: 'wrong',
      backoff: { firstMs: 20, maxMs: 20 },
      onProblem: (problem) => void problems.push(problem),
    });
    await server.until(() => problems.length >= 2, 'two refusals');
    subscription.close();
    expect(problems[0]?.code).toBe('unauthorized');
  });
});

describe('one token', () => {
  it('has so many subscribers at a time, and leaves room for the others', async () => {
    const opened = [];
    for (let i = 0; i < 4; i++) opened.push(await open(`?ticket=${await ticket(viewer)}`));
    const sockets = opened.flatMap((one) => ('socket' in one ? [one.socket] : []));
    const isOpen = (): number => sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
    await server.until(() => isOpen() === 3, 'three that stay');
    const other = await open(`?ticket=${await ticket(admin)}`);
    expect('messages' in other && other.messages[0]?.['type']).toBe('hello');
    for (const socket of [...sockets, ...('socket' in other ? [other.socket] : [])]) socket.terminate();
  });

  it('has so many streams at a time', async () => {
    const add = (id: string): Promise<Response> =>
      fetch(`${server.url}/api/v1/streams`, {
        method: 'POST',
        headers: { ...bearer(admin), 'Content-Type': 'application/json' },
        body: JSON.stringify({ kind: 'demo', id, enabled: false }),
      });
    expect((await add('one')).status).toBe(201);
    const second = await add('two');
    expect(second.status).toBe(503);
    expect(await second.json()).toMatchObject({
      code: 'limit-reached',
      detail: expect.stringContaining('raise limits.streamsPerToken') as string,
    });
    await fetch(`${server.url}/api/v1/streams/one`, { method: 'DELETE', headers: bearer(admin) });
    expect((await add('two')).status).toBe(201);
  });
});

it('WHIP takes a publisher for its streams and asks the others for a token', async () => {
  const offer = (id: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${server.url}/api/v1/whip/${id}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...headers },
      body: 'v=0\r\n',
    });
  expect((await offer('desk-1', {})).status).toBe(401);
  expect((await offer('desk-1', bearer(viewer))).status).toBe(403);
  expect((await offer('yard', bearer(publisher))).status).toBe(403);
  // Let in, and then refused for what it offers.
  expect((await offer('desk-1', bearer(publisher))).status).toBe(400);
});

it('no token shows in the log', () => {
  for (const token of [viewer, publisher, admin]) expect(server.stdout + server.stderr).not.toContain(token);
});

describe('the program', () => {
  it('does not start where others can reach it and nobody has a token', async () => {
    const finished = await run(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain('nobody has a token. Make one with "earsight token"');
  });

  it('makes tokens, and the lines that let them in', async () => {
    const made = await run([
      'token',
      '--name',
      'dash',
      '--roles',
      'view,publish',
      '--streams',
      'yard,door-*',
    ]);
    expect(made.code).toBe(0);
    const token = /^ {2}(es_[\w-]{43})$/m.exec(made.stdout)?.[1] ?? '';
    expect(made.stdout).toContain(
      `    - name: dash\n      hash: ${hashToken(token)}\n      roles: [view, publish]\n      streams: ["yard", "door-*"]\n`,
    );
    const wrong = await run(['token', '--name', 'a b', '--roles', 'root']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('--name must be text like');
    expect(wrong.stderr).toContain('--roles must be view, publish or admin');
  });
});

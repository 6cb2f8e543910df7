/** The program from outside: starts, serves, ends, and what it says when it cannot. */

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { StreamView } from '../../src/server/http/schemas.ts';
import { isRunning, run, ServerProcess } from '../support/server-process.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

const MODEL = fileURLToPath(new URL('../../models/studio-10', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined;
if (!hasFfmpeg) console.warn('skipped: streams of files, because ffmpeg is not installed to make one');

let folder = '';
let clip = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-program-'));
  clip = join(folder, 'clip.mp4');
  if (!hasFfmpeg) return;
  const input = [
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=320x180:rate=25',
    '-f',
    'lavfi',
    '-i',
    'sine=440:sample_rate=48000',
  ];
  execFileSync('ffmpeg', ['-loglevel', 'error', ...input, '-t', '4', '-c:v', 'libx264', '-c:a', 'aac', clip]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = async <Answer>(url: string, init?: RequestInit): Promise<Answer> =>
  (await (await fetch(url, init)).json()) as Answer;
const view = (url: string, id: string): Promise<StreamView> =>
  json<StreamView>(`${url}/api/v1/streams/${id}`);

/** What a process was started with. */
const environmentOf = (pid: number): string[] => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');

describe('serve', () => {
  it.runIf(process.platform === 'linux')('runs with memory that stays level, unless told how', async () => {
    {
      await using server = await ServerProcess.serve();
      expect(environmentOf(server.child.pid!)).toContain('MALLOC_ARENA_MAX=2');
      expect(environmentOf(server.child.pid!)).toContain('MALLOC_MMAP_THRESHOLD_=65536');
      expect(readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=16');
      const kept = environmentOf(server.child.pid!).find((entry) => entry.startsWith('NODE_COMPILE_CACHE='));
      expect(kept).toMatch(/earsight\/compiled$/);
      expect((await server.stop()).code).toBe(0);
    }
    await using server = await ServerProcess.serve([], { MALLOC_ARENA_MAX: '7' });
    const own = environmentOf(server.child.pid!).filter((entry) => entry.startsWith('MALLOC'));
    expect(own).toEqual(['MALLOC_ARENA_MAX=7']);
  });

  it('shows the demo scene from no configuration at all, and ends cleanly on SIGTERM', async () => {
    await using server = await ServerProcess.serve();
    const { url } = server;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await server.until(async () => (await view(url, 'demo')).state === 'live', 'live');
    const socket = new WebSocket(
      `${url.replace('http', 'ws')}/api/v1/heatmaps?streams=demo`,
      'earsight.heatmap.v1.json',
    );
    const types = new Set<string>();
    socket.on('message', (data: Buffer) => types.add((JSON.parse(data.toString()) as { type: string }).type));
    await server.until(() => types.has('heatmap'), 'a heatmap');
    expect(types).toContain('hello');
    const picture = await fetch(`${url}/api/v1/streams/demo/snapshot.png`);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(
      Buffer.from(await picture.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const text = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    const aligned = /earsight_results_total\{source="demo",alignment="aligned"\} [1-9]/;
    await server.until(async () => aligned.test(await text()), 'aligned results');
    const metrics = await text();
    expect(metrics).toContain('process_resident_memory_bytes');

    const closed = once(socket, 'close') as Promise<[code: number]>;
    const finished = await server.stop();
    expect((await closed)[0]).toBe(1001);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const live = server.records.find(({ msg, stream }) => stream === 'demo' && msg === 'live');
    expect(live).toMatchObject({ level: 30 });
  });

  it.skipIf(!hasFfmpeg)(
    'adds a file by REST, keeps its neighbours when it fails, and leaves no child',
    async () => {
      writeFileSync(join(folder, 'noise.mp4'), Buffer.alloc(10_000, 7));
      await using server = await ServerProcess.serve([
        '--set',
        'streams=[]',
        '--set',
        `ingest.allowedFileRoots=[${folder}]`,
        '--set',
        'ingest.allowedNetworks=[any]',
      ]);
      const { url } = server;
      const add = (body: object): Promise<Response> =>
        fetch(`${url}/api/v1/streams`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ kind: 'url', ...body }),
        });
      for (const [bad, code] of [
        ['file:///etc/passwd', 'forbidden-path'],
        [pathToFileURL(join(folder, '..', 'x.mp4')).href, 'forbidden-path'],
        ['no url', 'bad-url'],
        ['gopher://u:hunter2@h/', 'bad-url'],
      ]) {
        const answer = await add({ url: bad });
        expect(answer.status).toBe(422);
        const problem = await answer.text();
        expect(problem).not.toContain('hunter2');
        expect(JSON.parse(problem)).toMatchObject({ code, errors: [{ field: 'url' }] });
      }
      expect((await add({ id: 'clip', url: pathToFileURL(clip).href, loop: true })).status).toBe(201);
      expect((await add({ id: 'noise', url: pathToFileURL(join(folder, 'noise.mp4')).href })).status).toBe(
        201,
      );
      expect((await add({ id: 'away', url: 'rtsp://u:hunter2@127.0.0.1:9/x' })).status).toBe(201);
      await server.until(
        async () => ['live', 'degraded'].includes((await view(url, 'clip')).state),
        'the clip',
      );
      await server.until(async () => (await view(url, 'noise')).state === 'failed', 'the failure');
      await server.until(async () => (await view(url, 'away')).reason === 'source-refused', 'the refusal');
      expect(['live', 'degraded']).toContain((await view(url, 'clip')).state);
      await server.until(async () => ((await view(url, 'clip')).stats?.results ?? 0) > 5, 'results');
      const all = await (await fetch(`${url}/api/v1/streams`)).text();
      expect(all).not.toContain('hunter2');

      const children = server.children();
      expect(children.length).toBeGreaterThan(0);
      expect((await fetch(`${url}/api/v1/streams/clip`, { method: 'DELETE' })).status).toBe(204);
      expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('"clip"');
      const { code, stdout, stderr } = await server.stop('SIGINT');
      expect(code).toBe(0);
      expect(children.filter(isRunning)).toEqual([]);
      expect(stdout + stderr).not.toContain('hunter2');
    },
  );

  it('takes a webcam by WHIP, and lets its stream go when the webcam is gone', async () => {
    await using server = await ServerProcess.serve([
      '--set',
      'streams=[]',
      '--set',
      'webrtc.departureMs=500',
    ]);
    const { url } = server;
    const publisher = new WrtcPublisher({ width: 320, height: 240 });
    try {
      const answer = await fetch(`${url}/api/v1/whip/desk`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: await publisher.offer(),
      });
      expect(answer.status).toBe(201);
      expect(answer.headers.get('link')).toContain('</api/v1/heatmaps?streams=desk>');
      await publisher.answer(await answer.text());
      await server.until(async () => ((await view(url, 'desk')).stats?.results ?? 0) > 5, 'results');
      expect(await view(url, 'desk')).toMatchObject({ kind: 'webcam', ephemeral: true });
      const location = new URL(answer.headers.get('location') ?? '', url);
      expect((await fetch(location, { method: 'DELETE' })).status).toBe(200);
      await server.until(
        async () => (await fetch(`${url}/api/v1/streams/desk`)).status === 404,
        'its removal',
      );
      expect((await fetch(location, { method: 'DELETE' })).status).toBe(200);
      const mute = await fetch(`${url}/api/v1/whip/desk`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n',
      });
      expect([400, 422]).toContain(mute.status);
      expect(await json(`${url}/api/v1/streams`)).toEqual({ streams: [] });
    } finally {
      publisher.close();
    }
    expect((await server.stop()).code).toBe(0);
  });

  it('lets no part of it report to its maker: what it computes with keeps no identifier, nor a queue of reports', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    // Where a machine of a build service is told by its variables, onnxruntime holds its tongue anyway.
    const usual = { CI: '', GITHUB_ACTIONS: '', GITLAB_CI: '', TF_BUILD: '', JENKINS_URL: '', BUILD_ID: '' };
    const folders = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), TMPDIR: home };
    await using server = await ServerProcess.serve([], { ...usual, ...folders });
    const isReady = async (): Promise<boolean> => (await fetch(`${server.url}/readyz`)).ok;
    await server.until(isReady, 'ready');
    await sleep(1_000);
    expect((await server.stop()).code).toBe(0);
    const kept = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(kept.filter((path) => /microsoft|onnxruntime|deviceid|mat-debug/i.test(path))).toEqual([]);
  });

  it('ends on SIGTERM though nobody reads its log', async () => {
    await using server = await ServerProcess.serve();
    server.child.stdout!.pause();
    // More than pipe and reader hold, so that some is still to be written at the end.
    const comeAndGo = async (id: string): Promise<void> => {
      const body = JSON.stringify({ kind: 'webcam', id });
      const headers = { 'content-type': 'application/json' };
      await fetch(`${server.url}/api/v1/streams`, { method: 'POST', headers, body });
      await fetch(`${server.url}/api/v1/streams/${id}`, { method: 'DELETE' });
    };
    for (let i = 0; i < 800; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, k) => comeAndGo(`${'x'.repeat(50)}${i + k}`)));
    }
    const ended = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    expect(await Promise.race([ended, sleep(20_000, 'waits for its reader')])).toEqual([0, null]);
    server.child.stdout!.resume();
  });

  it('writes lines for people when asked', async () => {
    await using server = new ServerProcess([
      'serve',
      '--port',
      '0',
      '--log-format',
      'line',
      '--set',
      'streams=[]',
    ]);
    await server.until(() => server.stdout.includes('Ctrl+C'), 'the summary');
    expect(server.stdout).toMatch(/page {5}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(server.stdout).toContain('studio-10 on cpu');
    expect(server.stdout).toContain('none yet');
    const { code, stdout } = await server.stop();
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      expect.stringMatching(/^\S+ SIGTERM: stopping/),
    ]);
  });
});

describe('a start that cannot be', () => {
  const args = ['serve', '--port', '0', '--set', 'streams=[]'];

  it('says so in one line and ends with 2', async () => {
    const broken = join(folder, 'broken');
    cpSync(MODEL, broken, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(broken, 'manifest.json'), 'utf8')) as {
      grid: { rows: number };
    };
    writeFileSync(
      join(broken, 'manifest.json'),
      JSON.stringify({ ...manifest, grid: { ...manifest.grid, rows: 11 } }),
    );
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      const cases: [args: string[], said: RegExp][] = [
        [[...args, '--model', join(folder, 'none')], /^There is no model at .*none\/manifest\.json/],
        [[...args, '--model', broken], /grid|similarity/],
        [['serve', '--port', String(port)], /^Port \d+ of 127\.0\.0\.1 is in use.*--port\.$/],
        [
          [...args, '--host', '203.0.113.9', '--set', 'auth.mode=none'],
          /^203\.0\.113\.9 is no address of this machine\..*--host/,
        ],
        [['serve', '--port', 'x'], /^--port: server\.port must be a whole number/],
        [['serve', '--config', join(folder, 'none.yaml')], /none\.yaml: the configuration cannot be read/],
        [
          ['serve', '--port', '0', '--set', 'streams=[{id: a, kind: url, url: "file:///etc/passwd"}]'],
          /^streams\[0\] \(a\): .*lies outside/,
        ],
      ];
      for (const [given, said] of cases) {
        const { code, stdout, stderr } = await run(given);
        expect([code, stdout], stderr).toEqual([2, '']);
        expect(stderr.trimEnd()).toMatch(said);
        expect(stderr).not.toContain('    at ');
      }
    } finally {
      taken.close();
    }
  });

  it('says that the disk is full where its log cannot be written', () => {
    if (!existsSync('/dev/full')) return;
    const command = `exec "$0" "$1" serve --port 0 --log-format json --set 'streams=[]' > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, MAIN], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, 'The disk is full: make room, then start again.\n']);
  });

  it('knows its commands and version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await run(['--help']);
    expect([help.code, help.stdout]).toEqual([0, expect.stringMatching(/serve[^]*probe[^]*bench/)]);
    expect(await run(['serve', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--config'),
    });
    expect(await run(['paint'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown command 'paint'"),
    });
  });
});

describe('probe', () => {
  it.skipIf(!hasFfmpeg)('tells tracks, rates and that nothing is off', async () => {
    const people = await run(['probe', clip, '--seconds', '3']);
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(/video +h264 320x180, 25\.0\/s measured/);
    expect(people.stdout).toMatch(/Nothing is off\.\n$/);
    const program = await run(['probe', pathToFileURL(clip).href, '--json', '--seconds', '3']);
    expect(JSON.parse(program.stdout)).toMatchObject({
      ok: true,
      trouble: null,
      timing: 'shared',
      audio: { codec: 'aac', rateHz: 48_000, channels: 1 },
      suggestions: [],
    });
  });

  it('tells what is wrong and what to do, without the password', async () => {
    const { code, stdout } = await run(['probe', 'rtsp://viewer:hunter2@127.0.0.1:9/x']);
    expect(code).toBe(1);
    expect(stdout).toContain('Nothing listens there');
    expect(stdout).not.toContain('hunter2');
    expect(await run(['probe', 'nonsense'])).toMatchObject({ code: 2, stdout: '' });
    expect(await run(['probe', 'rtsp://h/', '--seconds', '0'])).toMatchObject({ code: 2, stdout: '' });
  });
});

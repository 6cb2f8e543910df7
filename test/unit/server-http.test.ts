/** Every route by `app.request()`: answers, refusals, headers, and the OpenAPI document that describes them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { Secret } from '../../src/pipeline/secret.ts';
import { Access } from '../../src/server/access/access.ts';
import { PublishingLimits } from '../../src/server/access/publishing-limits.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { createApp } from '../../src/server/http/app.ts';
import type { AppContext, Readiness } from '../../src/server/http/context.ts';
import { Publications } from '../../src/server/streams/publications.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { exampleResult, FakePipeline, FakeSources, fixedClock } from '../support/server-fakes.ts';

let page = '';
beforeAll(() => {
  page = mkdtempSync(join(tmpdir(), 'earsight-page-'));
  mkdirSync(join(page, 'assets'));
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(page, 'assets', 'main-abc.js'), 'export {};');
  writeFileSync(join(tmpdir(), 'earsight-outside.txt'), 'secret');
});
afterAll(() => {
  rmSync(page, { recursive: true });
  rmSync(join(tmpdir(), 'earsight-outside.txt'));
});

const pipeline = { current: new FakePipeline() };
const sources = { current: new FakeSources() };
const reported: unknown[] = [];
let readiness: Readiness = { ready: true, reason: null };
let registry: StreamRegistry;
let app: ReturnType<typeof createApp>;

function build(changes: Partial<AppContext> = {}): ReturnType<typeof createApp> {
  registry = new StreamRegistry({
    pipeline: pipeline.current,
    sources: sources.current,
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [],
    maxStreams: 3,
    departureMs: 10_000,
  });
  return createApp({
    registry,
    publications: new Publications(registry),
    model: {
      name: 'tiny',
      version: '1',
      description: 'For tests.',
      classes: [{ index: 0, name: 'dog', colour: '#00ff00' }],
      frame: { width: 160, height: 160 },
      grid: { rows: 10, cols: 10 },
      engine: 'cpu',
    },
    readiness: () => readiness,
    isStopping: () => false,
    waitsForRestart: () => ['engine.workers'],
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('earsight_up 1\n') },
    renderSnapshot: (_result, { format, overlay }) =>
      Promise.resolve(new TextEncoder().encode(`${format} ${overlay ? 'with' : 'without'} heat`)),
    pageDirectory: page,
    allowedOrigins: ['https://dashboard.example'],
    access: new Access({ required: false, tokens: [], ticketMs: 30_000 }),
    expectedHosts: null,
    addressOf: () => '192.0.2.1',
    iceServers: [
      { urls: ['stun:s.example:3478'] },
      { urls: ['turn:t.example:3478'], username: 'u"x', credential: new Secret('c') },
    ],
    whip: { lenient: false, redirectTo: null },
    limits: { bodyBytes: 2048, sdpBytes: 4096 },
    publishingLimits: new PublishingLimits({ whipPostsPerMinute: 1000, whipPatchesPerMinute: 1000 }),
    version: '1.2.3',
    log: { level: 'info' },
    kept: () => Promise.resolve(),
    reportError: (thrown) => void reported.push(thrown),
    ...changes,
  });
}

beforeEach(() => {
  pipeline.current = new FakePipeline();
  sources.current = new FakeSources();
  reported.length = 0;
  readiness = { ready: true, reason: null };
  app = build();
});

interface Reply {
  status: number;
  headers: Headers;
  text: string;
  json: Record<string, unknown>;
}

const asked = new Set<string>();
let document: OpenApi;
interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}
beforeAll(async () => {
  document = (await (await build().request('/openapi.json')).json()) as OpenApi;
});

/** Asks the app, and holds the answer against the OpenAPI document where that knows the path. */
async function ask(
  method: string,
  path: string,
  init: { body?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await app.request(path, { method, ...init });
  const text = await response.text();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const json = type.endsWith('json') && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
  conform(method, path, response.status, type, json);
  return { status: response.status, headers: response.headers, text, json };
}

function conform(method: string, path: string, status: number, type: string, json: unknown): void {
  const plain = path.split('?')[0] ?? '';
  const template = Object.keys(document.paths).find((candidate) =>
    new RegExp(`^${candidate.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  if (template === undefined || [401, 403, 405, 421, 429].includes(status) || method === 'HEAD') return;
  const operation = document.paths[template]?.[method.toLowerCase()];
  if (operation === undefined) return;
  asked.add(`${method} ${template}`);
  const response = operation.responses[String(status)];
  expect(response, `${method} ${template} answers ${status}, which the document does not list`).toBeDefined();
  if (type === '') return;
  const schema = response?.content?.[type]?.schema;
  expect(schema, `${method} ${template} ${status} has type ${type}`).toBeDefined();
  if (schema === undefined || !type.endsWith('json')) return;
  const whole = { ...schema, components: document.components };
  // The same check that an OpenAPI client would make, by zod's own reader of JSON Schema.
  const resolved = JSON.parse(
    JSON.stringify({ ...whole, $defs: document.components.schemas }).replaceAll(
      '#/components/schemas/',
      '#/$defs/',
    ),
  ) as z.core.JSONSchema.JSONSchema;
  expect(z.fromJSONSchema(resolved).safeParse(json).error?.issues ?? []).toEqual([]);
}

const post = (value: unknown, headers: Record<string, string> = {}) => ({
  body: typeof value === 'string' ? value : JSON.stringify(value),
  headers: { 'content-type': 'application/json', ...headers },
});
const add = (value: object) => ask('POST', '/api/v1/streams', post(value));
const PROBLEM = 'application/problem+json';

describe('streams', () => {
  it('are added, listed, read, changed and removed', async () => {
    const added = await add({
      kind: 'url',
      id: 'door',
      name: 'Door',
      url: 'rtsp://u:secret@h/1',
      session: { maxRateHz: 5 },
    });
    expect(added.status).toBe(201);
    expect(added.headers.get('location')).toBe('/api/v1/streams/door');
    expect(added.json).toMatchObject({
      id: 'door',
      name: 'Door',
      state: 'connecting',
      url: 'rtsp://***@h/1',
      enabled: true,
      ephemeral: false,
      session: { maxRateHz: 5, smoothingMs: 150 },
    });
    expect(added.text).not.toContain('secret');
    pipeline.current.of('door').become({ state: 'live', reason: null, picture: { width: 640, height: 360 } });
    const list = await ask('GET', '/api/v1/streams');
    expect(list.json['streams']).toEqual([
      { ...added.json, state: 'live', reason: null, picture: { width: 640, height: 360 } },
    ]);
    expect((await ask('GET', '/api/v1/streams/door')).json).toMatchObject({ state: 'live' });
    const changed = await ask(
      'PATCH',
      '/api/v1/streams/door',
      post({ name: 'Front', session: { smoothingMs: 0 } }),
    );
    expect(changed.json).toMatchObject({ name: 'Front', session: { maxRateHz: 5, smoothingMs: 0 } });
    expect((await ask('PATCH', '/api/v1/streams/door', post({ enabled: false }))).json).toMatchObject({
      state: 'ended',
      reason: 'disabled',
      stats: null,
    });
    expect((await ask('DELETE', '/api/v1/streams/door')).status).toBe(204);
    expect((await ask('GET', '/api/v1/streams/door')).status).toBe(404);
    expect((await ask('GET', '/api/v1/streams')).json).toEqual({ streams: [] });
  });

  const BAD: [title: string, body: unknown, status: number, code: string, fields: string[]][] = [
    ['JSON that is none', '{"kind":', 400, 'bad-request', []],
    ['an unknown kind', { kind: 'rtsp', id: 'x' }, 422, 'bad-request', ['kind']],
    ['no URL and a bad id', { kind: 'url', id: 'Front Door' }, 422, 'bad-request', ['id', 'url']],
    ['an unknown key', { kind: 'demo', sed: 3 }, 422, 'bad-request', ['sed']],
    [
      'an option out of range',
      { kind: 'demo', session: { stallMs: 1 } },
      422,
      'bad-request',
      ['session.stallMs'],
    ],
    ['a list', [], 422, 'bad-request', ['']],
    ['too much', { kind: 'demo', name: 'x'.repeat(3000) }, 413, 'body-too-large', []],
  ];
  it.each(BAD)('%s is refused', async (_title, body, status, code, fields) => {
    const reply = await ask('POST', '/api/v1/streams', post(body));
    expect(reply.headers.get('content-type')).toBe(PROBLEM);
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ status, code, type: `urn:earsight:problem:${code}` });
    const errors = (reply.json['errors'] ?? []) as { field: string; message: string }[];
    expect(errors.map(({ field }) => field)).toEqual(fields);
    expect(registry.list()).toEqual([]);
  });

  it('name the field of a URL that can never work, and never its password', async () => {
    sources.current.refusal = new EarsightError(
      'bad-url',
      'url has the scheme gopher, which is not allowed. Use rtsp.',
      {
        details: { field: 'url' },
      },
    );
    const reply = await add({ kind: 'url', url: 'gopher://u:secret@h' });
    expect([reply.status, reply.json['code']]).toEqual([422, 'bad-url']);
    expect(reply.json['errors']).toEqual([
      { field: 'url', message: 'url has the scheme gopher, which is not allowed. Use rtsp.' },
    ]);
    expect(reply.text).not.toContain('secret');
    sources.current.refusal = new EarsightError('forbidden-path', 'no', { details: { field: 'url' } });
    expect((await add({ kind: 'url', url: 'file:///etc/passwd' })).json).toMatchObject({
      status: 422,
      code: 'forbidden-path',
    });
  });

  it('are unknown, there already, or too many', async () => {
    await add({ kind: 'demo', id: 'a' });
    expect((await add({ kind: 'demo', id: 'a' })).json).toMatchObject({ status: 409, code: 'stream-exists' });
    await add({ kind: 'demo' });
    await add({ kind: 'demo' });
    const full = await add({ kind: 'demo' });
    expect(full.json).toMatchObject({ status: 503, code: 'limit-reached' });
    expect(full.headers.get('retry-after')).toMatch(/^\d+$/);
    for (const [method, init] of [
      ['GET', {}],
      ['DELETE', {}],
      ['PATCH', post({ name: 'x' })],
    ] as const) {
      expect((await ask(method, '/api/v1/streams/none', init)).json).toMatchObject({
        status: 404,
        code: 'stream-unknown',
      });
    }
  });

  it('refuse patches that say nothing, nonsense, or a URL where there is none', async () => {
    await add({ kind: 'demo', id: 'a' });
    for (const [body, fields] of [
      [{}, ['']],
      [{ kind: 'url' }, ['kind', '']],
      [{ enabled: 'yes' }, ['enabled']],
      [{ url: 'rtsp://h' }, ['url']],
    ] as const) {
      const reply = await ask('PATCH', '/api/v1/streams/a', post(body));
      expect(reply.json).toMatchObject({ status: 422, code: 'bad-request' });
      expect((reply.json['errors'] as { field: string }[]).map(({ field }) => field)).toEqual(fields);
    }
  });

  it('want JSON', async () => {
    const reply = await ask('POST', '/api/v1/streams', {
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(reply.json).toMatchObject({ status: 415, code: 'unsupported-media-type' });
  });
});

describe('snapshots', () => {
  it('are the newest result, with its heat unless told otherwise', async () => {
    await add({ kind: 'demo', id: 'a' });
    const early = await ask('GET', '/api/v1/streams/a/snapshot.jpg');
    expect(early.json).toMatchObject({ status: 503, code: 'no-picture' });
    pipeline.current.of('a').result = exampleResult('a');
    const jpeg = await ask('GET', '/api/v1/streams/a/snapshot.jpg');
    expect([jpeg.headers.get('content-type'), jpeg.text]).toEqual(['image/jpeg', 'jpg with heat']);
    expect(jpeg.headers.get('cache-control')).toBe('no-store');
    const png = await ask('GET', '/api/v1/streams/a/snapshot.png?overlay=false');
    expect([png.headers.get('content-type'), png.text]).toEqual(['image/png', 'png without heat']);
    expect((await ask('GET', '/api/v1/streams/a/snapshot.png?overlay=maybe')).json).toMatchObject({
      status: 422,
      errors: [{ field: 'overlay' }],
    });
    expect((await ask('GET', '/api/v1/streams/none/snapshot.jpg')).status).toBe(404);
    expect((await ask('GET', '/api/v1/streams/a/snapshot.gif')).status).toBe(404);
  });
});

describe('WHIP (RFC 9725)', () => {
  const sdp = { 'content-type': 'application/sdp' };
  const fragment = { 'content-type': 'application/trickle-ice-sdpfrag' };
  const publish = (headers: Record<string, string> = sdp, body = 'offer') =>
    ask('POST', '/api/v1/whip/desk', { body, headers });

  it('publishes: 201, an unguessable Location, a strong ETag, the heatmaps and the ICE servers', async () => {
    const reply = await publish();
    expect(reply.status).toBe(201);
    expect(reply.text).toBe('answer to offer');
    expect(reply.headers.get('content-type')).toBe('application/sdp');
    expect(reply.headers.get('location')).toMatch(/^\/api\/v1\/whip\/desk\/[\w-]{24}$/);
    expect(reply.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(reply.headers.get('link')).toBe(
      '</api/v1/heatmaps?streams=desk>; rel="urn:earsight:rel:heatmaps", <stun:s.example:3478>; rel="ice-server", ' +
        '<turn:t.example:3478>; rel="ice-server"; username="u\\"x"; credential="c"; credential-type="password"',
    );
    expect((await ask('GET', '/api/v1/streams/desk')).json).toMatchObject({
      kind: 'webcam',
      ephemeral: true,
    });
  });

  it('ends by DELETE, as often as one likes, whatever the If-Match', async () => {
    const location = (await publish()).headers.get('location') ?? '';
    expect((await ask('DELETE', location, { headers: { 'if-match': '"x"' } })).status).toBe(200);
    expect((await ask('DELETE', location)).status).toBe(200);
    expect(
      (await ask('PATCH', location, { body: 'a', headers: { ...fragment, 'if-match': '"x"' } })).status,
    ).toBe(404);
    expect((await ask('DELETE', '/api/v1/whip/desk/guess')).status).toBe(404);
  });

  it('tells what it takes, and has nothing to read', async () => {
    const location = (await publish()).headers.get('location') ?? '';
    const options = await ask('OPTIONS', '/api/v1/whip/desk');
    expect([options.status, options.headers.get('accept-post')]).toEqual([200, 'application/sdp']);
    expect((await ask('OPTIONS', location)).headers.get('accept-patch')).toBe(
      'application/trickle-ice-sdpfrag',
    );
    for (const path of ['/api/v1/whip/desk', location]) {
      for (const method of ['GET', 'HEAD']) expect((await ask(method, path)).status).toBe(204);
      expect((await ask('PUT', path)).json).toMatchObject({ status: 405, code: 'method-not-allowed' });
    }
  });

  it('refuses what it cannot answer', async () => {
    expect((await publish({ 'content-type': 'application/json' })).status).toBe(415);
    expect((await publish({})).status).toBe(415);
    expect((await publish({ ...sdp, accept: 'application/json' })).json).toMatchObject({
      status: 406,
      code: 'not-acceptable',
    });
    for (const accept of ['*/*', 'application/*;q=0.5', 'text/html, application/sdp']) {
      expect((await publish({ ...sdp, accept })).status).toBe(201);
    }
    expect((await publish(sdp, 'x'.repeat(5000))).json).toMatchObject({
      status: 413,
      code: 'body-too-large',
    });
    expect((await ask('POST', '/api/v1/whip/Bad%20Id', { body: 'o', headers: sdp })).json).toMatchObject({
      status: 422,
      errors: [{ field: 'id' }],
    });
    await add({ kind: 'demo', id: 'scene' });
    expect((await ask('POST', '/api/v1/whip/scene', { body: 'o', headers: sdp })).status).toBe(409);
  });

  it.each([
    ['bad-sdp', 400],
    ['unacceptable-sdp', 422],
    ['source-crashed', 503],
  ] as const)('answers %s with %i and leaves no stream behind', async (code, status) => {
    sources.current.webcamRefusal = new EarsightError(code, 'The offer has no video. Share a camera.');
    const reply = await publish();
    expect(reply.json).toMatchObject({ status, code, detail: 'The offer has no video. Share a camera.' });
    expect(registry.list()).toEqual([]);
  });

  it('says 503 with Retry-After when the server is full or going down', async () => {
    for (const name of ['a', 'b', 'c']) await add({ kind: 'demo', name });
    const full = await publish();
    expect([full.status, full.headers.has('retry-after')]).toEqual([503, true]);
    await registry.close();
    const closing = await publish();
    expect([closing.status, closing.json['code'], closing.headers.has('retry-after')]).toEqual([
      503,
      'closed',
      true,
    ]);
  });
});

describe('information', () => {
  it('is there for the model, health, readiness and metrics', async () => {
    expect((await ask('GET', '/api/v1/model')).json).toMatchObject({
      name: 'tiny',
      grid: { rows: 10, cols: 10 },
    });
    expect((await ask('GET', '/healthz')).json).toEqual({ status: 'ok' });
    expect((await ask('GET', '/readyz')).status).toBe(200);
    readiness = { ready: false, reason: 'The model is warming up.' };
    const notReady = await ask('GET', '/readyz');
    expect([notReady.status, notReady.json]).toEqual([
      503,
      { ready: false, reason: 'The model is warming up.' },
    ]);
    expect((await ask('GET', '/healthz')).status).toBe(200);
    const metrics = await ask('GET', '/metrics');
    expect([metrics.headers.get('content-type'), metrics.text]).toEqual([
      'text/plain; version=0.0.4',
      'earsight_up 1\n',
    ]);
  });

  it('is there for the level of the log, which takes effect at once', async () => {
    expect((await ask('GET', '/api/v1/configuration')).json).toEqual({
      waitsForRestart: ['engine.workers'],
    });
    expect((await ask('GET', '/api/v1/log')).json).toEqual({ level: 'info' });
    const changed = await ask('PATCH', '/api/v1/log', post({ level: 'debug' }));
    expect([changed.status, changed.json]).toEqual([200, { level: 'debug' }]);
    expect((await ask('GET', '/api/v1/log')).json).toEqual({ level: 'debug' });
    const wrong = await ask('PATCH', '/api/v1/log', post({ level: 'loud' }));
    expect([wrong.status, wrong.json['errors']]).toEqual([
      422,
      [expect.objectContaining({ field: 'level' })],
    ]);
  });

  it('tells a plain GET of the heatmaps to come with a WebSocket', async () => {
    const reply = await ask('GET', '/api/v1/heatmaps?streams=a');
    expect([reply.status, reply.headers.get('upgrade'), reply.json['code']]).toEqual([
      426,
      'websocket',
      'upgrade-required',
    ]);
  });
});

describe('access', () => {
  it('is everything where no token is asked for, and tickets are given all the same', async () => {
    expect((await ask('GET', '/api/v1/access')).json).toEqual({
      name: 'everyone',
      tokenRequired: false,
      roles: ['view', 'publish', 'admin'],
      streams: null,
    });
    const reply = await ask('POST', '/api/v1/tickets');
    expect(reply.status).toBe(201);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.json).toEqual({ ticket: expect.stringMatching(/^[\w-]{32}$/), expiresInMs: 30_000 });
  });
});

describe('errors', () => {
  it('of unknown paths and methods are problems too', async () => {
    const reply = await ask('GET', '/api/v2/streams');
    expect([reply.status, reply.headers.get('content-type'), reply.json['code']]).toEqual([
      404,
      PROBLEM,
      'not-found',
    ]);
    const method = await ask('PUT', '/api/v1/streams');
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
    expect((await ask('DELETE', '/healthz')).status).toBe(405);
    expect((await ask('GET', '/api/v1/streams/a/b/c')).status).toBe(404);
  });

  it('of ours stay inside and are reported', async () => {
    app = build({
      metrics: { contentType: 'text/plain', text: () => Promise.reject(new Error('password in a stack')) },
    });
    const reply = await app.request('/metrics');
    expect(reply.status).toBe(500);
    expect(await reply.text()).not.toContain('password');
    expect(reported.map(String)).toEqual(['Error: password in a stack']);
  });
});

describe('browsers', () => {
  const withOrigin = (origin: string) => ({ origin, host: 'server.example:8080' });

  it('of its own page may do everything, also behind a proxy that ends TLS', async () => {
    for (const origin of ['http://server.example:8080', 'https://server.example:8080']) {
      const reply = await ask('POST', '/api/v1/streams', post({ kind: 'demo' }, withOrigin(origin)));
      expect(reply.status).toBe(201);
      expect(reply.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('of other pages may change nothing and are given no permission to read', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://server.example:9090']) {
      const reply = await ask('POST', '/api/v1/streams', post({ kind: 'demo' }, withOrigin(origin)));
      expect(reply.json).toMatchObject({ status: 403, code: 'forbidden-origin' });
      const read = await ask('GET', '/api/v1/streams', { headers: withOrigin(origin) });
      expect(read.headers.get('access-control-allow-origin')).toBeNull();
      expect(read.headers.get('vary')).toContain('Origin');
      const preflight = await ask('OPTIONS', '/api/v1/whip/desk', { headers: withOrigin(origin) });
      expect(preflight.headers.get('access-control-allow-methods')).toBeNull();
    }
    expect(registry.list()).toEqual([]);
  });

  it('of allowed pages may, and see the headers WHIP needs', async () => {
    const headers = withOrigin('https://dashboard.example');
    const preflight = await ask('OPTIONS', '/api/v1/whip/desk', {
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('If-Match');
    const reply = await ask('POST', '/api/v1/whip/desk', {
      body: 'offer',
      headers: { ...headers, 'content-type': 'application/sdp' },
    });
    expect(reply.headers.get('access-control-expose-headers')).toMatch(/Location, Link, ETag/);
    expect(reply.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
  });
});

describe('the page', () => {
  it('comes with a strict policy and the caching its names allow', async () => {
    const index = await ask('GET', '/');
    expect([index.status, index.text]).toEqual([200, '<!doctype html><title>page</title>']);
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const policy = index.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(index.headers.get('permissions-policy')).toContain('camera=(self)');
    expect(index.headers.get('x-content-type-options')).toBe('nosniff');
    const script = await ask('GET', '/assets/main-abc.js');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await ask('GET', '/assets/none.js')).json).toMatchObject({ status: 404 });
  });

  it('reaches nothing outside its folder', async () => {
    for (const path of [
      '/../earsight-outside.txt',
      '/%2e%2e/earsight-outside.txt',
      '/..%2fearsight-outside.txt',
      '/assets/..%2f..%2fearsight-outside.txt',
    ]) {
      const reply = await ask('GET', path);
      expect(reply.text, path).not.toContain('secret');
      expect(reply.status).toBe(404);
    }
  });

  it('tells how to build it when it is not there', async () => {
    app = build({ pageDirectory: join(page, 'none') });
    const reply = await app.request('/');
    expect(reply.status).toBe(503);
    expect(await reply.text()).toContain('npx vite build');
    expect((await app.request('/healthz')).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  it('lists exactly the routes there are', () => {
    const routes = new Set(
      build()
        .routes.filter(
          ({ method, path }) =>
            method !== 'ALL' && !path.includes('*') && !['/', '/openapi.json'].includes(path),
        )
        .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
    );
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(new Set(listed)).toEqual(routes);
    expect(listed.length).toBeGreaterThan(15);
  });

  it('was held against an answer of every one of them', () => {
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed.filter((route) => !asked.has(route))).toEqual([]);
  });

  it('describes the units and limits that the configuration states', () => {
    const text = JSON.stringify(document);
    expect(document.openapi).toBe('3.1.0');
    expect(text).toContain('Time constant of the smoothing of the heat, in milliseconds.');
    expect(text).toContain('"maximum":500');
  });
});

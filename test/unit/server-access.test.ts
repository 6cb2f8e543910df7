/** Who may do what over HTTP: every route by every role, and ways around it that must not work. */

import { beforeEach, describe, expect, it } from 'vitest';
import { Access } from '../../src/server/access/access.ts';
import type { Role } from '../../src/server/access/principal.ts';
import { hashToken, newToken } from '../../src/server/access/token-hash.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { createApp } from '../../src/server/http/app.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { appContext } from '../support/app-context.ts';
import { FakePipeline, FakeSources, fixedClock } from '../support/server-fakes.ts';

type Who = 'nobody' | 'view' | 'publish' | 'admin' | 'yard-view' | 'desk-publish' | 'yard-admin';
const RIGHTS: Record<Exclude<Who, 'nobody'>, { roles: Role[]; streams: string[] | null }> = {
  view: { roles: ['view'], streams: null },
  publish: { roles: ['publish'], streams: null },
  admin: { roles: ['admin'], streams: null },
  'yard-view': { roles: ['view'], streams: ['yard'] },
  'desk-publish': { roles: ['publish'], streams: ['desk*'] },
  'yard-admin': { roles: ['admin'], streams: ['yard'] },
};
const tokens = Object.fromEntries(Object.keys(RIGHTS).map((name) => [name, newToken()])) as Record<
  Who,
  string
>;

let app: ReturnType<typeof createApp>;
let registry: StreamRegistry;

function build(required: boolean, expectedHosts: ReadonlySet<string> | null = null): typeof app {
  registry = new StreamRegistry({
    pipeline: new FakePipeline(),
    sources: new FakeSources(),
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [],
    maxStreams: 9,
    departureMs: 10_000,
  });
  for (const id of ['yard', 'hall']) registry.add({ kind: 'demo', id, enabled: true, seed: 1, session: {} });
  const entries = Object.entries(RIGHTS).map(([name, rights]) => ({
    name,
    hash: hashToken(tokens[name as Who]),
    ...rights,
  }));
  return createApp(
    appContext(registry, {
      metrics: { contentType: 'text/plain', text: () => Promise.resolve('up 1\n') },
      allowedOrigins: ['https://dash.example'],
      access: new Access({ required, tokens: entries, ticketMs: 30_000 }),
      expectedHosts,
      limits: { bodyBytes: 2048, sdpBytes: 2048 },
    }),
  );
}
beforeEach(() => (app = build(true)));

async function status(
  who: Who,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const authorization: Record<string, string> =
    who === 'nobody' ? {} : { Authorization: `Bearer ${tokens[who]}` };
  const body =
    method === 'POST' && path.includes('/whip/')
      ? { body: 'v=0', headers: { 'content-type': 'application/sdp', ...authorization, ...headers } }
      : method === 'POST' || method === 'PATCH'
        ? {
            body: '{"kind":"demo"}',
            headers: { 'content-type': 'application/json', ...authorization, ...headers },
          }
        : { headers: { ...authorization, ...headers } };
  return (await app.request(path, { method, ...body })).status;
}

const EVERY: readonly Who[] = [
  'nobody',
  'view',
  'publish',
  'admin',
  'yard-view',
  'desk-publish',
  'yard-admin',
];

/** Who is let in; the others get 401 (nobody) or 403. */
const TABLE: [method: string, path: string, letIn: readonly Who[]][] = [
  ['GET', '/healthz', EVERY],
  ['GET', '/readyz', EVERY],
  ['GET', '/openapi.json', EVERY],
  ['OPTIONS', '/api/v1/streams', EVERY],
  ['OPTIONS', '/api/v1/whip/desk', EVERY],
  ['GET', '/metrics', ['view', 'admin']],
  ['GET', '/api/v1/access', EVERY.filter((who) => who !== 'nobody')],
  ['POST', '/api/v1/tickets', EVERY.filter((who) => who !== 'nobody')],
  ['GET', '/api/v1/model', EVERY.filter((who) => who !== 'nobody')],
  ['GET', '/api/v1/heatmaps', EVERY.filter((who) => who !== 'nobody')],
  ['GET', '/api/v1/configuration', ['admin']],
  ['GET', '/api/v1/log', ['admin']],
  ['PATCH', '/api/v1/log', ['admin']],
  ['GET', '/api/v1/streams', ['view', 'admin', 'yard-view', 'yard-admin']],
  ['POST', '/api/v1/streams', ['admin']],
  ['GET', '/api/v1/streams/yard', ['view', 'admin', 'yard-view', 'yard-admin']],
  ['HEAD', '/api/v1/streams/yard', ['view', 'admin', 'yard-view', 'yard-admin']],
  ['GET', '/api/v1/streams/hall', ['view', 'admin']],
  ['GET', '/api/v1/streams/absent', ['view', 'admin']],
  ['GET', '/api/v1/streams/yard/snapshot.jpg', ['view', 'admin', 'yard-view', 'yard-admin']],
  ['GET', '/api/v1/streams/hall/snapshot.png', ['view', 'admin']],
  ['PATCH', '/api/v1/streams/yard', ['admin', 'yard-admin']],
  ['PATCH', '/api/v1/streams/hall', ['admin']],
  ['DELETE', '/api/v1/streams/hall', ['admin']],
  ['POST', '/api/v1/whip/desk', ['publish', 'admin', 'desk-publish']],
  ['POST', '/api/v1/whip/hall', ['publish', 'admin']],
  ['DELETE', '/api/v1/whip/desk/secret', ['publish', 'admin', 'desk-publish']],
  ['PATCH', '/api/v1/whip/hall/secret', ['publish', 'admin']],
  ['GET', '/api/v1/whip/desk', EVERY.filter((who) => who !== 'nobody')],
  // Routes that there are not, or not yet: closed.
  ['GET', '/api/v1/secrets', ['admin']],
  ['GET', '/api/v2', ['admin']],
  ['PUT', '/api/v1/config', ['admin']],
];

describe('roles', () => {
  it.each(TABLE)('%s %s', async (method, path, letIn) => {
    for (const who of EVERY) {
      app = build(true);
      const answer = await status(who, method, path);
      const refused = answer === 401 || answer === 403;
      expect(refused, `${who} got ${answer}`).toBe(!letIn.includes(who));
      if (refused) expect(answer).toBe(who === 'nobody' ? 401 : 403);
    }
  });

  it('show each the streams it may see', async () => {
    const list = async (who: Who): Promise<string[]> => {
      const reply = await app.request('/api/v1/streams', {
        headers: { Authorization: `Bearer ${tokens[who]}` },
      });
      return ((await reply.json()) as { streams: { id: string }[] }).streams.map(({ id }) => id);
    };
    expect(await list('view')).toEqual(['yard', 'hall']);
    expect(await list('yard-view')).toEqual(['yard']);
  });

  it('say in a refusal how to ask, and to whom', async () => {
    const none = await app.request('/api/v1/streams');
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="earsight"');
    expect(none.headers.get('content-type')).toBe('application/problem+json');
    expect(await none.json()).toMatchObject({ code: 'unauthorized', status: 401 });
    for (let i = 0; i < 10; i++)
      await app.request('/api/v1/streams', { headers: { Authorization: 'Bearer no' } });
    const limited = await app.request('/api/v1/streams', { headers: { Authorization: 'Bearer no' } });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '6']);
    expect(await status('view', 'GET', '/api/v1/streams')).toBe(200);
  });
});

describe('ways around', () => {
  it.each([
    '/api/v1/streams/%68all',
    '/api/v1/streams/%2568all',
    '/api/v1/streams/yard%2f..%2fhall',
    '/api/v1/streams/yard/../hall',
    '/api/v1/streams//hall',
    '/api/v1/streams/hall/',
    '/api/v1//streams/hall',
    '//api/v1/streams/hall',
    '/API/v1/streams/hall',
    '/api/v1/streams/hall?id=yard',
    '/api/v1/streams/hall;id=yard',
    '/api/v1/streams/hall%00',
  ])('%s gives a token for another stream nothing', async (path) => {
    const reply = await app.request(path, { headers: { Authorization: `Bearer ${tokens['yard-view']}` } });
    expect([401, 403, 404, 503]).toContain(reply.status);
    expect(await reply.text()).not.toContain('"id":"hall"');
  });

  it.each(['/metrics/', '/metrics/x', '//metrics', '/%6detrics', '/METRICS'])(
    '%s shows no metrics',
    async (path) => {
      expect(await (await app.request(path)).text()).not.toContain('up 1');
    },
  );

  it('another method by header or query changes nothing', async () => {
    const headers = { 'X-HTTP-Method-Override': 'DELETE' };
    expect(await status('view', 'GET', '/api/v1/streams/hall?_method=DELETE', headers)).toBe(200);
    expect(registry.find('hall')).not.toBeNull();
  });

  it('a token in the query is none', async () => {
    expect(
      await status('nobody', 'GET', `/api/v1/streams?token=${tokens.admin}&access_token=${tokens.admin}`),
    ).toBe(401);
  });

  it('a page of a strange origin is refused before its token is looked at', async () => {
    const origin = { Origin: 'https://evil.example' };
    expect(await status('admin', 'DELETE', '/api/v1/streams/hall', origin)).toBe(403);
    expect(registry.find('hall')).not.toBeNull();
  });

  it('an allowed origin reads why it was refused', async () => {
    const reply = await app.request('/api/v1/streams', { headers: { Origin: 'https://dash.example' } });
    expect(reply.status).toBe(401);
    expect(reply.headers.get('access-control-allow-origin')).toBe('https://dash.example');
  });

  it('a name rebound to this machine is refused where no token is asked for', async () => {
    app = build(false, new Set(['cam.example']));
    for (const path of ['/', '/api/v1/streams', '/metrics', '/healthz']) {
      const reply = await app.request(path, {
        headers: { Host: 'evil.example', Origin: 'http://evil.example' },
      });
      expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([
        421,
        'unexpected-host',
      ]);
    }
    for (const Host of ['localhost:8080', '127.0.0.1:8080', 'cam.example']) {
      expect((await app.request('/api/v1/streams', { headers: { Host } })).status).toBe(200);
    }
  });
});

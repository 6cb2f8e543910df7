/**
 * The HTTP side of WHIP, requirement by requirement: names carry the sections of RFC 9725. docs/whip.md maps each of
 * its MUSTs to a test, here or in test/integration/whip-ice.test.ts or whip-restart.test.ts beside it.
 */

import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { EarsightError, type ErrorCode } from '../../src/pipeline/errors.ts';
import { Secret } from '../../src/pipeline/secret.ts';
import { Access } from '../../src/server/access/access.ts';
import { PublishingLimits } from '../../src/server/access/publishing-limits.ts';
import { hashToken } from '../../src/server/access/token-hash.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { createApp } from '../../src/server/http/app.ts';
import type { AppContext } from '../../src/server/http/context.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { appContext } from '../support/app-context.ts';
import {
  FakePipeline,
  FakeSources,
  FakeWebcam,
  type FakeWebcamSession,
  fixedClock,
} from '../support/server-fakes.ts';

const SDP = { 'content-type': 'application/sdp' };
const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag' };
const ENDPOINT = '/api/v1/whip/desk';
const TOKEN = 'a-token-of-more-than-24-characters';
const BEARER = { authorization: `Bearer ${TOKEN}` };

let sources: FakeSources;
let registry: StreamRegistry;
let app: ReturnType<typeof createApp>;

function build(changes: Partial<AppContext> = {}, maxStreams = 3): void {
  sources = new FakeSources();
  registry = new StreamRegistry({
    pipeline: new FakePipeline(),
    sources,
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [],
    maxStreams,
    departureMs: 10_000,
  });
  app = createApp(
    appContext(registry, {
      allowedOrigins: ['https://cam.example'],
      iceServers: [
        { urls: ['stun:s.example:3478'] },
        { urls: ['turn:t.example:3478?transport=udp'], username: 'u', credential: new Secret('c"\\') },
      ],
      limits: { bodyBytes: 2048, sdpBytes: 2048 },
      ...changes,
    }),
  );
}
beforeEach(() => build());

const withTokens = (): void => {
  const tokens = [{ name: 'cam', hash: hashToken(TOKEN), roles: ['publish' as const], streams: null }];
  build({ access: new Access({ required: true, tokens, ticketMs: 30_000 }) });
};

const ask = async (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Response> => await app.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
const publish = (headers: Record<string, string> = {}, body = 'offer'): Promise<Response> =>
  ask('POST', ENDPOINT, { ...SDP, ...headers }, body);
const header = ({ headers }: Response, name: string): string => headers.get(name) ?? '';

interface Session {
  location: string;
  etag: string;
  patch: (ifMatch: string | null, body?: string, headers?: Record<string, string>) => Promise<Response>;
  fake: FakeWebcamSession;
}

async function published(): Promise<Session> {
  const reply = await publish();
  const location = header(reply, 'location');
  const webcam = sources.made.findLast((source) => source instanceof FakeWebcam);
  return {
    location,
    etag: header(reply, 'etag'),
    patch: (ifMatch, body = 'a=candidate', headers = {}) =>
      ask(
        'PATCH',
        location,
        { ...FRAGMENT, ...(ifMatch === null ? {} : { 'if-match': ifMatch }), ...headers },
        body,
      ),
    fake: webcam!.sessions.at(-1)!,
  };
}

const refusal = (code: ErrorCode): EarsightError => new EarsightError(code, 'So it is. Mend it.');

describe('4.1 HTTP usage', () => {
  it('4.1: GET of the endpoint and of a session is a 2xx without content', async () => {
    const { location } = await published();
    for (const path of [ENDPOINT, location]) {
      for (const method of ['GET', 'HEAD']) {
        const reply = await ask(method, path);
        expect([reply.status, await reply.text()]).toEqual([204, '']);
      }
    }
  });

  it('4.1: what went wrong is told as problem+json', async () => {
    const reply = await publish({ 'content-type': 'text/plain' });
    expect(header(reply, 'content-type')).toBe('application/problem+json');
    expect(await reply.json()).toMatchObject({ status: 415, code: 'unsupported-media-type' });
  });
});

describe('4.2 ingest session setup', () => {
  it('4.2: POST of an offer is a 201 with the answer, its type, and the Location of the session', async () => {
    const reply = await publish();
    expect(reply.status).toBe(201);
    expect(header(reply, 'content-type')).toBe('application/sdp');
    expect(header(reply, 'location')).toMatch(/^\/api\/v1\/whip\/desk\/[\w-]{24}$/);
    expect(await reply.text()).toBe('answer to offer');
  });

  it('4.2: another content type is a 415, and a malformed offer a 400', async () => {
    expect((await publish({ 'content-type': 'application/json' })).status).toBe(415);
    expect((await ask('POST', ENDPOINT, {}, 'offer')).status).toBe(415);
    sources.webcamRefusal = refusal('bad-sdp');
    expect((await publish()).status).toBe(400);
    expect(registry.list()).toEqual([]);
  });

  it('4.2: an offer that is too large is a 413; one whose answer is not wanted a 406', async () => {
    expect((await publish({}, 'x'.repeat(3000))).status).toBe(413);
    expect((await publish({ accept: 'text/html' })).status).toBe(406);
    expect((await publish({ accept: 'text/html, application/sdp;q=0.1' })).status).toBe(201);
    expect((await publish({ accept: '*/*, application/sdp;q=0' })).status).toBe(406);
  });

  it('4.2: DELETE of the session ends it at the media server, and may come again', async () => {
    const { location, fake } = await published();
    expect((await ask('DELETE', location)).status).toBe(200);
    expect(fake.isOver).toBe(true);
    expect((await ask('DELETE', location)).status).toBe(200);
    expect((await ask('DELETE', `${ENDPOINT}/never-was`)).status).toBe(404);
  });

  it('4.2: OPTIONS serves CORS, with Accept-Post and the headers that a publisher reads', async () => {
    const origin = { origin: 'https://cam.example' };
    const preflight = await ask('OPTIONS', ENDPOINT, { ...origin, 'access-control-request-method': 'POST' });
    expect([preflight.status, header(preflight, 'accept-post')]).toEqual([200, 'application/sdp']);
    expect(header(preflight, 'access-control-allow-origin')).toBe('https://cam.example');
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      expect(header(preflight, 'access-control-allow-methods')).toContain(method);
    }
    for (const name of ['Content-Type', 'If-Match', 'Authorization']) {
      expect(header(preflight, 'access-control-allow-headers')).toContain(name);
    }
    const reply = await publish(origin);
    for (const name of ['Location', 'ETag', 'Link', 'Retry-After']) {
      expect(header(reply, 'access-control-expose-headers')).toContain(name);
    }
    expect(header(await ask('OPTIONS', header(reply, 'location')), 'accept-patch')).toBe(
      'application/trickle-ice-sdpfrag',
    );
  });
});

describe('4.3 ICE support', () => {
  it('4.3.1: the 201 has a strong, quoted entity tag; each ICE session has another', async () => {
    const tags = new Set<string>();
    for (let i = 0; i < 20; i++) tags.add((await published()).etag);
    expect(tags.size).toBe(20);
    for (const tag of tags) expect(tag).toMatch(/^"[\x21\x23-\x7e]+"$/);
  });

  it('4.3.1: a PATCH of another type is a 415, a malformed one a 400, one too large a 413', async () => {
    const { etag, patch } = await published();
    expect((await patch(etag, 'a=candidate', SDP)).status).toBe(415);
    expect((await patch(etag, 'bad')).status).toBe(400);
    expect((await patch(etag, 'x'.repeat(3000))).status).toBe(413);
  });

  it('4.3.1: a PATCH without If-Match is a 428', async () => {
    const { patch, fake } = await published();
    const reply = await patch(null);
    expect(reply.status).toBe(428);
    expect(await reply.json()).toMatchObject({ code: 'precondition-required' });
    expect(fake.updates).toEqual([]);
  });

  it('4.3.1: a PATCH whose If-Match does not match is a 412', async () => {
    const { etag, patch, fake } = await published();
    const bare = etag.replaceAll('"', '');
    for (const other of ['"other"', `W/${etag}`, bare, `"${bare}`, '', `"x", W/${etag}`, `${etag} "x"`]) {
      expect((await patch(other)).status, other).toBe(412);
    }
    expect(fake.updates).toEqual([]);
    for (const same of [etag, `"x", ${etag}`, `W/"x" ,${etag} `])
      expect((await patch(same)).status).toBe(204);
  });

  it('4.3.1: DELETE ignores the entity tag', async () => {
    const { location } = await published();
    expect((await ask('DELETE', location, { 'if-match': '"another"' })).status).toBe(200);
  });

  it('4.3.2: candidates are a 204 without body and without ETag', async () => {
    const { etag, patch, fake } = await published();
    const reply = await patch(etag, 'a=candidate:1');
    expect([reply.status, await reply.text(), reply.headers.get('etag')]).toEqual([204, '', null]);
    expect(fake.updates).toEqual([{ fragment: 'a=candidate:1', anySession: false }]);
  });

  it('4.3.3: a restart is a 200 with a fragment and a new ETag; the old one is a 412 from then on', async () => {
    const { etag, patch, fake } = await published();
    const reply = await patch('*', 'restart');
    expect(reply.status).toBe(200);
    expect(header(reply, 'content-type')).toBe('application/trickle-ice-sdpfrag');
    expect(await reply.text()).toBe('answer to restart');
    const next = header(reply, 'etag');
    expect(next).toMatch(/^"[\w-]+"$/);
    expect(next).not.toBe(etag);
    expect((await patch(etag)).status).toBe(412);
    expect((await patch(next)).status).toBe(204);
    expect(fake.updates[0]).toEqual({ fragment: 'restart', anySession: true });
  });

  it('4.3.3: new credentials are a restart also where If-Match names the session', async () => {
    const { etag, patch } = await published();
    expect((await patch(etag, 'restart')).status).toBe(200);
  });

  it('4.3.1: PATCHes that overlap are served in turn, each against the tag that the one before left', async () => {
    const { etag, patch, fake } = await published();
    let open = (): void => undefined;
    fake.gate = new Promise((resolve) => {
      open = resolve;
    });
    const replies = [patch('*', 'restart 1'), patch(etag), patch('*', 'restart 2')];
    await expect.poll(() => fake.updates.length).toBe(1);
    open();
    const [first, late, second] = await Promise.all(replies);
    expect([first!.status, late!.status, second!.status]).toEqual([200, 412, 200]);
    expect(header(first!, 'etag')).not.toBe(header(second!, 'etag'));
    expect((await patch(header(first!, 'etag'))).status).toBe(412);
    expect((await patch(header(second!, 'etag'))).status).toBe(204);
  });

  it.each([
    ['bad-sdp', 400],
    ['unacceptable-sdp', 422],
    ['port-taken', 503],
  ] as const)(
    '4.3.3: a restart that fails as %s is a %i, and the ICE session goes on',
    async (code, status) => {
      const { etag, patch, fake } = await published();
      fake.gate = Promise.reject(refusal(code));
      fake.gate.catch(() => undefined);
      expect((await patch('*', 'restart')).status).toBe(status);
      fake.gate = Promise.resolve();
      expect(fake.isOver).toBe(false);
      expect((await patch(etag)).status).toBe(204);
    },
  );

  it('4.3: a PATCH of a session that is over is a 404', async () => {
    const { etag, patch, fake } = await published();
    fake.isOver = true;
    expect((await patch(etag)).status).toBe(404);
  });
});

describe('4.4 constraints', () => {
  it('4.4.2, 4.4.3: an offer that can only be served in part is a 422, and leaves no stream', async () => {
    sources.webcamRefusal = refusal('unacceptable-sdp');
    expect((await publish()).status).toBe(422);
    expect(registry.list()).toEqual([]);
  });
});

describe('4.5 load balancing and redirections', () => {
  it('4.5: a full server is a 503 with Retry-After', async () => {
    build({}, 1);
    registry.add({ kind: 'demo', id: 'scene', enabled: true, seed: 1, session: {} });
    const reply = await publish();
    expect([reply.status, Number(header(reply, 'retry-after')) > 0]).toEqual([503, true]);
  });

  it('4.5: a full server with another one to go to is a 307, never a 301 or 302', async () => {
    build({ whip: { lenient: false, redirectTo: 'https://second.example' } }, 1);
    registry.add({ kind: 'demo', id: 'scene', enabled: true, seed: 1, session: {} });
    const reply = await publish();
    expect([reply.status, header(reply, 'location')]).toEqual([307, `https://second.example${ENDPOINT}`]);
    expect(registry.list().map(({ id }) => id)).toEqual(['scene']);
  });

  it('4.5: a server that ends is a 503 with Retry-After', async () => {
    await registry.close();
    const reply = await publish();
    expect([reply.status, reply.headers.has('retry-after')]).toEqual([503, true]);
  });
});

describe('4.6 STUN and TURN servers', () => {
  const ICE_LINKS =
    '<stun:s.example:3478>; rel="ice-server", <turn:t.example:3478?transport=udp>; rel="ice-server"; ' +
    String.raw`username="u"; credential="c\"\\"; credential-type="password"`;

  it('4.6: the 201 has a Link for each, with quoted credentials', async () => {
    expect(header(await publish(), 'link')).toContain(ICE_LINKS);
  });

  it('4.6: OPTIONS has them too for who may publish; a preflight has none', async () => {
    expect(header(await ask('OPTIONS', ENDPOINT), 'link')).toBe(ICE_LINKS);
    const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'link' };
    expect((await ask('OPTIONS', ENDPOINT, preflight)).headers.get('link')).toBeNull();
    withTokens();
    expect(header(await ask('OPTIONS', ENDPOINT, BEARER), 'link')).toBe(ICE_LINKS);
    expect(header(await ask('OPTIONS', ENDPOINT), 'link')).toBe('<stun:s.example:3478>; rel="ice-server"');
    expect((await ask('OPTIONS', ENDPOINT, { authorization: 'Bearer wrong' })).status).toBe(401);
  });
});

describe('4.7 authentication', () => {
  it('4.7.1: bearer tokens are asked for by POST, PATCH and DELETE, not by a preflight', async () => {
    withTokens();
    const reply = await publish();
    expect([reply.status, header(reply, 'www-authenticate')]).toEqual([401, 'Bearer realm="earsight"']);
    const allowed = await publish(BEARER);
    expect(allowed.status).toBe(201);
    const location = header(allowed, 'location');
    expect((await ask('PATCH', location, FRAGMENT, 'a')).status).toBe(401);
    expect((await ask('DELETE', location)).status).toBe(401);
    expect((await ask('OPTIONS', location)).status).toBe(200);
    expect((await ask('DELETE', location, BEARER)).status).toBe(200);
  });
});

describe('4.9 extensions', () => {
  it('4.9: a Link points at the heatmaps, by a relation outside the registry of WHIP extensions', async () => {
    const link = header(await publish(), 'link');
    expect(link).toContain('</api/v1/heatmaps?streams=desk>; rel="urn:earsight:rel:heatmaps"');
    expect(link).not.toContain('urn:ietf:params:whip');
  });
});

describe('5 security considerations', () => {
  it('5: the URL of a session has at least 128 random bits', async () => {
    const secrets = new Set<string>();
    for (let i = 0; i < 20; i++) secrets.add((await published()).location.split('/').at(-1) ?? '');
    expect(secrets.size).toBe(20);
    for (const secret of secrets)
      expect(Buffer.from(secret, 'base64url').length * 8).toBeGreaterThanOrEqual(128);
  });
});

describe('5 security considerations: flooding', () => {
  let nowMs = 1_000;
  let address = '127.0.0.1';
  const clock = { monotonicUs: () => nowMs * 1000, wallMs: () => nowMs };
  beforeEach(() => {
    const rates = { whipPostsPerMinute: 2, whipPatchesPerMinute: 3 };
    build({ publishingLimits: new PublishingLimits(rates, clock), addressOf: () => address });
  });

  it('5: POSTs beyond the rate of an address are a 429 with Retry-After, before anything is started', async () => {
    for (let i = 0; i < 2; i++) expect((await publish()).status).toBe(201);
    const sessions = (): number =>
      sources.made.reduce(
        (sum, source) => sum + (source instanceof FakeWebcam ? source.sessions.length : 0),
        0,
      );
    expect(sessions()).toBe(2);
    const reply = await publish();
    expect([reply.status, header(reply, 'retry-after')]).toEqual([429, '30']);
    expect(header(reply, 'content-type')).toBe('application/problem+json');
    expect(await reply.json()).toMatchObject({ status: 429, code: 'too-many-requests' });
    expect(sessions()).toBe(2);
    address = '192.0.2.9';
    expect((await publish()).status).toBe(201);
    address = '127.0.0.1';
    nowMs += 30_000;
    expect((await publish()).status).toBe(201);
  });

  it('5: PATCHes and DELETEs beyond the rate of an address are a 429, and the session goes on', async () => {
    const { location, etag, patch, fake } = await published();
    for (let i = 0; i < 3; i++) expect((await patch(etag)).status).toBe(204);
    const late = await patch(etag);
    expect([late.status, header(late, 'retry-after')]).toEqual([429, '20']);
    expect((await ask('DELETE', location)).status).toBe(429);
    expect([fake.updates.length, fake.isOver]).toEqual([3, false]);
    expect((await ask('GET', location)).status).toBe(204);
    expect((await ask('OPTIONS', location)).status).toBe(200);
    nowMs += 20_000;
    expect((await ask('DELETE', location)).status).toBe(200);
  });
});

describe('webrtc.entityTags: lenient, for clients that do not keep to 4.3.1', () => {
  it('takes no tag, one without quotes and a weak one for the present session, but not another', async () => {
    build({ whip: { lenient: true, redirectTo: null } });
    const { etag, patch, fake } = await published();
    const bare = etag.replaceAll('"', '');
    for (const given of [null, bare, `W/${etag}`, etag]) expect((await patch(given)).status).toBe(204);
    expect((await patch('"other"')).status).toBe(412);
    expect((await patch('other')).status).toBe(412);
    expect((await patch('"*"', 'restart')).status).toBe(200);
    expect(fake.updates.at(-1)).toMatchObject({ anySession: true });
    expect((await patch(bare)).status).toBe(412);
  });
});

describe('docs/whip.md', () => {
  it('names only tests that there are', () => {
    const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
    const tests = [
      './whip-rfc9725.test.ts',
      '../integration/whip-ice.test.ts',
      '../integration/whip-restart.test.ts',
    ]
      .map(read)
      .join('\n');
    const named = [...read('../../docs/whip.md').matchAll(/\| "([^"|]+)" \|/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(20);
    for (const name of named) expect(tests, name).toContain(name);
  });
});

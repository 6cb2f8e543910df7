/**
 * Random URLs with passwords go through everything that people and programs get to read: errors, log lines, API
 * answers, metrics, status messages, what FFmpeg says. The password is in none of it.
 */

import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EarsightError, messageOf } from '../../src/pipeline/errors.ts';
import { redactor, redactText, redactUrl } from '../../src/pipeline/redact.ts';
import { Secret, secretUrl } from '../../src/pipeline/secret.ts';
import { newToken } from '../../src/server/access/token-hash.ts';
import { failureOf } from '../../src/server/commands/failure.ts';
import { loadConfig } from '../../src/server/config/load.ts';
import { defaultConfig } from '../../src/server/config/schema.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { type StreamCreate, streamCreateSchema } from '../../src/server/config/stream-spec.ts';
import { parseYaml } from '../../src/server/config/yaml-file.ts';
import { textPayload } from '../../src/server/fan-out/payload.ts';
import { createApp } from '../../src/server/http/app.ts';
import { createLogger } from '../../src/server/log/logger.ts';
import { StreamLog } from '../../src/server/log/stream-log.ts';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import { createSources } from '../../src/server/streams/source-factory.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { appContext } from '../support/app-context.ts';
import { FakePipeline, FakeSource, fixedClock } from '../support/server-fakes.ts';

/** Part of every password, and of nothing else. */
const MARK = 'Zq9';
const RUNS = 300;

const NASTY = Array.from('aB7%&+@:/?=# ;,\'"<>\\$!*()[]{}|^`~_.-é');
const password = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...NASTY), maxLength: 6 }),
    fc.string({ unit: fc.constantFrom(...NASTY), maxLength: 12 }),
  )
  .map(([before, after]) => `${before}${MARK}${after}`);
const scheme = fc.constantFrom('rtsp', 'rtsps', 'rtmp', 'http', 'https', 'srt');
const user = fc.constantFrom('admin', 'root', 'u', 'user%40home');
const host = fc.constantFrom('cam.example', '10.0.0.4:554', '[fe80::1]:8554');

/** As a person may write it: encoded, or as it is; in its place, in the query, in the path. */
const url = fc
  .tuple(scheme, user, password, host, fc.integer({ min: 0, max: 5 }))
  .map(([kind, name, plain, at, form]) => {
    const safe = encodeURIComponent(plain);
    switch (form) {
      case 0:
        return { plain, text: `${kind}://${name}:${safe}@${at}/live?channel=1` };
      case 1:
        return { plain, text: `${kind}://${name}:${plain}@${at}/live` };
      case 2:
        return { plain, text: `${kind}://${at}/live?user=${name}&password=${safe}&channel=1` };
      case 3:
        return { plain, text: `${kind}://${at}/user=${name}_password=${safe}_channel=1` };
      case 4:
        return { plain, text: `${kind}://:${safe}@${at}/live` };
      default:
        return { plain, text: `${kind}://${name}:${safe}@${at}/live?token=${safe}` };
    }
  });

function thrownBy(work: () => unknown): unknown[] {
  try {
    return [work()];
  } catch (thrown) {
    return [thrown, messageOf(thrown), thrown instanceof EarsightError ? thrown.details : null];
  }
}

/** Everything a value could be shown as. */
function shownAs(value: unknown): string[] {
  return [
    String(value),
    `shown as ${value as string}`,
    JSON.stringify({ value }),
    inspect(value, { depth: 9, showHidden: true, getters: true }),
    value instanceof Error ? String(value.stack) : '',
  ];
}

function expectNone(texts: readonly string[]): void {
  for (const text of texts) expect(text).not.toContain(MARK);
}

it('a Secret shows itself in no way, and comes out by reveal alone', () => {
  fc.assert(
    fc.property(password, (plain) => {
      const secret = new Secret(plain);
      expectNone(shownAs(secret));
      expectNone(shownAs({ deep: [secret], map: new Map([[secret, secret]]) }));
      expectNone(shownAs(structuredClone(secret)));
      expect(secret.reveal()).toBe(plain);
      expect(secret.equals(new Secret(plain))).toBe(true);
      expect(secret.equals(new Secret(`${plain}x`))).toBe(false);
    }),
  );
});

it('configuration, source specs and their problems', () => {
  const config = defaultConfig();
  const log = createLogger({ level: 'silent', format: 'json' }, { write: () => undefined });
  const sources = createSources(config, { audioRateHz: 22_050, log });
  const narrow = createSources(
    { ...config, ingest: { ...config.ingest, schemes: ['file'] } },
    { audioRateHz: 22_050, log },
  );
  fc.assert(
    fc.property(url, ({ plain, text }) => {
      const stream = { id: 'a', kind: 'url', url: text, password: plain };
      const parsed = streamCreateSchema.parse(stream);
      expectNone(shownAs(parsed));
      if (parsed.kind === 'url') {
        const spec = { ...parsed, id: 'a' };
        expectNone(thrownBy(() => sources.check(spec, true)).flatMap(shownAs));
        expectNone(thrownBy(() => narrow.check(spec, false)).flatMap(shownAs));
        expectNone(
          thrownBy(() => sources.check({ ...spec, url: secretUrl(text.replace('://', ':')) }, true)).flatMap(
            shownAs,
          ),
        );
        expectNone(
          thrownBy(() =>
            sources.check({ ...spec, url: secretUrl(text.replace(/^\w+:\/\//, '')) }, true),
          ).flatMap(shownAs),
        );
        expectNone(
          thrownBy(() => sources.check({ ...spec, url: secretUrl(`${text}\u0007`) }, true)).flatMap(shownAs),
        );
      }
      const load = (value: unknown): unknown =>
        loadConfig({ flags: [{ path: ['streams'], value, where: '--set streams' }] });
      expectNone(thrownBy(() => load([stream])).flatMap(shownAs));
      for (const wrong of [{ id: 7 }, { url: [text] }, { password: [plain] }, { loop: text }, { id: text }]) {
        const problems = thrownBy(() => load([{ ...stream, ...wrong }]));
        expectNone([...problems.flatMap(shownAs), failureOf(problems[0]).text]);
      }
      const ice = { urls: ['turn:t.example'], username: 'u', credential: plain };
      expectNone(
        shownAs(loadConfig({ flags: [{ path: ['webrtc', 'iceServers'], value: [ice], where: 'x' }] })),
      );
    }),
    { numRuns: 30 },
  );
});

it('YAML that is wrong because the password was not quoted', () => {
  fc.assert(
    fc.property(password, (plain) => {
      const yaml = parseYaml(
        `streams:\n  - id: a\n    kind: url\n    password: ${plain}\n    url: x\n`,
        'c.yaml',
      );
      expectNone(yaml.errors);
    }),
    { numRuns: RUNS },
  );
});

it('log lines, as JSON and for people', () => {
  fc.assert(
    fc.property(url, fc.constantFrom<'json' | 'line'>('json', 'line'), ({ plain, text }, format) => {
      const lines: string[] = [];
      const log = createLogger({ level: 'trace', format }, { write: (line: string) => lines.push(line) });
      const spec = streamCreateSchema.parse({ kind: 'url', id: 'a', url: text, password: plain });
      const credentials = new Secret(plain);
      log.info(
        { spec, config: { streams: [spec] } },
        `adding ${spec.kind === 'url' ? String(spec.url) : ''}`,
      );
      log.error({ err: new Error(`cannot open ${redactUrl(text)}`, { cause: credentials }) }, 'failed');
      log.warn({ token: credentials }, `token ${newToken()}`);
      expectNone(lines);
      expect(lines.join('')).not.toMatch(/es_[\w-]{43}/);
      expect(lines.length).toBe(3);
    }),
    { numRuns: RUNS },
  );
});

it('API answers, status messages and metrics', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', format: 'json' }, { write: (line: string) => lines.push(line) });
  const config = defaultConfig();
  const real = createSources(config, { audioRateHz: 22_050, log });
  const metrics = new Metrics();
  const sent: string[] = [];
  const registry = new StreamRegistry({
    pipeline: new FakePipeline(),
    sources: {
      check: (spec) => real.check(spec, true),
      fingerprint: (spec, options) => real.fingerprint(spec, options, true),
      create: (spec) => new FakeSource(spec),
    },
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [
      metrics,
      new StreamLog(log),
      {
        streamChanged: (stream) => {
          sent.push(new TextDecoder().decode(textPayload({ type: 'status', stream }).data));
        },
        streamRemoved: () => undefined,
      },
    ],
    maxStreams: 3,
    departureMs: 10_000,
  });
  const app = createApp(
    appContext(registry, {
      metrics: { contentType: 'text/plain', text: () => metrics.text() },
      iceServers: [{ urls: ['turn:t.example'], username: 'u', credential: new Secret(MARK) }],
    }),
  );
  const ask = async (method: string, path: string, body?: object): Promise<string> => {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const reply = await app.request(path, { method, ...init });
    return `${JSON.stringify([...reply.headers])}\n${await reply.text()}`;
  };
  let added = 0;
  await fc.assert(
    fc.asyncProperty(url, async ({ plain, text }) => {
      const spec: Record<string, unknown> = { kind: 'url', id: 'a', url: text };
      const answers = [
        await ask('POST', '/api/v1/streams', { ...spec, password: plain }),
        await ask('POST', '/api/v1/streams', { ...spec, url: [text] }),
        await ask('POST', '/api/v1/streams', { ...spec, url: text.replace('://', ':') }),
        await ask('POST', '/api/v1/streams', { ...spec, kind: 'webcam' }),
        await ask('GET', '/api/v1/streams'),
        await ask('GET', '/api/v1/streams/a'),
        await ask('PATCH', '/api/v1/streams/a', { url: text }),
        await ask('PATCH', '/api/v1/streams/a', { url: `gopher${text}` }),
        await ask('PATCH', '/api/v1/streams/a', { password: plain }),
        await ask('GET', '/metrics'),
      ];
      if (registry.find('a') !== null) added += 1;
      answers.push(await ask('DELETE', '/api/v1/streams/a'));
      expectNone([...answers, ...sent.splice(0), ...lines.splice(0)]);
    }),
    { numRuns: 60 },
  );
  expect(added).toBeGreaterThan(30);
});

/** As FFmpeg's `ff_urldecode`: byte by byte, and a `%` without two hexadecimal digits stands for itself. */
function urlDecoded(text: string): Buffer {
  const bytes: number[] = [];
  const written = Buffer.from(text);
  for (let at = 0; at < written.length; at++) {
    const digits = written.toString('latin1', at + 1, at + 3);
    if (written[at] === 0x25 && /^[\da-f]{2}$/i.test(digits)) {
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else bytes.push(written[at]!);
  }
  return Buffer.from(bytes);
}

it('what FFmpeg says of the source, whole or cut', () => {
  fc.assert(
    fc.property(url, fc.nat({ max: 400 }), ({ text }, cutAt) => {
      const clean = redactor([text]);
      // What cannot be told from other text is the password alone, as it is; ones written raw are found by their place.
      const parsed = URL.parse(text);
      const user = urlDecoded(`${parsed?.username ?? ''}:`);
      const basic = Buffer.concat([user, urlDecoded(parsed?.password ?? '')]).toString('base64');
      for (const line of [
        `[rtsp @ 0x55d] method DESCRIBE failed: 401 for ${text}`,
        `Opening '${text}' for reading`,
        `${text}: Connection refused`,
        `[https @ 0x1] request: GET / HTTP/1.1\r\nAuthorization: Basic ${basic}`,
        `Setting default whitelist for ${text} and ${text}`,
      ]) {
        expectNone([clean(line)]);
        expectNone([clean(line.slice(0, cutAt))]);
        if (parsed?.password) expect(clean(line)).not.toContain(basic);
      }
    }),
    {
      numRuns: 3 * RUNS,
      examples: [[{ plain: 'Zq9%aa', text: 'rtsp://admin:Zq9%aa@cam.example/live' }, 0]],
    },
  );
});

it('redactUrl leaves what is no secret', () => {
  for (const text of [
    'rtsp://10.0.0.4:554/live?channel=2#t=1',
    'file:///videos/a b.mp4',
    'srt://host:9000?mode=caller',
  ]) {
    expect(redactUrl(text)).toBe(text);
    expect(redactText(`opened ${text}`, [text])).toBe(`opened ${text}`);
  }
});

it('the example of a stream as it is shown', () => {
  const spec: StreamCreate = streamCreateSchema.parse({
    kind: 'url',
    id: 'a',
    url: 'rtsp://u:pw@h/x',
    password: 'pw',
  });
  expect(JSON.stringify(spec)).toContain('"url":"rtsp://***@h/x"');
  expect(JSON.stringify(spec)).toContain('"password":"***"');
});

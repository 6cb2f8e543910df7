/**
 * Every parser of something that comes from outside, on random and mutated input: it answers, or refuses with one of
 * its own errors, in bounded time. `EARSIGHT_FUZZ_MS=60000` gives each of them a minute; the default is a second.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { checkTensors } from '../../src/model/engine/onnx/check-tensors.ts';
import { parseManifest } from '../../src/model/load-manifest.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/model/safetensors.ts';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { encodePrefix, WireReader } from '../../src/pipeline/ingest/process/wire.ts';
import { readHead } from '../../src/pipeline/ingest/url/egress/http-proxy.ts';
import { FrameAssembler } from '../../src/pipeline/ingest/whip/encoded-frame.ts';
import { readFragment, restartOf } from '../../src/pipeline/ingest/whip/fragment.ts';
import { readOffer } from '../../src/pipeline/ingest/whip/offer.ts';
import { ufragOfCheck } from '../../src/pipeline/ingest/whip/shared-port/stun-username.ts';
import { AddressRanges } from '../../src/pipeline/ip-ranges.ts';
import { encodeBinary } from '../../src/protocol/binary.ts';
import { decodeServerMessage } from '../../src/protocol/decode.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { addressKey, clientAddress } from '../../src/server/access/client-address.ts';
import { parseTokenHash } from '../../src/server/access/token-hash.ts';
import { loadConfig } from '../../src/server/config/load.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { parseYaml } from '../../src/server/config/yaml-file.ts';
import { parseClientMessage } from '../../src/server/fan-out/client-message.ts';
import { createApp } from '../../src/server/http/app.ts';
import { lenientMatchOf, matchOf } from '../../src/server/http/entity-tags.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { appContext } from '../support/app-context.ts';
import { heatmapResult } from '../support/heatmap-server.ts';
import { FakePipeline, FakeSources, fixedClock } from '../support/server-fakes.ts';

const FUZZ_MS = Number(process.env['EARSIGHT_FUZZ_MS'] ?? 1_000);
/** Of one input; far above what any takes, far below what a regular expression that explodes would. */
const MAX_CPU_MS = 1_000;
const TIMEOUT_MS = 4 * FUZZ_MS + 30_000;

const SPICE = [
  ...[
    '\0',
    '\r',
    '\n',
    '\u2028',
    '\uFFFD',
    '\uD800',
    '"',
    "'",
    '\\',
    '<',
    '%00',
    '%n',
    '../',
    '://',
    '@',
    '{',
    '[',
    '*',
    '&',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    'NaN',
    '9007199254740993',
    '99999999999999999999',
    '0x7fffffff',
    'null',
    'true',
    '__proto__',
  ],
];

/** One change of a text: at `at` (0..1 of it), over `length` characters. */
const change = fc.record({
  kind: fc.constantFrom('delete', 'repeat', 'insert', 'replace', 'swap', 'flood'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 0, max: 60 }),
  text: fc.oneof(fc.constantFrom(...SPICE), fc.string({ maxLength: 8 })),
});

function changed(
  seed: string,
  changes: readonly (typeof change extends fc.Arbitrary<infer Change> ? Change : never)[],
): string {
  let text = seed;
  for (const { kind, at, length, text: some } of changes) {
    const start = Math.floor(at * text.length);
    const end = Math.min(text.length, start + length);
    const [head, middle, tail] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
    if (kind === 'delete') text = head + tail;
    else if (kind === 'repeat') text = head + middle.repeat(20) + tail;
    else if (kind === 'insert') text = head + some + middle + tail;
    else if (kind === 'replace') text = head + some + tail;
    else if (kind === 'swap') text = tail + middle + head;
    else text = head + (some === '' ? ' ' : some).repeat(2_000) + tail;
    if (text.length > 300_000) text = text.slice(0, 300_000);
  }
  return text;
}

const mutated = (seed: string): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => changed(seed, changes)),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 200, unit: 'binary' }) },
    { weight: 1, arbitrary: fc.json() },
  );

/** A document of which up to three values are others: what passes the syntax, and mostly the first checks. */
const altered = (document: unknown): fc.Arbitrary<string> => {
  const paths: (readonly string[])[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(document, []);
  const value = fc.oneof(fc.integer(), fc.double(), fc.string({ maxLength: 12 }), fc.boolean(), fc.json());
  const changes = fc.array(fc.tuple(fc.constantFrom(...paths), fc.oneof(value, fc.constant(undefined))), {
    maxLength: 3,
  });
  return changes.map((list) => {
    const copy: unknown = structuredClone(document);
    for (const [path, put] of list) {
      let here: unknown = copy;
      for (const key of path.slice(0, -1)) here = (here as Record<string, unknown> | undefined)?.[key];
      const last = path.at(-1);
      if (last !== undefined && typeof here === 'object' && here !== null)
        (here as Record<string, unknown>)[last] = put;
    }
    return JSON.stringify(copy);
  });
};

const refused = (): never => {
  throw new EarsightError('bad-request', '');
};

/** Runs for its time. @returns how often what was read was taken */
async function fuzz(
  inputs: fc.Arbitrary<unknown>,
  read: (input: unknown) => unknown,
): Promise<{ runs: number; taken: number }> {
  const count = { runs: 0, taken: 0 };
  const until = performance.now() + FUZZ_MS;
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      if (performance.now() > until) return;
      count.runs += 1;
      const before = process.threadCpuUsage().user;
      try {
        await read(input);
        count.taken += 1;
      } catch (thrown) {
        const isOurs = thrown instanceof EarsightError || thrown instanceof ProtocolError;
        if (!isOurs || (thrown instanceof EarsightError && thrown.code === 'internal')) throw thrown;
      }
      expect((process.threadCpuUsage().user - before) / 1000).toBeLessThan(MAX_CPU_MS);
    }),
    { numRuns: 100_000_000, interruptAfterTimeLimit: FUZZ_MS + 50, markInterruptAsFailure: false },
  );
  return count;
}

const tally: Record<string, { runs: number; taken: number }> = {};
afterAll(() => {
  if (process.env['EARSIGHT_FUZZ_MS'] !== undefined) console.table(tally);
});

/** @param minimum inputs that it has at least to be tried on in a second, on a busy machine */
function target(
  name: string,
  inputs: fc.Arbitrary<unknown>,
  read: (input: never) => unknown,
  minimum = 20,
): void {
  it(
    name,
    async () => {
      const count = await fuzz(inputs, read as (input: unknown) => unknown);
      tally[name] = count;
      expect(count.runs).toBeGreaterThan(minimum);
    },
    TIMEOUT_MS,
  );
}

const TRANSPORT =
  'a=ice-ufrag:u\r\na=ice-pwd:pppppppppppppppppppppp\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n';
const OFFER =
  'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n' +
  `m=video 9 UDP/TLS/RTP/SAVPF 96 97 100\r\nc=IN IP4 0.0.0.0\r\n${TRANSPORT}a=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n` +
  'a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n' +
  'a=rtpmap:100 H264/90000\r\na=fmtp:100 packetization-mode=1;profile-level-id=42e01f\r\n' +
  `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n${TRANSPORT}a=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n` +
  'a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n';
const FRAGMENT =
  'a=ice-ufrag:user\r\na=ice-pwd:qqqqqqqqqqqqqqqqqqqqqq\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n' +
  'a=candidate:1 1 UDP 2122260223 192.168.1.5 50000 typ host\r\na=end-of-candidates\r\n';
const MODEL = new URL('../../models/studio-10/', import.meta.url);
const MANIFEST = readFileSync(new URL('manifest.json', MODEL), 'utf8');
const EXAMPLE = readFileSync(new URL('../../earsight.example.yaml', import.meta.url), 'utf8');

describe('what comes from outside', () => {
  target('SDP offers', mutated(OFFER), (text: string) => readOffer(text));

  const { credentials } = readOffer(OFFER);
  target('trickle fragments', mutated(FRAGMENT), (text: string) =>
    restartOf(readFragment(text), credentials),
  );

  const subscribe =
    '{"type":"subscribe","streams":["yard","*"],"classes":["dog"],"maxRateHz":5,"preview":"jpeg"}';
  target('client messages', mutated(subscribe), (text: string) => {
    const parsed = parseClientMessage(text);
    if ('problem' in parsed) expect(parsed.problem.length).toBeLessThan(2_000);
    if ('problem' in parsed) throw new EarsightError('bad-request', '');
  });

  target(
    'YAML',
    mutated(EXAMPLE),
    (text: string) => {
      const yaml = parseYaml(text, 'c.yaml');
      yaml.where(['streams', 0, 'url']);
      if (yaml.errors.length > 0) throw new EarsightError('bad-config', '');
    },
    5,
  );

  const small =
    'server: {port: 8080, tls: {mode: off}}\nauth: {tokens: []}\nstreams:\n  - {id: a, kind: url, url: "rtsp://u:p@h/x", session: {maxRateHz: 5}}\n  - {id: b, kind: demo}\n';
  target(
    'configuration',
    fc.oneof(mutated(small), altered(parseYaml(small, 'c.yaml').value)),
    (text: string) => {
      loadConfig({ file: 'c.yaml', text });
    },
  );

  target('manifests', fc.oneof(mutated(MANIFEST), altered(JSON.parse(MANIFEST))), (text: string) =>
    parseManifest(text, 'model'),
  );

  const manifest = manifestSchema.parse(JSON.parse(MANIFEST));
  const side = fc.array(
    fc.record({
      name: fc.oneof(
        fc.constantFrom(
          'frames',
          'logmel',
          'similarity',
          ...Object.values(manifest.tensors).map((tensor) => tensor?.name ?? ''),
        ),
        fc.string(),
      ),
      isTensor: fc.boolean(),
      type: fc.constantFrom('float32', 'int64', 'bool', 'string'),
      shape: fc.array(fc.oneof(fc.integer(), fc.string({ maxLength: 3 })), { maxLength: 6 }),
    }),
    { maxLength: 6 },
  );
  target('what an ONNX file declares', fc.tuple(side, side), ([inputs, outputs]: [never, never]) => {
    checkTensors(manifest, inputs, outputs);
  });

  const weights = encodeSafetensors(new Map([['a', { shape: [2, 3], data: new Float32Array(6) }]]), {
    made: 'here',
  });
  const bytes = (whole: Uint8Array): fc.Arbitrary<Uint8Array> =>
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(
          fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
          fc.nat({ max: whole.length }),
        )
        .map(([pokes, length]) => {
          const copy = Uint8Array.from(whole);
          for (const [at, value] of pokes) copy[at] = value;
          return copy.slice(0, length);
        }),
    );
  target('weights', bytes(weights), (data: Uint8Array) => decodeSafetensors(data, 'weights'));

  // USERNAME "ours:theirs" (RFC 8489 section 14.3).
  const check = Buffer.from(
    '000100102112a442000102030405060708090a0b0006000b6f7572733a74686569727300',
    'hex',
  );
  expect(ufragOfCheck(check)).toBe('ours');
  target('STUN checks', bytes(check), (data: Uint8Array) => ufragOfCheck(Buffer.from(data)) ?? refused());

  const wire = Buffer.concat([encodePrefix({ type: 'frame', width: 2 }, 6), Buffer.alloc(6)]);
  target('the pipe of a media process', bytes(wire), (data: Uint8Array) => {
    let messages = 0;
    try {
      new WireReader(() => (messages += 1)).push(data);
    } catch (thrown) {
      // Who talks so is broken, and ended.
      expect(String(thrown)).toMatch(/not a message|SyntaxError/);
    }
    if (messages === 0) refused();
  });

  const packet = fc.record({
    payload: fc
      .oneof(
        fc.uint8Array({ maxLength: 60 }),
        bytes(Uint8Array.of(0x10, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0, 1)),
        bytes(Uint8Array.of(0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 1)),
        bytes(Uint8Array.of(0x7c, 0x85, 1, 2, 3, 4)),
      )
      .map((data) => Buffer.from(data)),
    timestamp: fc.nat({ max: 3 }),
    marker: fc.boolean(),
    arrivalUs: fc.nat(),
  });
  const packets = fc.array(fc.tuple(packet, fc.constantFrom(0, 0, 0, 1)), { maxLength: 12 });
  target(
    'RTP payloads',
    fc.tuple(fc.constantFrom('VP8', 'H264'), packets),
    ([codec, list]: ['VP8' | 'H264', [Parameters<FrameAssembler['push']>[0], number][]]) => {
      const assembler = new FrameAssembler(codec);
      const frames = list.flatMap(([one, lost]) => assembler.push(one, lost));
      if (frames.length === 0) refused();
    },
  );

  target('If-Match', mutated('"abc", W/"x", "tag"'), (text: string) => {
    const match = matchOf(text, '"tag"');
    lenientMatchOf(text, '"tag"');
    if (match === 'none') refused();
  });

  const hash = `scrypt:32768:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}`;
  target('hashes of tokens', mutated(hash), (text: string) => parseTokenHash(text) ?? refused());

  const proxies = new AddressRanges(['10.0.0.0/8', '::1']);
  target('X-Forwarded-For', mutated('203.0.113.7, 2001:db8::7, 10.1.2.3'), (text: string) =>
    addressKey(clientAddress('10.0.0.1', text, proxies)),
  );

  target(
    'requests of FFmpeg to its proxy',
    mutated('GET http://h/x?y HTTP/1.1\r\nHost: h\r\nA: b'),
    (text: string) => readHead(text) ?? refused(),
  );

  const heatmap = encodeBinary(heatmapResult('yard', 3).message);
  target('binary heatmaps, in the subscriber', bytes(new Uint8Array(heatmap)), (data: Uint8Array) =>
    decodeServerMessage(data),
  );
  const hello =
    '{"type":"status","stream":{"id":"a","name":"a","kind":"demo","state":"live","reason":null,"detail":null,"sinceWallMs":1,"tracks":{"video":true,"audio":true},"picture":null}}';
  target('messages of a server, in the subscriber', mutated(hello), (text: string) =>
    decodeServerMessage(text),
  );
});

describe('HTTP', () => {
  const registry = new StreamRegistry({
    pipeline: new FakePipeline(),
    sources: new FakeSources(),
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [],
    maxStreams: 3,
    departureMs: 10_000,
  });
  const faults: unknown[] = [];
  const app = createApp(
    appContext(registry, {
      allowedOrigins: ['https://dash.example'],
      reportError: (thrown) => void faults.push(thrown),
    }),
  );
  const path = fc.oneof(
    fc.constantFrom(
      '/api/v1/streams',
      '/api/v1/streams/a',
      '/api/v1/streams/a/snapshot.png?overlay=x',
      '/api/v1/whip/a',
      '/api/v1/whip/a/b',
      '/api/v1/tickets',
      '/metrics',
      '/',
    ),
    fc.webPath().map((some) => `/${some}`),
    mutated('/api/v1/streams/yard').map((some) => `/${encodeURI(some.toWellFormed().slice(0, 500))}`),
  );
  const header = fc.string({ maxLength: 40, unit: 'grapheme-ascii' });
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PUT'),
    path,
    type: fc.oneof(
      fc.constantFrom('application/json', 'application/sdp', 'application/trickle-ice-sdpfrag'),
      header,
    ),
    body: mutated('{"kind":"url","id":"a","url":"rtsp://u:p@h/x","session":{"maxRateHz":5}}'),
    more: fc.dictionary(fc.constantFrom('Origin', 'Host', 'Accept', 'If-Match', 'Authorization'), header, {
      maxKeys: 3,
    }),
  });
  target(
    'requests never find a fault of ours',
    asked,
    async (request: {
      method: string;
      path: string;
      type: string;
      body: string;
      more: Record<string, string>;
    }) => {
      const hasBody = ['POST', 'PATCH', 'PUT'].includes(request.method);
      const reply = await app.request(request.path, {
        method: request.method,
        headers: { ...request.more, 'content-type': request.type },
        ...(hasBody ? { body: request.body } : {}),
      });
      await reply.arrayBuffer();
      expect(faults).toEqual([]);
      expect(reply.status).not.toBe(500);
      for (const { id } of registry.list()) await registry.remove(id);
    },
  );
});

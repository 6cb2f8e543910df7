/**
 * Every parser of something that comes from outside, on random and mutated input: it answers, or refuses with one of
 * its own errors, in bounded time. `EARSIGHT_FUZZ_MS=60000` gives each of them a minute; the default is a second.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
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
import { altered, bytes, mutated, refused, target } from '../support/fuzzing.ts';
import { heatmapResult } from '../support/heatmap-server.ts';
import { FakePipeline, FakeSources, fixedClock } from '../support/server-fakes.ts';

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

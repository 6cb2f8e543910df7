/**
 * The configuration: one strict schema, parsed once in the command that needs it. Descriptions carry units and
 * trade-offs; earsight.example.yaml repeats them for people, and a test holds the two together.
 */

import { isIP } from 'node:net';
import { z } from 'zod';
import { isNetwork } from '../../pipeline/ingest/url/egress/address-policy.ts';
import { sourceSchemes } from '../../pipeline/ingest/url/source-url.ts';
import { isRange } from '../../pipeline/ip-ranges.ts';
import { Secret } from '../../pipeline/secret.ts';
import { isTokenRequired } from '../access/listening.ts';
import { authSchema } from './auth.ts';
import { logSchema } from './log.ts';
import { sessionOptionsSchema } from './session-options.ts';
import { streamSpecSchema } from './stream-spec.ts';

const port = z.int().min(0).max(65_535);

const server = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe(
        'Address to listen on. 127.0.0.1 is this machine only; 0.0.0.0 is everyone who can reach it, who then needs a token (section auth).',
      ),
    port: port.default(8080).describe('TCP port to listen on; 0 takes a free one.'),
    page: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Folder of the built page; null is the one that comes with the program.'),
    allowedOrigins: z
      .array(z.url({ protocol: /^https?$/ }))
      .default([])
      .describe(
        'Origins of other pages, such as https://dashboard.example, that may use the API and the heatmaps from a browser. Its own page always may.',
      ),
    tls: z
      .strictObject({
        mode: z
          .enum(['off', 'self-signed', 'files'])
          .default('off')
          .describe(
            'off: plain HTTP. self-signed: HTTPS with a certificate that is made here, of which browsers warn once. files: HTTPS with yours.',
          ),
        certificate: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe('PEM file of your certificate, with its chain.'),
        key: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe('PEM file of its key, without a passphrase. Renewed files are taken by themselves.'),
      })
      .refine(({ mode, certificate, key }) => mode !== 'files' || (certificate !== null && key !== null), {
        path: ['mode'],
        message: 'is files, so server.tls.certificate and server.tls.key must name them',
      })
      .prefault({})
      .describe('HTTPS, without which browsers lend no camera to pages from other machines.'),
    allowedHosts: z
      .array(z.string().regex(/^[A-Za-z0-9._-]+$/))
      .default([])
      .describe(
        "Further names that the server is asked for by, such as the one a proxy serves it under. Without tokens, other names than this machine's are refused: a strange page could use them to get in.",
      ),
    trustedProxies: z
      .array(z.string().refine(isRange, 'must be an address or a range such as 10.0.0.0/8'))
      .default([])
      .describe(
        'Proxies whose X-Forwarded-For is believed, for telling apart who tries wrong tokens or publishes too often.',
      ),
    drainMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(5000)
      .describe('How long to wait for a clean end on SIGTERM, in milliseconds.'),
  })
  .prefault({});

const model = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .default('models/studio-10')
      .describe(
        'Folder of the model, with its manifest.json. A relative path is looked up where the server was started, then where it is installed.',
      ),
  })
  .prefault({});

const engine = z
  .strictObject({
    name: z
      .enum(['onnx', 'tfjs'])
      .default('onnx')
      .describe(
        'onnx: onnxruntime, the quickest on a cpu. tfjs: the network in TensorFlow.js, on @tensorflow/tfjs-node-gpu where that is installed; it needs a model with weights, and takes workers and maxBatch alone.',
      ),
    provider: z
      .enum(['cpu', 'webgpu', 'cuda', 'tensorrt'])
      .default('cpu')
      .describe('What onnxruntime computes on. cuda and tensorrt need their libraries installed.'),
    precision: z
      .enum(['float32', 'int8'])
      .default('float32')
      .describe(
        'int8 computes in bytes: about twice as many results on a cpu, a little less exact. The model must have such a graph.',
      ),
    deviceId: z.int().min(0).max(63).default(0).describe('Which graphics processor; cpu ignores it.'),
    workers: z
      .int()
      .min(1)
      .max(64)
      .nullable()
      .default(null)
      .describe(
        'Worker threads, each with its own copy of the model. More answer more streams; null: one for each core up to four on the cpu, one otherwise.',
      ),
    intraOpThreads: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe(
        'Threads inside one run. 1 with several workers gives most results; more with one worker gives the quickest single answer.',
      ),
    maxBatch: z
      .int()
      .min(1)
      .max(64)
      .default(2)
      .describe(
        'Most frames in one run. On a cpu larger batches gain little and cost delay; on a graphics processor 8 or 16 pay.',
      ),
    maxBatchDelayMs: z
      .number()
      .min(0)
      .max(100)
      .default(0)
      .describe(
        'How long a run may wait for company, in milliseconds. Higher fills batches, lower answers sooner.',
      ),
  })
  .prefault({});

const ingest = z
  .strictObject({
    maxPictureWidth: z
      .int()
      .min(64)
      .max(7680)
      .default(640)
      .describe('Wider pictures are scaled down, in pixels. Previews and snapshots have this size at most.'),
    maxPictureHeight: z
      .int()
      .min(64)
      .max(4320)
      .default(480)
      .describe('Taller pictures are scaled down, in pixels.'),
    schemes: z
      .array(z.enum(sourceSchemes))
      .default(['rtsp', 'rtsps', 'rtmp', 'rtmps', 'http', 'https', 'srt', 'file', 'v4l2'])
      .describe('Kinds of URL that a stream may have. file also needs allowedFileRoots.'),
    allowedFileRoots: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Folders whose files may be streams. None by default, so that the API cannot read your disk.',
      ),
    allowedNetworks: z
      .array(
        z
          .string()
          .refine(isNetwork, 'must be public, private, loopback, any, or a range such as 192.168.1.0/24'),
      )
      .default(['public'])
      .describe(
        'Where streams that come by the API may be: public, private, loopback, any, or ranges such as 192.168.1.0/24. Streams of this file may be anywhere.',
      ),
    rtspTransport: z
      .enum(['tcp', 'udp'])
      .default('tcp')
      .describe('tcp loses nothing; udp is a little quicker on a clean network.'),
    connectTimeoutMs: z
      .int()
      .min(500)
      .max(120_000)
      .default(10_000)
      .describe('How long a camera may take to send its first packet, in milliseconds.'),
    readTimeoutMs: z
      .int()
      .min(500)
      .max(120_000)
      .default(10_000)
      .describe('No data for this long, in milliseconds: the connection is given up and made anew.'),
    retryMinMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(500)
      .describe('First pause before connecting again, in milliseconds; it doubles each time, with jitter.'),
    retryMaxMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(30_000)
      .describe('Longest pause before connecting again, in milliseconds.'),
  })
  .refine((value) => value.retryMinMs <= value.retryMaxMs, {
    path: ['retryMinMs'],
    message: 'must not be above ingest.retryMaxMs. Lower it, or raise ingest.retryMaxMs',
  })
  .prefault({});

const iceServer = z.strictObject({
  urls: z
    .array(z.string().regex(/^(stun|turn)s?:/))
    .min(1)
    .describe('stun:host:port or turn:host:port.'),
  username: z.string().optional().describe('User of a TURN server.'),
  credential: z
    .string()
    .transform((text) => new Secret(text))
    .optional()
    .describe('Its password. Given to publishers, shown nowhere else.'),
});

const webrtc = z
  .strictObject({
    portRange: z
      .tuple([port, port])
      .refine(([low, high]) => low > 0 && low <= high, {
        message: 'must be two ports, the lower one first, such as [50000, 50100]',
      })
      .nullable()
      .default(null)
      .describe(
        'Ports for webcams, for a firewall that needs to know; null lets the system choose. One, such as [8189, 8189], is shared by all. Of several, such as [50000, 50049], each webcam takes one, one more where the machine has IPv6, one for a TURN server.',
      ),
    tcp: z
      .boolean()
      .default(false)
      .describe(
        'Take webcams over TCP too, at ports of the same numbers, where UDP is blocked. A lost packet then holds up all that follow.',
      ),
    hosts: z
      .array(z.string().refine((text) => isIP(text) !== 0, 'must be an IP address'))
      .default([])
      .describe(
        "Addresses to tell webcams before the machine's own, such as a public one in front of a router.",
      ),
    iceServers: z
      .array(iceServer)
      .default([])
      .describe('STUN and TURN servers for webcams behind routers. None are needed on one network.'),
    entityTags: z
      .enum(['strict', 'lenient'])
      .default('strict')
      .describe(
        'strict: PATCH needs If-Match, as RFC 9725 says. lenient: also takes clients that leave it out or send its tag without quotes; a late candidate may then reach the wrong ICE session.',
      ),
    redirectTo: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .nullable()
      .default(null)
      .describe(
        'Another Earsight, such as https://second.example, that webcams are sent to (307) when limits.streams is reached; null answers 503.',
      ),
    departureMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(10_000)
      .describe(
        'A webcam that made its own stream may be gone this long, in milliseconds, before the stream is removed.',
      ),
  })
  .prefault({});

const limits = z
  .strictObject({
    streams: z.int().min(1).max(10_000).default(64).describe('Most streams at a time.'),
    subscribers: z.int().min(1).max(100_000).default(1000).describe('Most WebSocket subscribers at a time.'),
    streamsPerToken: z
      .int()
      .min(1)
      .max(10_000)
      .default(32)
      .describe('Most streams at a time that one token has added or publishes, where tokens are asked for.'),
    subscribersPerToken: z
      .int()
      .min(1)
      .max(100_000)
      .default(500)
      .describe('Most WebSocket subscribers at a time with one token.'),
    subscriberRateHz: z
      .number()
      .positive()
      .max(240)
      .default(60)
      .describe(
        'Most results a second of one stream that a subscriber is sent, however many it asks for. Lower bounds what one viewer costs.',
      ),
    bodyBytes: z
      .int()
      .min(1024)
      .max(16_777_216)
      .default(65_536)
      .describe('Largest request body of the API, in bytes.'),
    sdpBytes: z
      .int()
      .min(1024)
      .max(1_048_576)
      .default(65_536)
      .describe('Largest SDP offer, in bytes. A browser sends about 6000.'),
    whipPostsPerMinute: z
      .int()
      .min(1)
      .max(100_000)
      .default(120)
      .describe(
        'Most WHIP offers (POST) a minute from one address, and with one token; so many may also come at once. Each starts a process. A webcam that calls once a second needs 60.',
      ),
    whipPatchesPerMinute: z
      .int()
      .min(1)
      .max(100_000)
      .default(600)
      .describe(
        'Most WHIP requests about sessions (PATCH, DELETE) a minute from one address, and with one token.',
      ),
  })
  .prefault({});

const data = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .nullable()
      .default('auto')
      .describe(
        'Folder for what must outlive a restart: the streams that the API added. auto: $STATE_DIRECTORY of a systemd unit, else earsight/<port> in $XDG_STATE_HOME or ~/.local/state. null: nothing is kept.',
      ),
  })
  .prefault({});

const tracing = z
  .strictObject({
    sampleRatio: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'Share of the results that are traced by OpenTelemetry, from their first packet on; 0 switches it off. Needs @opentelemetry/api and an SDK that is loaded before the server.',
      ),
  })
  .prefault({});

/** The whole configuration. Unknown keys are errors. */
export const configSchema = z
  .strictObject({
    server: server.describe('Where the server listens.'),
    auth: authSchema.prefault({}).describe('Who may use it.'),
    model: model.describe('What finds the sounds.'),
    engine: engine.describe('What runs the model.'),
    session: sessionOptionsSchema
      .prefault({})
      .describe('How streams are worked on; a stream may differ by its own `session`.'),
    ingest: ingest.describe('How cameras and files are read.'),
    webrtc: webrtc.describe('How webcams are received.'),
    limits: limits.describe('What one server takes on.'),
    data: data.describe('What is kept over restarts.'),
    log: logSchema.prefault({}).describe('What is written where it runs.'),
    tracing: tracing.describe('Where the time of single results goes.'),
    streams: z
      .array(streamSpecSchema)
      .superRefine((specs, context) => {
        const seen = new Set<string>();
        for (const [index, spec] of specs.entries()) {
          if (seen.has(spec.id)) {
            context.addIssue({
              code: 'custom',
              path: [index, 'id'],
              message: `"${spec.id}" is already the id of another stream. Give each stream its own`,
            });
          }
          seen.add(spec.id);
        }
      })
      .prefault([{ id: 'demo', name: 'Demo scene', kind: 'demo' }])
      .describe('The streams that are there from the start. Others come by the API and by webcams.'),
  })
  .superRefine(({ server: { host }, auth: { mode, tokens } }, context) => {
    if (!isTokenRequired(mode, host) || tokens.length > 0) return;
    context.addIssue({
      code: 'custom',
      path: mode === 'auto' ? ['server', 'host'] : ['auth', 'mode'],
      message:
        mode === 'auto'
          ? `is ${host}, which other machines can reach, and nobody has a token. Make one with "earsight token" and put its lines under auth.tokens; or set auth.mode to none, if everyone who can reach it may do everything`
          : 'asks for tokens, but there are none. Make one with "earsight token" and put its lines under auth.tokens',
    });
  });

export type Config = z.output<typeof configSchema>;

/** The configuration when nobody says anything. */
export const defaultConfig = (): Config => configSchema.parse({});

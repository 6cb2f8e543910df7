/** Configuration: what wins over what, and every sentence that a mistake gets. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { hashToken } from '../../src/server/access/token-hash.ts';
import { inputSchema, type JsonSchema } from '../../src/server/config/json-schema-walk.ts';
import { type ConfigSources, loadConfig } from '../../src/server/config/load.ts';
import { configSchema, defaultConfig } from '../../src/server/config/schema.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The problems, the folder of the file taken off. */
function problemsOf(yaml: string, sources: ConfigSources = {}): string[] {
  const file = join(folder, 'c.yaml');
  writeFileSync(file, yaml);
  try {
    loadConfig({ file, ...sources });
  } catch (thrown) {
    if (!(thrown instanceof EarsightError)) throw thrown;
    expect(thrown.code).toBe('bad-config');
    expect(thrown.message).toBe((thrown.details['problems'] as string[]).join('\n'));
    return thrown.message.split('\n').map((line) => line.replaceAll(`${folder}/`, ''));
  }
  return [];
}

describe('precedence', () => {
  it('is defaults, file, environment, --set, flags', () => {
    const file = join(folder, 'p.yaml');
    writeFileSync(
      file,
      'server: {port: 1001, host: 0.0.0.0}\nauth: {mode: none}\nlimits: {streams: 5}\nlog: {level: debug}\n',
    );
    const config = loadConfig({
      file,
      environment: { EARSIGHT_SERVER__PORT: '1002', EARSIGHT_LIMITS__STREAMS: '6', PATH: '/bin' },
      assignments: ['server.port=1003', 'model.path=elsewhere'],
      flags: [{ path: ['server', 'port'], value: 1004, where: '--port' }],
    });
    expect(config.server).toMatchObject({ port: 1004, host: '0.0.0.0', drainMs: 5000 });
    expect(config.limits.streams).toBe(6);
    expect(config.log.level).toBe('debug');
    expect(config.model.path).toBe('elsewhere');
  });

  it('is the defaults for an empty file', () => {
    expect(problemsOf('')).toEqual([]);
    expect(problemsOf('# nothing\n')).toEqual([]);
    expect(loadConfig({})).toEqual(defaultConfig());
  });

  it('has one demo stream unless told', () => {
    expect(defaultConfig().streams).toEqual([
      { id: 'demo', name: 'Demo scene', kind: 'demo', enabled: true, seed: 1, session: {} },
    ]);
    expect(loadConfig({ environment: { EARSIGHT_STREAMS: '[]' } }).streams).toEqual([]);
  });

  it('reads text as text and the rest as YAML', () => {
    const config = loadConfig({
      environment: {
        EARSIGHT_SERVER__HOST: '127.0.0.2',
        EARSIGHT_SERVER__PAGE: 'null',
        EARSIGHT_WEBRTC__PORT_RANGE: '[50000, 50100]',
        EARSIGHT_SESSION__MAX_RATE_HZ: '12.5',
        EARSIGHT_CONFIG: 'not a setting',
      },
    });
    expect(config.server.host).toBe('127.0.0.2');
    expect(config.server.page).toBeNull();
    expect(config.webrtc.portRange).toEqual([50000, 50100]);
    expect(config.session.maxRateHz).toBe(12.5);
  });

  it('changes one field of a listed stream', () => {
    const file = join(folder, 's.yaml');
    writeFileSync(file, 'streams:\n  - {id: a, kind: demo}\n  - {id: b, kind: demo}\n');
    const config = loadConfig({ file, assignments: ['streams.1.seed=9'] });
    expect(config.streams.map((spec) => (spec.kind === 'demo' ? spec.seed : null))).toEqual([1, 9]);
  });
});

const SHA = hashToken('x');

const LINES: [title: string, yaml: string, problems: string[]][] = [
  [
    'a number out of range',
    'server:\n  port: 99999\n',
    [
      'c.yaml:2:3: server.port must be a whole number from 0 to 65535, but it is 99999. TCP port to listen on; 0 takes a free one. Correct it, or leave it out for the default, 8080.',
    ],
  ],
  [
    'a mistyped key',
    'server:\n  prot: 3\n',
    ['c.yaml:2:3: server.prot is not a setting. Did you mean server.port? Otherwise remove it.'],
  ],
  [
    'an unknown section',
    'mqtt: {}\n',
    [
      'c.yaml:1:1: mqtt is not a setting. Known here: server, auth, model, engine, session, ingest, webrtc, limits, data, log, tracing, streams.',
    ],
  ],
  [
    'a word that is none of the choices',
    'engine: {provider: gpu}\n',
    [
      'c.yaml:1:10: engine.provider must be cpu, webgpu, cuda or tensorrt, but it is "gpu". What onnxruntime computes on. cuda and tensorrt need their libraries installed. Correct it, or leave it out for the default, "cpu".',
    ],
  ],
  [
    'a section that is none',
    'log: 4\n',
    ['c.yaml:1:1: log must be a group of settings, but it is 4. What is written where it runs.'],
  ],
  [
    'a file that is no group',
    '- 1\n',
    ['c.yaml:1:1: The whole input must be a group of settings, but it is a list of 1.'],
  ],
  [
    'two settings at odds',
    'ingest:\n  retryMinMs: 50000\n',
    [
      'c.yaml:2:3: ingest.retryMinMs must not be above ingest.retryMaxMs. Lower it, or raise ingest.retryMaxMs.',
    ],
  ],
  [
    'ports the wrong way round',
    'webrtc:\n  portRange: [9, 5]\n',
    ['c.yaml:2:3: webrtc.portRange must be two ports, the lower one first, such as [50000, 50100].'],
  ],
  [
    'an origin that is none',
    'server: {allowedOrigins: [example]}\n',
    ['c.yaml:1:27: server.allowedOrigins[0] must be a URL, but it is "example".'],
  ],
  [
    'an address that others can reach, and no token',
    'server: {host: 0.0.0.0}\n',
    [
      'c.yaml:1:10: server.host is 0.0.0.0, which other machines can reach, and nobody has a token. Make one with "earsight token" and put its lines under auth.tokens; or set auth.mode to none, if everyone who can reach it may do everything.',
    ],
  ],
  [
    'tokens asked for, and none there',
    'auth: {mode: tokens}\n',
    [
      'c.yaml:1:8: auth.mode asks for tokens, but there are none. Make one with "earsight token" and put its lines under auth.tokens.',
    ],
  ],
  [
    'a token in place of its hash',
    'auth:\n  tokens:\n    - {name: a, hash: hunter2, roles: [view]}\n',
    [
      'c.yaml:3:17: auth.tokens[0].hash is not a hash of a token. "earsight token" makes a token and prints its hash.',
    ],
  ],
  [
    'two tokens of one name',
    `auth:\n  tokens:\n    - {name: a, hash: '${SHA}', roles: [view]}\n    - {name: a, hash: '${SHA}', roles: [view]}\n`,
    ['c.yaml:4:8: auth.tokens[1].name "a" is already the name of another token. Give each its own.'],
  ],
  [
    'a stream without its kind',
    'streams:\n  - id: x\n',
    ['c.yaml:2:5: streams[0].kind is missing: it must be demo, url or webcam.'],
  ],
  [
    'a stream of an unknown kind',
    'streams:\n  - id: x\n    kind: rtsp\n',
    ['c.yaml:3:5: streams[0].kind is "rtsp", but must be demo, url or webcam.'],
  ],
  [
    'a stream without its URL, and a bad id',
    'streams:\n  - kind: url\n    id: Front Door\n',
    [
      'c.yaml:3:5: streams[0].id must be text like /^[a-z0-9][a-z0-9_-]{0,62}$/, but it is "Front Door". Identifier in URLs, metrics and messages: 1 to 63 of a-z, 0-9, _ and -, not starting with _ or -.',
      'c.yaml:2:5: streams[0].url is missing: it must be text of at most 2048 characters. Where the camera or file is: rtsp, rtsps, rtmp, http, https, file and whatever else ingest.schemes allows. Credentials in it are never shown.',
    ],
  ],
  [
    'two streams of one id',
    'streams:\n  - {id: y, kind: demo}\n  - {id: y, kind: webcam}\n',
    ['c.yaml:3:6: streams[1].id "y" is already the id of another stream. Give each stream its own.'],
  ],
  [
    'an override out of range',
    'streams:\n  - {id: y, kind: demo, session: {maxRateHz: 0}}\n',
    [
      'c.yaml:2:35: streams[0].session.maxRateHz must be a number above 0 up to 240 or null, but it is 0. Most results a second. Frames above it are passed over, never re-timed. Lower saves processor; null takes every frame.',
    ],
  ],
  [
    'YAML that is none',
    'server: {port: 1\n',
    [
      'c.yaml:2:1: this is not YAML: Flow map in block collection must be sufficiently indented and end with a } Mend the indentation or the quotes there.',
    ],
  ],
];

describe('problems', () => {
  it.each(LINES)('%s', (_title, yaml, problems) => {
    expect(problemsOf(yaml)).toEqual(problems);
  });

  it('are all reported at once, each with who set it', () => {
    const problems = problemsOf('server: {port: x}\n', {
      environment: { EARSIGHT_LIMITS__BODY_BYTES: 'x', EARSIGHT_FOO: '1' },
      assignments: ['limits.streams=0', 'x'],
      flags: [{ path: ['engine', 'provider'], value: 'gpu', where: '--provider' }],
    });
    expect(problems.map((line) => line.split(': ')[0])).toEqual([
      '--set x',
      'c.yaml:1:10',
      '--provider',
      '--set limits.streams',
      'EARSIGHT_LIMITS__BODY_BYTES',
      'EARSIGHT_FOO',
    ]);
  });

  it('name a file that is not there', () => {
    expect(problemsOf('', { file: join(folder, 'none.yaml') })).toEqual([
      'none.yaml: the configuration cannot be read: there is no such file. Name an existing file with --config, or leave it out for the defaults.',
    ]);
  });

  it('never repeat a URL or a password', () => {
    const problems = problemsOf(
      'streams:\n  - {id: a, kind: url, url: 7, password: [hunter2]}\nwebrtc: {iceServers: [{urls: ["x:hunter2"], credential: [hunter2]}]}\n',
    );
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('earsight.example.yaml', () => {
  const text = readFileSync(new URL('../../earsight.example.yaml', import.meta.url), 'utf8');
  /** Below the marker, every line is switched off by `# `. */
  const [settings = '', examples = ''] = text.split(/^.*switched off:$/m);
  const whole = parse(settings + examples.replaceAll(/^ {2}# /gm, '  ')) as Record<string, unknown>;

  it('as shipped, states the true defaults', () => {
    expect(configSchema.parse(parse(text))).toEqual(defaultConfig());
  });

  it('is valid with every commented setting switched on', () => {
    expect(configSchema.safeParse(whole).error?.issues ?? []).toEqual([]);
  });

  it('mentions every key', () => {
    const root = inputSchema(configSchema);
    const missing = keysOf(root).filter(([section, key]) => {
      const group = whole[section ?? ''];
      if (key === undefined) return group === undefined;
      return typeof group !== 'object' || group === null || !Object.hasOwn(group, key);
    });
    expect(keysOf(root).length).toBeGreaterThan(45);
    expect(missing).toEqual([]);
  });

  it('mentions every option of every kind of stream', () => {
    const specs = whole['streams'] as Record<string, unknown>[];
    const kinds = ((inputSchema(configSchema).properties?.['streams'] as JsonSchema).items as JsonSchema)
      .oneOf;
    expect(kinds).toHaveLength(3);
    for (const kind of kinds ?? []) {
      const name = (kind.properties?.['kind'] as JsonSchema).const;
      const shown = new Set(
        specs.filter((spec) => spec['kind'] === name).flatMap((spec) => Object.keys(spec)),
      );
      expect([...shown].sort(), String(name)).toEqual(Object.keys(kind.properties ?? {}).sort());
    }
  });
});

function keysOf(root: JsonSchema): string[][] {
  return Object.entries(root.properties ?? {}).flatMap(([section, rule]) => {
    const keys = Object.keys((rule as JsonSchema).properties ?? {});
    return keys.length === 0 ? [[section]] : keys.map((key) => [section, key]);
  });
}

/** A configuration that changes under a running server: what differs, what goes on, what is told. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { hashToken } from '../../src/server/access/token-hash.ts';
import { Reloading } from '../../src/server/commands/reloading.ts';
import { differenceOf } from '../../src/server/config/difference.ts';
import { readConfig } from '../../src/server/config/load.ts';
import { type Config, configSchema, defaultConfig } from '../../src/server/config/schema.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { type StreamSpec, streamSpecSchema } from '../../src/server/config/stream-spec.ts';
import { checkStreams } from '../../src/server/streams/check-streams.ts';
import { createSources } from '../../src/server/streams/source-factory.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { FakePipeline, FakeSources, fixedClock, RecordingListener } from '../support/server-fakes.ts';

const config = (input: object): Config => configSchema.parse(input);
const spec = (input: object): StreamSpec => streamSpecSchema.parse(input);
const camera = (id: string, password: string, more: object = {}) => ({
  id,
  kind: 'url',
  url: `rtsp://${id}/`,
  username: 'u',
  password,
  ...more,
});

describe('differenceOf', () => {
  it('names the streams that differ, passwords included, and no other', () => {
    const before = config({ streams: [camera('a', '1'), camera('b', '1'), camera('c', '1')] });
    const after = config({ streams: [camera('a', '1'), camera('b', '2'), { id: 'd', kind: 'demo' }] });
    const { removed, placed } = differenceOf(before, after);
    expect(removed).toEqual(['c']);
    expect(placed.map(({ id }) => id)).toEqual(['b', 'd']);
  });

  it('keeps what has to wait for a restart, and names each setting until it is taken back', () => {
    const now = {
      server: { drainMs: 9, allowedOrigins: ['https://x.example'] },
      log: { level: 'debug', format: 'json' },
      tracing: { sampleRatio: 0.5 },
    };
    const later = {
      server: { host: '::1', port: 9, tls: { mode: 'self-signed' } },
      model: { path: 'other' },
      engine: { workers: 3, maxBatch: 7 },
      data: { folder: null },
    };
    const after = config({ ...now, ...later, server: { ...now.server, ...later.server } });
    const first = differenceOf(defaultConfig(), after);
    expect(first.waiting).toEqual([
      'server.host',
      'server.port',
      'server.tls.mode',
      'model.path',
      'engine.workers',
      'engine.maxBatch',
      'data.folder',
    ]);
    expect(first.effective).toEqual(config(now));
    // The next reload is measured against what runs, not against what was read last.
    expect(differenceOf(first.effective, after).waiting).toEqual(first.waiting);
    expect(differenceOf(first.effective, config({ ...now, engine: { workers: 3 } })).waiting).toEqual([
      'engine.workers',
    ]);
    expect(differenceOf(first.effective, defaultConfig()).waiting).toEqual([]);
  });

  it('does not open a server to everyone because it will listen elsewhere one day', () => {
    const tokens = [{ name: 't', hash: hashToken('x'), roles: ['view'] }];
    const running = config({ server: { host: '0.0.0.0' }, auth: { tokens } });
    expect(() => differenceOf(running, config({}))).toThrow(
      /server\.host is 0\.0\.0\.0 until the next start/,
    );
    const { effective } = differenceOf(running, config({ auth: { tokens } }));
    expect(effective.server.host).toBe('0.0.0.0');
  });
});

function setUp() {
  const pipeline = new FakePipeline();
  const sources = new FakeSources();
  const listener = new RecordingListener();
  const kept: string[][] = [];
  const settings = {
    sources,
    defaults: sessionOptionsSchema.parse({}),
    maxStreams: 10,
    departureMs: 1000,
  };
  const registry = new StreamRegistry({
    ...settings,
    pipeline,
    clock: fixedClock,
    listeners: [listener],
    keep: (specs) => kept.push(specs.map(({ id }) => id)),
  });
  const file = { origin: 'configuration' } as const;
  registry.add(spec(camera('a', '1')), file);
  registry.add(spec(camera('b', '1')), file);
  registry.add(spec(camera('c', '1')), file);
  registry.add(spec(camera('mine', '1')));
  for (const { source } of pipeline.sessions) pipeline.of(source.id).become({ state: 'live', reason: null });
  listener.events.length = 0;
  return { pipeline, sources, listener, settings, registry, kept };
}

describe('StreamRegistry.reconfigure', () => {
  it('removes, restarts and adds what it names, and leaves the others alone', async () => {
    const { registry, settings, pipeline, listener, sources } = setUp();
    const before = ['a', 'mine'].map((id) => pipeline.of(id));
    await registry.reconfigure(settings, ['c'], [spec(camera('b', '2')), spec({ id: 'd', kind: 'demo' })]);
    expect(registry.list().map(({ id }) => id)).toEqual(['a', 'b', 'mine', 'd']);
    expect(['a', 'mine'].map((id) => pipeline.of(id))).toEqual(before);
    expect(before.map(({ closed }) => closed)).toEqual([false, false]);
    expect(sources.made.map(({ id, closed }) => [id, closed])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
      ['mine', false],
      ['d', false],
      ['b', false],
    ]);
    expect(listener.log).toEqual(['-c', 'd:connecting', 'b:connecting']);
  });

  it('applies defaults as the streams run, and restarts only those whose source they change', async () => {
    const { registry, settings, pipeline } = setUp();
    const cam = pipeline.of('a');
    const defaults = { ...settings.defaults, smoothingMs: 500 };
    await registry.reconfigure({ ...settings, defaults }, [], []);
    expect(cam.options.smoothingMs).toBe(500);
    expect(pipeline.of('a')).toBe(cam);
    await registry.reconfigure({ ...settings, defaults: { ...defaults, maxRateHz: 5 } }, [], []);
    expect(pipeline.of('a')).not.toBe(cam);
    expect(cam.closed).toBe(true);
    expect(pipeline.of('a').options).toMatchObject({ smoothingMs: 500, maxRateHz: 5 });
  });

  it('renames and switches off in place', async () => {
    const { registry, settings, listener, pipeline } = setUp();
    const running = pipeline.of('a');
    await registry.reconfigure(settings, [], [spec(camera('a', '1', { name: 'Gate' }))]);
    expect(running.closed).toBe(false);
    expect(registry.get('a').info().name).toBe('Gate');
    await registry.reconfigure(settings, [], [spec(camera('a', '1', { enabled: false }))]);
    expect(running.closed).toBe(true);
    expect(listener.log).toEqual(['a:live', 'a:ended']);
  });

  it('keeps what the API changed of a stream of which the file says the same', async () => {
    const { registry, settings } = setUp();
    await registry.patch('a', { name: 'Mine now' });
    await registry.remove('b');
    await registry.reconfigure(settings, [], []);
    expect(registry.get('a').info().name).toBe('Mine now');
    expect(registry.find('b')).toBeNull();
  });

  it('tells what the API added, and no more of what the file takes over', async () => {
    const { registry, settings, kept, pipeline } = setUp();
    expect(kept.at(-1)).toEqual(['mine']);
    const running = pipeline.of('mine');
    await registry.reconfigure(settings, [], [spec(camera('mine', '1'))]);
    expect(kept.at(-1)).toEqual([]);
    expect(pipeline.of('mine')).toBe(running);
    // What the API added under a name that the file drops was never the file's.
    registry.add(spec({ id: 'x', kind: 'demo' }));
    await registry.reconfigure(settings, ['x', 'mine'], []);
    expect(registry.find('x')).not.toBeNull();
    expect(registry.find('mine')).toBeNull();
    const count = kept.length;
    await registry.close();
    expect(kept).toHaveLength(count);
  });
});

describe('checkStreams', () => {
  it('names every stream that could not be', () => {
    const running = [
      { id: 'old', origin: 'configuration', trusted: true, spec: spec(camera('old', '1')) },
      {
        id: 'mine',
        origin: 'api',
        trusted: false,
        spec: spec({ ...camera('mine', '1'), url: 'http://mine/' }),
      },
    ] as const;
    const sources = createSources(config({ ingest: { schemes: ['rtsp'] } }), {
      audioRateHz: 1,
      log: pino({ level: 'silent' }),
    });
    const listed = [spec(camera('a', '1')), spec({ ...camera('b', '1'), url: 'http://b/' })];
    let said = '';
    try {
      checkStreams(sources, listed, running, new Set(['old']), 2);
    } catch (thrown) {
      said = (thrown as EarsightError).message;
    }
    const [first, second, third, ...rest] = said.split('\n');
    expect(first).toMatch(/^streams\[1\] \(b\): .*http/);
    expect(second).toMatch(/^The stream "mine", which the API added and can remove: .*http/);
    expect(third).toMatch(/^limits\.streams is 2, but there would be 3/);
    expect(rest).toEqual([]);
  });
});

describe('createSources().fingerprint', () => {
  const options = sessionOptionsSchema.parse({});
  const of = (input: object, ingest: object = {}) =>
    createSources(config({ ingest }), { audioRateHz: 1, log: pino({ level: 'silent' }) }).fingerprint(
      spec(input),
      options,
      false,
    );

  it('changes with what the source is made of, and with nothing else', () => {
    const a = of(camera('a', '1'));
    expect(of(camera('a', '1', { name: 'x', session: { smoothingMs: 1 } }))).toBe(a);
    expect(of(camera('a', '2'))).not.toBe(a);
    expect(of(camera('a', '1'), { readTimeoutMs: 700 })).not.toBe(a);
    expect(of({ id: 'w', kind: 'webcam' }, { readTimeoutMs: 700 })).toBe(of({ id: 'w', kind: 'webcam' }));
    expect(a).not.toContain('u:1');
  });
});

describe('Reloading', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'earsight-reload-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function start(name: string) {
    const file = join(folder, name);
    writeFileSync(file, 'log: { level: info }\n');
    const applied: Config[] = [];
    const done: boolean[] = [];
    const lines: string[] = [];
    const settings = { waiting: ['server.port', 'engine.workers'], takenBack: [] as string[] };
    const output = new Writable({
      write(chunk: Buffer, _encoding, next) {
        lines.push((JSON.parse(chunk.toString()) as { msg: string }).msg);
        next();
      },
    });
    const reloading = new Reloading([file], {
      read: () => readConfig({ file, mayBeEmpty: false }),
      apply: (next) => {
        applied.push(next);
        return Promise.resolve(settings);
      },
      onDone: (taken) => void done.push(taken),
      log: pino(output),
      pollMs: 20,
      settleMs: 60,
    });
    return { file, applied, done, lines, settings, reloading };
  }

  it('takes a file that was changed, once it is left alone', async () => {
    const { file, applied, reloading, lines, settings } = start('a.yaml');
    writeFileSync(file, '');
    writeFileSync(file, 'log: {');
    writeFileSync(file, 'log: { level: debug }\n');
    await vi.waitFor(() => expect(applied).toHaveLength(1), 5000);
    expect(applied[0]?.log.level).toBe('debug');
    await vi.waitFor(() =>
      expect(lines).toEqual([
        'the configuration was read anew and is in force',
        'server.port, engine.workers: waits for a restart',
      ]),
    );
    lines.length = 0;
    settings.takenBack = settings.waiting.splice(0, 1);
    await reloading.request('SIGHUP');
    expect(lines.slice(1)).toEqual([
      'server.port: as it runs, waits for a restart no more',
      'engine.workers: waits for a restart',
    ]);
    await reloading.close();
    await reloading.request('SIGHUP');
    expect(applied).toHaveLength(2);
  });

  it('keeps the old one when the new one is wrong or empty, and says every problem', async () => {
    const { file, applied, reloading, lines, done } = start('b.yaml');
    writeFileSync(file, 'server: { port: x }\nlog: { level: loud }\n');
    await reloading.request('SIGHUP');
    writeFileSync(file, '\n');
    await reloading.request('SIGHUP');
    await reloading.close();
    expect(applied).toEqual([]);
    expect(done).toEqual([false, false]);
    expect(lines.map((line) => line.replace(`${folder}/`, '').slice(0, 30))).toEqual([
      'b.yaml:1:11: server.port must ',
      'b.yaml:2:8: log.level must be ',
      'the configuration that was in ',
      'b.yaml:1:1: the file is empty.',
      'the configuration that was in ',
    ]);
  });
});

/** The streams that the API added, over restarts: what is on the disk, and what is never lost. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataFolder } from '../../src/server/config/data-folder.ts';
import { revealed } from '../../src/server/config/revealed.ts';
import { configSchema } from '../../src/server/config/schema.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import { type StreamSpec, streamSpecSchema } from '../../src/server/config/stream-spec.ts';
import { KeptStreams } from '../../src/server/streams/kept-streams.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import { StreamStore } from '../../src/server/streams/stream-store.ts';
import { FakePipeline, FakeSources, fixedClock } from '../support/server-fakes.ts';

let root = '';
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'earsight-store-'));
});
afterAll(() => rmSync(root, { recursive: true }));
const newFolder = (): string => join(root, String(count++), 'deep');

const camera: StreamSpec = streamSpecSchema.parse({
  id: 'yard',
  kind: 'url',
  url: 'rtsp://anna:hunter2@yard/',
  password: 'other2',
  session: { maxRateHz: 5 },
});
const demo: StreamSpec = streamSpecSchema.parse({ id: 'demo-2', kind: 'demo' });

async function open(folder: string, retryMs?: number) {
  const faults: string[] = [];
  const store = await StreamStore.open(folder, {
    onFault: (sentence) => faults.push(sentence),
    ...(retryMs === undefined ? {} : { retryMs }),
  });
  return { store, faults };
}

describe('StreamStore', () => {
  it('gives back what it was given, secrets included, to its owner alone', async () => {
    const folder = newFolder();
    const { store } = await open(folder);
    expect(store.specs).toEqual([]);
    store.keep([camera, demo]);
    await store.settled();
    const file = join(folder, 'streams.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['streams.json']);
    await store.close();
    const again = await open(folder);
    expect(again.store.specs.map(revealed)).toEqual([camera, demo].map(revealed));
    expect(JSON.stringify(again.store.specs.map(revealed))).toContain('other2');
    expect(again.faults).toEqual([]);
    await again.store.close();
  });

  it('makes no file while there is nothing to keep, and writes many changes at once', async () => {
    const folder = newFolder();
    const { store } = await open(folder);
    store.keep([]);
    await store.settled();
    expect(readdirSync(folder)).toEqual([]);
    for (let i = 0; i < 50; i++) store.keep([{ ...demo, id: `d${i}` }]);
    await store.close();
    expect(readFileSync(join(folder, 'streams.json'), 'utf8')).toContain('"d49"');
  });

  it('puts a file aside that it cannot understand', async () => {
    const folder = newFolder();
    const first = await open(folder);
    first.store.keep([demo]);
    await first.store.close();
    const file = join(folder, 'streams.json');
    for (const text of ['{"version":1,"streams":[{"id"', '{"version":2,"streams":[]}', '[]', '']) {
      writeFileSync(file, text);
      const { store, faults } = await open(folder);
      expect(store.specs).toEqual([]);
      expect(faults).toHaveLength(1);
      const aside = / aside as (\S+)\./.exec(faults[0] ?? '')?.[1] ?? '';
      expect(readFileSync(aside, 'utf8')).toBe(text);
      rmSync(aside);
      await store.close();
    }
  });

  it('writes back what it cannot use, as it was', async () => {
    const folder = newFolder();
    const { store } = await open(folder);
    store.keep([demo]);
    await store.close();
    const file = join(folder, 'streams.json');
    const strange = { id: 'x', kind: 'hologram', password: 'hunter2' };
    writeFileSync(file, JSON.stringify({ version: 1, streams: [strange, revealed(demo)] }));
    const second = await open(folder);
    expect(second.store.specs.map(revealed)).toEqual([revealed(demo)]);
    expect(second.faults).toHaveLength(1);
    expect(second.faults[0]).toMatch(/stream 0 cannot be used and is left as it is\. kind is "hologram"/);
    expect(second.faults[0]).not.toContain('hunter2');
    second.store.keep([]);
    await second.store.close();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, streams: [strange] });
  });

  it('says once that it cannot write, tries again, and then has everything', async () => {
    const folder = newFolder();
    const { store, faults } = await open(folder, 20);
    // A folder in the place of the draft fails for every user, root included.
    const blocker = join(folder, 'streams.json.new');
    mkdirSync(blocker);
    store.keep([demo]);
    await store.settled();
    expect(store.isSound).toBe(false);
    store.keep([demo, camera]);
    await store.settled();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/streams\.json cannot be written: .*will not survive a restart until it can/);
    rmSync(blocker, { recursive: true });
    await vi.waitFor(() => expect(store.isSound).toBe(true), 5000);
    expect(readFileSync(join(folder, 'streams.json'), 'utf8')).toContain('yard');
    await store.close();
  });

  it('does not write over another server that uses the same folder', async () => {
    const folder = newFolder();
    const [first, second] = [await open(folder), await open(folder)];
    first.store.keep([demo]);
    await first.store.settled();
    second.store.keep([camera]);
    await second.store.close();
    expect(second.faults[0]).toContain('somebody else wrote it');
    expect(readFileSync(join(folder, 'streams.json'), 'utf8')).toContain('demo-2');
    await first.store.close();
  });

  it('cannot be opened where there is no place for it', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(open(join(file, 'x'))).rejects.toThrow(/ENOTDIR/);
  });
});

describe('KeptStreams', () => {
  it('starts them, leaves the file the last word, and keeps what cannot be now', async () => {
    const folder = newFolder();
    const first = await open(folder);
    const listed: StreamSpec = { ...demo, id: 'listed' };
    first.store.keep([camera, demo, listed]);
    await first.store.close();

    const { store } = await open(folder);
    const kept = new KeptStreams(store, pino({ level: 'silent' }));
    const registry = new StreamRegistry({
      pipeline: new FakePipeline(),
      sources: new FakeSources(),
      clock: fixedClock,
      defaults: sessionOptionsSchema.parse({}),
      listeners: [],
      maxStreams: 2,
      departureMs: 1,
      keep: (specs) => kept.take(specs),
    });
    registry.add(listed, { origin: 'configuration' });
    kept.restore(registry, new Set(['listed']));
    expect(registry.list().map(({ id, origin }) => [id, origin])).toEqual([
      ['listed', 'configuration'],
      ['yard', 'api'],
    ]);
    await kept.settled();
    const ids = async (): Promise<string[]> => (await open(folder)).store.specs.map(({ id }) => id);
    expect(await ids()).toEqual(['yard', 'demo-2']);
    await registry.remove('yard');
    await kept.settled();
    expect(await ids()).toEqual(['demo-2']);
    registry.add({ ...demo, name: 'Again' });
    await registry.close();
    await kept.close();
    expect(await ids()).toEqual(['demo-2']);
  });
});

describe('dataFolder', () => {
  const of = (settings: object, environment: Record<string, string>) =>
    dataFolder(configSchema.parse(settings), environment);

  it("is the unit's, or one of the user and port, or none", () => {
    const xdg = { XDG_STATE_HOME: '/s' };
    expect(of({}, xdg)).toBe('/s/earsight/8080');
    expect(of({}, {})).toMatch(/\/\.local\/state\/earsight\/8080$/);
    expect(of({}, { ...xdg, STATE_DIRECTORY: '/var/lib/earsight:/x' })).toBe('/var/lib/earsight');
    expect(of({ server: { port: 0 } }, xdg)).toBeNull();
    expect(of({ data: { folder: null } }, xdg)).toBeNull();
    expect(of({ data: { folder: '/d' }, server: { port: 0 } }, xdg)).toBe('/d');
  });
});

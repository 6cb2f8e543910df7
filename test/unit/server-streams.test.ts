/** The registry: who is told what, in which order, and that nothing is left open. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { Secret, secretUrl } from '../../src/pipeline/secret.ts';
import { sessionOptionsSchema } from '../../src/server/config/session-options.ts';
import {
  type StreamCreate,
  type StreamSpec,
  streamCreateSchema,
} from '../../src/server/config/stream-spec.ts';
import { Publications } from '../../src/server/streams/publications.ts';
import { idFromName, nameFromId } from '../../src/server/streams/stream-ids.ts';
import { StreamRegistry } from '../../src/server/streams/stream-registry.ts';
import {
  FakePipeline,
  FakeSources,
  FakeWebcam,
  fixedClock,
  RecordingListener,
} from '../support/server-fakes.ts';

const make = (value: object): StreamCreate => streamCreateSchema.parse(value);

function setUp(options: { maxStreams?: number } = {}) {
  const pipeline = new FakePipeline();
  const sources = new FakeSources();
  const listener = new RecordingListener();
  const registry = new StreamRegistry({
    pipeline,
    sources,
    clock: fixedClock,
    defaults: sessionOptionsSchema.parse({}),
    listeners: [listener],
    maxStreams: options.maxStreams ?? 10,
    departureMs: 10_000,
  });
  return { pipeline, sources, listener, registry };
}

const codeOf = (thrown: unknown): string => (thrown instanceof EarsightError ? thrown.code : String(thrown));
function thrownBy(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    return codeOf(thrown);
  }
  return 'nothing thrown';
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('StreamRegistry', () => {
  it('adds, tells, and removes only when all is closed', async () => {
    const { registry, pipeline, sources, listener } = setUp();
    const stream = registry.add(make({ kind: 'url', id: 'door', url: 'rtsp://h/', name: 'Door' }));
    expect(stream.info()).toMatchObject({ id: 'door', name: 'Door', kind: 'url', state: 'connecting' });
    pipeline.of('door').become({ state: 'live', reason: null });
    expect(listener.log).toEqual(['door:connecting', 'door:live']);
    const removed = registry.remove('door');
    expect(listener.log).toHaveLength(2);
    await removed;
    expect(listener.log).toEqual(['door:connecting', 'door:live', '-door']);
    expect(pipeline.of('door').closed).toBe(true);
    expect(sources.made.every((source) => source.closed)).toBe(true);
    expect(thrownBy(() => registry.get('door'))).toBe('stream-unknown');
  });

  it('makes ids from names', () => {
    const { registry } = setUp();
    const ids = [1, 2].map(() => registry.add(make({ kind: 'demo', name: 'Küche, links!' })).id);
    expect([...ids, registry.add(make({ kind: 'demo' })).id]).toEqual([
      'kuche-links',
      'kuche-links-2',
      'demo',
    ]);
    expect(idFromName('日本', () => false)).toBe('stream');
    expect(idFromName('x'.repeat(100), (id) => !id.endsWith('-3'))).toHaveLength(59);
  });

  it('refuses a second of the same id, one too many, and what the source refuses', () => {
    const { registry, sources } = setUp({ maxStreams: 2 });
    registry.add(make({ kind: 'demo', id: 'a' }));
    expect(thrownBy(() => registry.add(make({ kind: 'demo', id: 'a' })))).toBe('stream-exists');
    sources.refusal = new EarsightError('bad-url', 'no');
    expect(thrownBy(() => registry.add(make({ kind: 'demo', id: 'b' })))).toBe('bad-url');
    sources.refusal = null;
    registry.add(make({ kind: 'demo', id: 'b' }));
    expect(thrownBy(() => registry.add(make({ kind: 'demo', id: 'c' })))).toBe('limit-reached');
    expect(registry.list().map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('applies options to the running session and restarts for a URL, without the old password', async () => {
    const { registry, pipeline, sources } = setUp();
    registry.add(make({ kind: 'url', id: 'a', url: 'rtsp://h/1', username: 'u', password: 'p' }));
    await registry.patch('a', { session: { smoothingMs: 0 } });
    expect(pipeline.sessions).toHaveLength(1);
    expect(pipeline.of('a').options).toMatchObject({ smoothingMs: 0, stallMs: 2500 });
    await registry.patch('a', { url: secretUrl('rtsp://other/2') });
    expect(pipeline.sessions.map(({ closed }) => closed)).toEqual([true, false]);
    expect(pipeline.of('a').options.smoothingMs).toBe(0);
    expect(sources.made[1]?.spec).toEqual({
      kind: 'url',
      id: 'a',
      url: expect.any(Secret) as Secret,
      enabled: true,
      loop: false,
      pace: 'realtime',
      hardware: 'none',
      session: { smoothingMs: 0 },
    });
    expect(urlOf(sources.made[1]?.spec)).toBe('rtsp://other/2');
  });

  it('trusts an address of the configuration, until a patch brings another', async () => {
    const { registry, sources } = setUp();
    const asked: [what: string, trusted: boolean][] = [];
    sources.onTrust = (what, trusted) => void asked.push([what, trusted]);
    registry.add(make({ kind: 'url', id: 'a', url: 'rtsp://h/1' }), { origin: 'configuration' });
    registry.add(make({ kind: 'url', id: 'b', url: 'rtsp://h/1' }));
    await registry.patch('a', { name: 'A' });
    await registry.patch('a', { url: secretUrl('rtsp://h/2') });
    await registry.patch('a', { name: 'B' });
    expect(asked).toEqual([
      ['check', true],
      ['create', true],
      ['check', false],
      ['create', false],
      ['check', true],
      ['check', false],
      ['create', false],
      ['check', false],
    ]);
  });

  it('keeps what runs when a patch is refused', async () => {
    const { registry, sources, pipeline } = setUp();
    registry.add(make({ kind: 'url', id: 'a', url: 'rtsp://h/1' }));
    sources.refusal = new EarsightError('bad-url', 'no');
    await expect(registry.patch('a', { url: secretUrl('x') })).rejects.toThrow('no');
    expect(pipeline.of('a').closed).toBe(false);
    expect(urlOf(registry.get('a').spec)).toBe('rtsp://h/1');
    await expect(registry.patch('a', { url: secretUrl('x') }).catch(codeOf)).resolves.toBe('bad-url');
  });

  it('switches off and on', async () => {
    const { registry, pipeline, listener } = setUp();
    registry.add(make({ kind: 'demo', id: 'a' }));
    await registry.patch('a', { enabled: false });
    expect(registry.get('a').info()).toMatchObject({ state: 'ended', reason: 'disabled' });
    expect(registry.get('a').stats()).toBeNull();
    expect(pipeline.of('a').closed).toBe(true);
    await registry.patch('a', { enabled: true });
    expect(pipeline.sessions).toHaveLength(2);
    expect(listener.log).toEqual(['a:connecting', 'a:ended', 'a:connecting']);
  });

  it('opens nothing after a removal that came while a patch was under way', async () => {
    const { registry, sources } = setUp();
    registry.add(make({ kind: 'url', id: 'a', url: 'rtsp://h/1' }));
    await Promise.all([
      registry.patch('a', { url: secretUrl('rtsp://h/2') }),
      registry.remove('a'),
      registry.remove('a'),
      registry.patch('a', { url: secretUrl('rtsp://h/3') }),
    ]);
    expect(registry.list()).toEqual([]);
    expect(sources.made.every((source) => source.closed)).toBe(true);
  });

  it('closes everything once, takes nothing afterwards, leaves no timer', async () => {
    const { registry, sources, listener } = setUp();
    registry.add(make({ kind: 'demo', id: 'a' }));
    registry.add(make({ kind: 'webcam', id: 'b' }), { origin: 'publisher' });
    await Promise.all([registry.close(), registry.close()]);
    expect(sources.made.map(({ closed }) => closed)).toEqual([true, true]);
    expect(listener.log.filter((line) => line.startsWith('-'))).toEqual(['-a', '-b']);
    expect(thrownBy(() => registry.add(make({ kind: 'demo' })))).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('Publications', () => {
  const webcam = (sources: FakeSources): FakeWebcam => {
    const source = sources.made.at(-1);
    if (!(source instanceof FakeWebcam)) throw new Error('the newest source is no webcam');
    return source;
  };

  const update = (publications: Publications, streamId: string, id: string): Promise<unknown> =>
    publications.update(streamId, id, 'a=candidate', () => ({ anySession: false }));

  it('makes the stream, and removes it some seconds after the publisher is gone', async () => {
    const { registry, pipeline } = setUp();
    const publications = new Publications(registry);
    await publications.publish('desk', 'offer');
    const session = pipeline.of('desk');
    session.become({ state: 'live' });
    await vi.advanceTimersByTimeAsync(60_000);
    session.become({ state: 'stalled' });
    await vi.advanceTimersByTimeAsync(9_000);
    session.become({ state: 'live' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(registry.find('desk')).not.toBeNull();
    session.become({ state: 'ended' });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(registry.find('desk')).not.toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(registry.find('desk')).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives a publisher half a minute to connect', async () => {
    const { registry } = setUp();
    await new Publications(registry).publish('desk', 'offer');
    await vi.advanceTimersByTimeAsync(29_999);
    expect(registry.find('desk')).not.toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(registry.find('desk')).toBeNull();
  });

  it('removes it at once when the publisher hangs up, unless another one has come', async () => {
    const { registry, listener } = setUp();
    const publications = new Publications(registry);
    const first = await publications.publish('desk', 'one');
    const second = await publications.publish('desk', 'two');
    await publications.end('desk', first.id);
    expect(registry.find('desk')).not.toBeNull();
    await publications.end('desk', second.id);
    expect(registry.find('desk')).toBeNull();
    expect(listener.log.at(-1)).toBe('-desk');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps a configured stream when its publisher hangs up', async () => {
    const { registry } = setUp();
    registry.add(make({ kind: 'webcam', id: 'desk' }));
    const publications = new Publications(registry);
    const { id } = await publications.publish('desk', 'offer');
    await publications.end('desk', id);
    expect(registry.find('desk')).not.toBeNull();
  });

  it('gives a reconnecting publisher half a minute from its new offer on', async () => {
    const { registry, pipeline } = setUp();
    await new Publications(registry).publish('desk', 'offer');
    pipeline.of('desk').become({ state: 'reconnecting', reason: 'publisher-lost' });
    await vi.advanceTimersByTimeAsync(9_000);
    pipeline.of('desk').become({ state: 'reconnecting', reason: 'connecting' });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(registry.find('desk')).not.toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(registry.find('desk')).toBeNull();
  });

  it('names the streams of publishers so that people can tell them apart', async () => {
    const { registry } = setUp();
    const publications = new Publications(registry);
    for (const id of ['webcam-1x9k2q', 'webcam-zz', 'front-door']) await publications.publish(id, 'offer');
    expect(registry.infos().map(({ name }) => name)).toEqual(['Webcam', 'Webcam 2', 'Front door']);
    expect(nameFromId('front_door', new Set(['Front door', 'Front door 2']))).toBe('Front door 3');
  });

  it('keeps a configured stream when its publisher goes', async () => {
    const { registry, pipeline } = setUp();
    registry.add(make({ kind: 'webcam', id: 'desk' }));
    const publications = new Publications(registry);
    await publications.publish('desk', 'offer');
    pipeline.of('desk').become({ state: 'ended' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(registry.find('desk')).not.toBeNull();
  });

  it('leaves no stream behind when the offer is refused', async () => {
    const { registry, sources } = setUp();
    sources.webcamRefusal = new EarsightError('unacceptable-sdp', 'no video');
    const publications = new Publications(registry);
    await expect(publications.publish('desk', 'offer').catch(codeOf)).resolves.toBe('unacceptable-sdp');
    expect(registry.list()).toEqual([]);
    expect(sources.made.every(({ closed }) => closed)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives every publisher its own secret; each ends its own session, the last one the stream', async () => {
    const { registry, sources } = setUp();
    const publications = new Publications(registry);
    const first = await publications.publish('desk', 'one');
    const second = await publications.publish('desk', 'two');
    expect(first.id).toMatch(/^[\w-]{24}$/);
    expect(second.id).not.toBe(first.id);
    expect(second.etag).toMatch(/^"[\w-]+"$/);
    expect(second.etag).not.toBe(first.etag);
    expect(webcam(sources).offers).toEqual(['one', 'two']);
    await publications.end('desk', first.id);
    expect(webcam(sources).sessions.map(({ isOver }) => isOver)).toEqual([true, false]);
    expect(registry.find('desk')).not.toBeNull();
    await publications.end('desk', second.id);
    await publications.end('desk', second.id);
    expect(webcam(sources).hangUps).toBe(2);
    expect(registry.find('desk')).toBeNull();
  });

  it('forgets the session of a publisher that is gone, and still takes its goodbye', async () => {
    const { registry, sources } = setUp();
    const publications = new Publications(registry);
    const { id } = await publications.publish('desk', 'one');
    webcam(sources).sessions[0]!.isOver = true;
    await expect(update(publications, 'desk', id).catch(codeOf)).resolves.toBe('stream-unknown');
    await publications.publish('desk', 'two');
    await publications.end('desk', id);
    expect(registry.find('desk')).not.toBeNull();
  });

  it('hangs up a publisher whose token was changed while its offer was answered', async () => {
    const { registry, sources } = setUp();
    let stands = true;
    const publications = new Publications(registry, () => stands);
    const asked = publications.publish('desk', 'offer').catch(codeOf);
    stands = false;
    await expect(asked).resolves.toBe('unauthorized');
    expect(webcam(sources).hangUps).toBe(1);
    expect(registry.find('desk')).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hangs up those, and only those, whose token was changed while they publish', async () => {
    const { registry, sources } = setUp();
    const holders = ['old', 'new'].map((name) => ({ name, roles: ['publish'] as const, streams: null }));
    let unwelcome: string | null = null;
    const publications = new Publications(registry, ({ name }) => name !== unwelcome);
    for (const holder of holders) await publications.publish(holder.name, 'offer', holder);
    unwelcome = 'old';
    publications.dismissUnwelcome();
    await vi.advanceTimersByTimeAsync(0);
    expect(registry.list().map(({ id }) => id)).toEqual(['new']);
    expect(webcam(sources).hangUps).toBe(0);
  });

  it('ties a secret to its stream', async () => {
    const { registry } = setUp();
    const publications = new Publications(registry);
    const { id } = await publications.publish('desk', 'one');
    await expect(update(publications, 'other', id).catch(codeOf)).resolves.toBe('stream-unknown');
    await expect(publications.end('other', id).catch(codeOf)).resolves.toBe('stream-unknown');
    await expect(publications.end('desk', 'guess').catch(codeOf)).resolves.toBe('stream-unknown');
    publications.streamRemoved('desk');
    await expect(update(publications, 'desk', id).catch(codeOf)).resolves.toBe('stream-unknown');
  });

  it('does not take over a camera or a stream that is switched off', async () => {
    const { registry } = setUp();
    registry.add(make({ kind: 'demo', id: 'a' }));
    registry.add(make({ kind: 'webcam', id: 'b', enabled: false }));
    const publications = new Publications(registry);
    await expect(publications.publish('a', 'offer').catch(codeOf)).resolves.toBe('stream-exists');
    await expect(publications.publish('b', 'offer').catch(codeOf)).resolves.toBe('stream-exists');
    expect(registry.list()).toHaveLength(2);
  });
});

function urlOf(spec: StreamSpec | undefined): string | null {
  return spec?.kind === 'url' ? spec.url.reveal() : null;
}

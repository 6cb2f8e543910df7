import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type WhipSession,
  WhipSource,
  type WhipSourceOptions,
} from '../../src/pipeline/ingest/whip/whip-source.ts';
import { mediaSourceContract, RecordingSink } from '../contract/media-source.ts';
import { processAlive } from '../support/media-process/process-alive.ts';
import { WrtcPublisher, type WrtcPublisherOptions } from '../support/webrtc/wrtc-publisher.ts';

/** What `open` began, ended after each test. */
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open(options: Partial<WhipSourceOptions> = {}): { source: WhipSource; sink: RecordingSink } {
  const source = new WhipSource({ id: 'webcam', ...options });
  const sink = new RecordingSink();
  source.open(sink);
  closers.push(() => source.close());
  return { source, sink };
}

async function publish(source: WhipSource, options: WrtcPublisherOptions = {}): Promise<WrtcPublisher> {
  return (await publishWithSession(source, options)).publisher;
}

async function publishWithSession(
  source: WhipSource,
  options: WrtcPublisherOptions = {},
): Promise<{ publisher: WrtcPublisher; session: WhipSession }> {
  const publisher = new WrtcPublisher(options);
  closers.push(() => publisher.close());
  const session = await source.accept(await publisher.offer());
  await publisher.answer(session.answerSdp);
  return { publisher, session };
}

/** Processes that this one started and that still run. Linux only; elsewhere none. */
function children(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/task')
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '')
    .map(Number)
    .filter(processAlive);
}

mediaSourceContract('WhipSource', async () => {
  const source = new WhipSource({ id: 'webcam' });
  let publisher: WrtcPublisher | null = null;
  return Promise.resolve({
    source,
    begin: async () => {
      publisher = new WrtcPublisher();
      await publisher.answer((await source.accept(await publisher.offer())).answerSdp);
    },
    end: async () => {
      publisher?.close();
      return Promise.resolve();
    },
  });
});

describe('an independent WebRTC stack publishes', () => {
  it('delivers the pictures and the tone that were sent, on steady clocks', async () => {
    const { source, sink } = open();
    await publish(source);
    await sink.until((s) => s.reports.some((r) => r.track === 'audio'), "the sound's sender report");
    await sink.until((s) => s.chunks.length > 150 && s.frames.length > 60, 'three seconds');
    const frame = sink.frames.at(-1)!;
    const luma = (x: number): number => frame.data[frame.width * 200 + x]!;
    // 40 and 220 in video range are 28 and 238 in full range.
    expect(Math.abs(luma(100) - 28)).toBeLessThan(6);
    expect(Math.abs(luma(540) - 238)).toBeLessThan(6);
    // The tone: a period of 440 Hz, counted by its rising zero crossings over one second of times without a hole.
    const chunks = sink.chunks.slice(-60);
    for (const [i, chunk] of chunks.entries()) {
      const before = chunks[i - 1];
      if (before === undefined) continue;
      expect(Math.abs(chunk.ptsUs - before.ptsUs - (before.samples.length * 1e6) / 22_050)).toBeLessThan(50);
    }
    const sound = chunks.flatMap((chunk) => [...chunk.samples]);
    const crossings = sound.filter((sample, i) => i > 0 && sample >= 0 && sound[i - 1]! < 0).length;
    expect((crossings * 22_050) / sound.length).toBeCloseTo(440, -1);
    const seconds = (sink.frames.at(-1)!.ptsUs - sink.frames[0]!.ptsUs) / 1e6;
    expect(sink.frames.length / seconds).toBeGreaterThan(20);
    expect(sink.drops.filter(({ reason }) => reason === 'decode-error')).toEqual([]);
  });

  it('follows a change of picture size', async () => {
    const { source, sink } = open();
    const publisher = await publish(source, { width: 320, height: 240 });
    await sink.until((s) => s.frames.length > 5, 'the first size');
    publisher.resize(480, 360);
    await sink.until((s) => s.frames.at(-1)?.width === 480, 'the second size');
    expect(sink.infos.map((info) => info.video?.width)).toEqual([320, 480]);
  });

  it('bounds the picture and caps the rate by selecting', async () => {
    const { source, sink } = open({ box: { width: 320, height: 320 }, maxRateHz: 10 });
    await publish(source, { width: 640, height: 480 });
    await sink.until((s) => s.frames.length > 20, 'two seconds');
    expect(sink.frames[0]).toMatchObject({ width: 320, height: 240 });
    const gaps = sink.frames.slice(1).map((frame, i) => frame.ptsUs - sink.frames[i]!.ptsUs);
    expect(gaps.reduce((a, b) => a + b) / gaps.length).toBeGreaterThan(95_000);
    await sink.until(
      (s) => s.drops.some(({ reason }) => reason === 'rate-cap'),
      'the count of what was passed over',
    );
  });

  it('takes a publisher without a microphone', async () => {
    const { source, sink } = open();
    await publish(source, { audio: false });
    await sink.until((s) => s.frames.length > 5, 'pictures');
    expect(sink.infos[0]).toMatchObject({ audio: null });
    expect(sink.chunks).toEqual([]);
  });

  it('waits for the next one after a hang-up', async () => {
    const { source, sink } = open();
    const { session } = await publishWithSession(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    await session.hangUp();
    await session.hangUp();
    expect(session.isOver).toBe(true);
    const frames = sink.frames.length;
    expect(sink.phases.at(-1)).toMatchObject({
      phase: 'reconnecting',
      reason: 'publisher-left',
      retryInMs: 0,
    });
    expect(children()).toEqual([]);
    await publish(source);
    await sink.until((s) => s.frames.length > frames + 5, 'pictures of the next');
    expect(sink.frames.at(-1)!.epoch).toBeGreaterThan(sink.frames[0]!.epoch);
  });

  it('notices a publisher that vanishes without a word', async () => {
    const { source, sink } = open();
    const publisher = fork(new URL('../support/webrtc/publisher-child.ts', import.meta.url), {
      execArgv: [],
    });
    closers.push(() => void publisher.kill('SIGKILL'));
    const [offer] = (await once(publisher, 'message')) as [string];
    publisher.send((await source.accept(offer)).answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    publisher.kill('SIGKILL');
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the loss', 40_000);
    expect(sink.phases.at(-1)).toMatchObject({ reason: 'publisher-lost' });
  });

  it('hands over to a second publisher when that one is up, never mixing the two', async () => {
    const { source, sink } = open();
    await publish(source, { width: 320, height: 240 });
    await sink.until((s) => s.frames.length > 5, 'the first');
    const second = new WrtcPublisher({ width: 480, height: 360 });
    closers.push(() => second.close());
    const { answerSdp } = await source.accept(await second.offer());
    const before = sink.frames.length;
    await sink.until((s) => s.frames.length > before + 5, 'the first, still there');
    await second.answer(answerSdp);
    await sink.until((s) => s.frames.at(-1)?.width === 480, 'the second');
    const epochs = sink.frames.map((frame) => frame.epoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    for (const frame of sink.frames) expect(frame.width).toBe(frame.epoch === epochs[0] ? 320 : 480);
    expect(sink.phases.map(({ phase }) => phase)).toEqual([
      'connecting',
      'connecting',
      'connected',
      'connected',
    ]);
    await expect.poll(() => children().length).toBe(1);
  });

  it('says that its process died, and takes the next publisher', async () => {
    const { source, sink } = open();
    await publish(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the crash');
    expect(sink.phases.at(-1)).toMatchObject({ reason: 'source-crashed' });
    const before = sink.frames.length;
    await publish(source);
    await sink.until((s) => s.frames.length > before + 5, 'pictures again');
  });

  it('disconnects on restart', async () => {
    const { source, sink } = open();
    await publish(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    source.restart('stalled');
    expect(sink.phases.at(-1)).toMatchObject({ phase: 'reconnecting', reason: 'publisher-lost' });
  });

  it('connects by trickled candidates, and refuses those of no section of the offer', async () => {
    const { source, sink } = open();
    const publisher = new WrtcPublisher();
    closers.push(() => publisher.close());
    const offer = await publisher.offer();
    const candidates = offer.match(/^a=candidate:.*udp.*$/gm)!;
    const session = await source.accept(offer.replace(/^a=candidate:.*\r\n/gm, ''));
    const fragment = (mid: string): string =>
      `${/^a=ice-ufrag:.*$/m.exec(offer)![0]}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${mid}\r\n${candidates.join('\r\n')}\r\n`;
    await expect(session.update(fragment('9'), false)).rejects.toMatchObject({ code: 'unacceptable-sdp' });
    await expect(session.update(fragment('0'), false)).resolves.toEqual({
      answerFragment: null,
      iceGeneration: 0,
    });
    // Without ours the publisher cannot reach us: the connection stands on the trickled ones.
    await publisher.answer(session.answerSdp.replace(/^a=(candidate:.*|end-of-candidates)\r\n/gm, ''));
    await sink.until((s) => s.frames.length > 5, 'pictures');
  });

  it('refuses before a process is started', async () => {
    const { source } = open();
    await expect(source.accept('nonsense')).rejects.toMatchObject({ code: 'bad-sdp' });
    expect(children()).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    const resources = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => /Process|Pipe|Timeout|UDP|TCP/.test(kind))
        .sort();
    const publisher = new WrtcPublisher();
    closers.push(() => publisher.close());
    const offer = await publisher.offer();
    await sleep(50);
    const before = resources();
    const source = new WhipSource({ id: 'webcam' });
    const sink = new RecordingSink();
    source.open(sink);
    await publisher.answer((await source.accept(offer)).answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    expect(children()).toHaveLength(process.platform === 'linux' ? 1 : 0);
    await source.close();
    await source.close();
    expect(children()).toEqual([]);
    // Closed handles leave the loop one turn later.
    await sleep(100);
    expect(resources()).toEqual(before);
    await expect(source.accept(offer)).rejects.toMatchObject({ code: 'closed' });
  });

  it('closes while an offer is being answered', async () => {
    const { source } = open();
    const publisher = new WrtcPublisher();
    closers.push(() => publisher.close());
    const answer = source.accept(await publisher.offer());
    answer.catch(() => undefined);
    await source.close();
    await expect(answer).rejects.toMatchObject({ code: 'closed' });
    expect(children()).toEqual([]);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WhipSource } from '../../src/pipeline/ingest/whip/whip-source.ts';
import { RecordingSink } from '../contract/media-source.ts';
import { LossyRelay, withoutCandidates } from '../support/webrtc/lossy-relay.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

/** Payload types of libwebrtc's offers. */
const VP8 = 96;
const RTX = 97;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function publishThroughRelay(): Promise<{
  sink: RecordingSink;
  publisher: WrtcPublisher;
  relay: LossyRelay;
}> {
  const source = new WhipSource({ id: 'webcam' });
  const sink = new RecordingSink();
  const publisher = new WrtcPublisher({ width: 640, height: 480, busy: true });
  const relay = new LossyRelay();
  closers.push(
    () => relay.close(),
    () => publisher.close(),
    () => source.close(),
  );
  source.open(sink);
  const { answerSdp } = await source.accept(withoutCandidates(await publisher.offer()));
  await publisher.answer(await relay.divert(answerSdp));
  await sink.until((s) => s.frames.length > 10 && s.chunks.length > 10, 'media through the relay');
  return { sink, publisher, relay };
}

it('asks for lost packets and shows every picture all the same', async () => {
  const { sink, publisher, relay } = await publishThroughRelay();
  const from = sink.frames.length;
  let turn = 0;
  relay.lose = () => ++turn % 20 === 0;
  await sleep(5_000);
  relay.lose = () => false;
  await sleep(500);
  const pictures = sink.frames.slice(from);
  const gaps = pictures.slice(1).map((frame, i) => frame.ptsUs - pictures[i]!.ptsUs);
  const figures = await publisher.figures();
  const count = (what: string, reason: string): number =>
    sink.drops
      .filter((drop) => drop.what === what && drop.reason === reason)
      .reduce((sum, drop) => sum + drop.count, 0);
  console.log(
    `${relay.lost} packets lost, ${figures.nackCount} NACKs, ${figures.pliCount} PLIs, ${pictures.length} pictures, ` +
      `longest gap ${Math.max(...gaps) / 1000} ms, available ${figures.availableBps} bit/s`,
  );
  expect(relay.lost).toBeGreaterThan(20);
  expect(figures.nackCount).toBeGreaterThan(0);
  expect(Math.max(...gaps)).toBeLessThan(1_000_000);
  expect(count('frame', 'decode-error')).toBe(0);
  // Sound is not retransmitted: its losses are counted, and its times keep the hole.
  expect(count('packet', 'audio-lost')).toBeGreaterThan(0);
  const heard = sink.chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0) / 22_050;
  const span = (sink.chunks.at(-1)!.ptsUs - sink.chunks[0]!.ptsUs) / 1e6;
  expect(span - heard).toBeGreaterThan(count('packet', 'audio-lost') * 0.01);
});

it('asks for a key frame when retransmission cannot help, and shows no broken picture', async () => {
  const { sink, publisher, relay } = await publishThroughRelay();
  const before = await publisher.figures();
  let turn = 0;
  relay.lose = (packet) => {
    const payloadType = packet[1]! & 0x7f;
    return payloadType === RTX || (payloadType === VP8 && ++turn % 40 === 0);
  };
  await sleep(2_000);
  relay.lose = () => false;
  const from = sink.frames.length;
  await sink.until((s) => s.frames.length > from + 30, 'pictures after the outage');
  const after = await publisher.figures();
  expect(after.pliCount).toBeGreaterThan(before.pliCount);
  await sink.until(
    (s) => s.drops.some(({ what, reason }) => what === 'frame' && reason === 'packet-lost'),
    'the count',
  );
  expect(sink.drops.filter(({ reason }) => reason === 'decode-error')).toEqual([]);
  expect(sink.phases.at(-1)).toMatchObject({ phase: 'connected' });
});

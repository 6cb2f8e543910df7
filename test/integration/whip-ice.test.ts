/**
 * The media side of WHIP against an independent WebRTC stack: names carry the sections of RFC 9725. The HTTP side is
 * in test/unit/whip-rfc9725.test.ts; docs/whip.md maps each MUST to its test.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext, vi } from 'vitest';
import { SharedPort } from '../../src/pipeline/ingest/whip/shared-port/shared-port.ts';
import {
  type WhipSession,
  WhipSource,
  type WhipSourceOptions,
} from '../../src/pipeline/ingest/whip/whip-source.ts';
import { RecordingSink } from '../contract/media-source.ts';
import {
  answerWith,
  fragmentOf,
  lineOf,
  linesOf,
  onlyCandidates,
  portsOf,
} from '../support/webrtc/ice-lines.ts';
import { LossyRelay, withoutCandidates } from '../support/webrtc/lossy-relay.ts';
import { coturnMissing, TurnServer } from '../support/webrtc/turn-server.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

// Two tests wait for half a minute; the others go on beside them.
vi.setConfig({ maxConcurrency: 4 });

/** What one test begins, ended after it. The tests overlap, so each has its own. */
class Stage {
  readonly #context: Pick<TestContext, 'onTestFinished'>;

  constructor(context: Pick<TestContext, 'onTestFinished'>) {
    this.#context = context;
  }

  /** The last one first. */
  afterwards(close: () => Promise<void> | void): void {
    this.#context.onTestFinished(close);
  }

  open(options: Partial<WhipSourceOptions> = {}): { source: WhipSource; sink: RecordingSink } {
    const source = new WhipSource({ id: 'webcam', ...options });
    const sink = new RecordingSink();
    source.open(sink);
    this.afterwards(() => source.close());
    return { source, sink };
  }

  newPublisher(): WrtcPublisher {
    const publisher = new WrtcPublisher({ width: 320, height: 240, frameRate: 15 });
    this.afterwards(() => publisher.close());
    return publisher;
  }

  /** A publisher whose way to the server, if it gets any, is the relay. */
  async publishThroughRelay(
    source: WhipSource,
  ): Promise<{ publisher: WrtcPublisher; session: WhipSession; relay: LossyRelay }> {
    const publisher = this.newPublisher();
    const relay = new LossyRelay();
    this.afterwards(() => relay.close());
    const session = await source.accept(withoutCandidates(await publisher.offer()));
    await publisher.answer(await relay.divert(session.answerSdp));
    return { publisher, session, relay };
  }
}

async function freeUdpPort(): Promise<number> {
  const probe = createSocket('udp4').bind(0);
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** First, so that all others are done while these wait. */
describe.concurrent('the end of consent', () => {
  it('4.2, 4.3.3: a publisher that answers no check for 30 s is lost (RFC 7675 5.1), though it sends', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const { relay } = await stage.publishThroughRelay(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    // STUN success responses.
    relay.block = (packet) => packet.readUInt16BE(0) === 0x0101;
    const begunMs = performance.now();
    const framesBefore = sink.frames.length;
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the end of consent', 50_000);
    expect(sink.phases.at(-1)).toMatchObject({
      reason: 'publisher-lost',
      detail: expect.stringMatching(/no connectivity check/),
    });
    // The last answer came up to a check's interval (6 s) before.
    expect(performance.now() - begunMs).toBeGreaterThan(20_000);
    expect(sink.frames.length - framesBefore).toBeGreaterThan(50);
  });

  it('4.3.3: a restart that never connects ends the session when consent does', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const { session, relay } = await stage.publishThroughRelay(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    const fragment = `a=ice-ufrag:next\r\na=ice-pwd:${'n'.repeat(24)}\r\n`;
    await expect(session.update(fragment, true)).resolves.toMatchObject({ iceGeneration: 1 });
    const before = sink.frames.length;
    await sink.until((s) => s.frames.length > before + 10, 'pictures on the old path');
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the end', 50_000);
    expect(sink.phases.at(-1)).toMatchObject({ reason: 'publisher-lost' });
    await expect.poll(() => session.isOver).toBe(true);
    expect(relay.lost).toBe(0);
  });
});

describe.concurrent('4.2 the answer', () => {
  it('4.2, 4.3.2, 4.4.1: receives only, names every candidate, and has RTCP on the same transport', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source } = stage.open();
    const { answerSdp } = await source.accept(await stage.newPublisher().offer());
    const sections = answerSdp.split(/^(?=m=)/m).slice(1);
    expect(sections).toHaveLength(2);
    for (const section of sections) {
      expect(section).toMatch(/^a=recvonly\r$/m);
      expect(section).not.toMatch(/^a=(sendrecv|sendonly|inactive)/m);
      expect(section).toMatch(/^a=rtcp-mux\r\na=rtcp-mux-only\r$/m);
    }
    expect(lineOf(answerSdp, /^a=group:BUNDLE/)).toBe('a=group:BUNDLE 0 1');
    expect(answerSdp).toMatch(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/m);
    expect(answerSdp).not.toContain('0.0.0.0 1');
    expect(answerSdp).toMatch(/^a=end-of-candidates\r$/m);
  });

  it('4.4.4: a publisher that can only be the DTLS client gets a server', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const publisher = stage.newPublisher();
    const offer = (await publisher.offer()).replaceAll('a=setup:actpass', 'a=setup:active');
    const { answerSdp } = await source.accept(offer);
    expect(linesOf(answerSdp, /^a=setup:/)).toEqual(['a=setup:passive', 'a=setup:passive']);
    await publisher.answer(answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
  });

  it('4.8: simulcast that is offered is answered without', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const { source } = stage.open();
    const layers = 'a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n';
    const offer = (await stage.newPublisher().offer()).replace(/^a=mid:0\r\n/m, `a=mid:0\r\n${layers}`);
    expect((await source.accept(offer)).answerSdp).not.toMatch(/^a=(rid|simulcast)/m);
  });
});

describe.concurrent('4.2 the end of a session', () => {
  it('4.2: the server says goodbye by DTLS (RFC 7675 5.2), and the publisher hears it', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const { publisher, session, relay } = await stage.publishThroughRelay(source);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    const alerts: Buffer[] = [];
    relay.watch = (packet) => {
      // Content type alert, epoch 1: under the keys of the session.
      if (packet[0] === 21 && packet.readUInt16BE(3) === 1) alerts.push(packet);
    };
    expect(await publisher.dtlsState()).toBe('connected');
    await session.hangUp();
    await expect.poll(() => alerts.length, { timeout: 2_000 }).toBe(1);
    // libwebrtc takes it: it is under the right keys. Without it, the state would stay.
    await expect.poll(() => publisher.dtlsState(), { timeout: 4_000 }).toBe('closed');
  });
});

describe.concurrent('4.3 ICE support', () => {
  it('4.3.2: connects by trickled candidates', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const publisher = stage.newPublisher();
    const offer = await publisher.offer();
    const session = await source.accept(withoutCandidates(offer));
    await expect(session.update(fragmentOf(offer), false)).resolves.toEqual({
      answerFragment: null,
      iceGeneration: 0,
    });
    // Without ours the publisher cannot reach us: the connection stands on the trickled ones.
    await publisher.answer(onlyCandidates(session.answerSdp, /^$/).replace(/^a=end-of-candidates\r\n/gm, ''));
    await sink.until((s) => s.frames.length > 5, 'pictures');
  });

  it('4.3.2: candidates that cannot be used are passed over, the rest of the fragment is not', async ({
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const publisher = stage.newPublisher();
    const offer = await publisher.offer();
    const session = await source.accept(withoutCandidates(offer));
    const useless = [
      'a=candidate:1 1 udp 2113937151 no-such-name.invalid 5000 typ host',
      'a=candidate:2 1 tcp 1518280447 192.0.2.1 22 typ host tcptype passive',
      'a=candidate:3 1 quic 1 192.0.2.1 5000 typ host',
    ].join('\r\n');
    const fragment = fragmentOf(offer).replace('a=mid:0\r\n', `a=mid:0\r\n${useless}\r\n`);
    await session.update(fragment, false);
    await publisher.answer(onlyCandidates(session.answerSdp, /^$/).replace(/^a=end-of-candidates\r\n/gm, ''));
    await sink.until((s) => s.frames.length > 5, 'pictures');
  });

  it('4.3.3: ICE starts over on other ports, and pictures go on', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const publisher = stage.newPublisher();
    const offer = await publisher.offer();
    const session = await source.accept(offer);
    await publisher.answer(session.answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    const again = await publisher.restart();
    expect([...portsOf(again)].filter((port) => portsOf(offer).has(port))).toEqual([]);

    const { answerFragment, iceGeneration } = await session.update(fragmentOf(again), true);
    expect(iceGeneration).toBe(1);
    for (const name of ['ice-ufrag', 'ice-pwd']) {
      const line = new RegExp(`^a=${name}:`);
      expect(linesOf(answerFragment!, line)).toHaveLength(1);
      expect(lineOf(answerFragment!, line)).not.toBe(lineOf(session.answerSdp, line));
    }
    expect(lineOf(answerFragment!, /^a=ice-options:/)).toBe(lineOf(session.answerSdp, /^a=ice-options:/));
    expect(portsOf(answerFragment!)).toEqual(portsOf(session.answerSdp));
    await publisher.answer(answerWith(session.answerSdp, answerFragment!));

    await expect
      .poll(async () => portsOf(again).has((await publisher.path())?.localPort ?? 0), { timeout: 20_000 })
      .toBe(true);
    const before = sink.frames.length;
    await sink.until((s) => s.frames.length > before + 30, 'pictures on the new path');
    // One publisher all along: no clock started over.
    expect(new Set(sink.frames.map(({ epoch }) => epoch)).size).toBe(1);
    expect(await publisher.dtlsState()).toBe('connected');

    // Its answer got lost and it asks again; then a late candidate of the old session arrives.
    await expect(session.update(fragmentOf(again), true)).resolves.toEqual({ answerFragment, iceGeneration });
    await expect(session.update(fragmentOf(again), false)).resolves.toEqual({
      answerFragment: null,
      iceGeneration,
    });
    await expect(session.update(fragmentOf(offer), false)).rejects.toMatchObject({
      code: 'unacceptable-sdp',
    });
  });

  it('4.3.3: a restart that cannot be is refused, and the session goes on', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open();
    const publisher = stage.newPublisher();
    const offer = await publisher.offer();
    const session = await source.accept(offer);
    const fresh = fragmentOf(offer)
      .replace(/^a=ice-ufrag:.*$/m, 'a=ice-ufrag:next')
      .replace(/^a=ice-pwd:.*$/m, `a=ice-pwd:${'n'.repeat(24)}`);
    await publisher.answer(session.answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
    const half = fresh.replace(/^a=ice-pwd:.*$/m, lineOf(offer, /^a=ice-pwd:/));
    await expect(session.update(half, true)).rejects.toMatchObject({ code: 'unacceptable-sdp' });
    await expect(session.update('nonsense', true)).rejects.toMatchObject({ code: 'bad-sdp' });
    const before = sink.frames.length;
    await sink.until((s) => s.frames.length > before + 10, 'pictures still');
    expect(session.isOver).toBe(false);
  });
});

describe.concurrent('where publishers reach the server', () => {
  it('is told as configured: one UDP port for every address, the advertised one first', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const port = await freeUdpPort();
    const { source, sink } = stage.open({
      hostAddresses: ['203.0.113.9', '127.0.0.1'],
      sharedPort: new SharedPort(port),
    });
    const publisher = stage.newPublisher();
    const { answerSdp } = await source.accept(await publisher.offer());
    expect(portsOf(answerSdp)).toEqual(new Set([port]));
    const told = [...answerSdp.matchAll(/^a=candidate:\S+ 1 udp (\d+) (\S+) /gm)].map(
      ([, priority, address]) => ({
        priority: Number(priority),
        address,
      }),
    );
    told.sort((a, b) => b.priority - a.priority);
    expect(told[0]?.address).toBe('203.0.113.9');
    expect(new Set(told.map(({ address }) => address))).toContain('127.0.0.1');
    await publisher.answer(answerSdp);
    await sink.until((s) => s.frames.length > 5, 'pictures');
  });

  it('may be one port for all of them, over UDP and TCP, and over a restart of ICE', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = new Stage({ onTestFinished });
    const port = await freeUdpPort();
    const sharedPort = new SharedPort(port);
    const [first, second] = [
      stage.open({ id: 'first', sharedPort }),
      stage.open({ id: 'second', sharedPort, tcp: true }),
    ];
    const publishers = [stage.newPublisher(), stage.newPublisher()];
    const offer = await publishers[0]!.offer();
    // Without their candidates: the server's own checks, from ports of its processes, lead nowhere.
    const session = await first.source.accept(withoutCandidates(offer));
    await publishers[0]!.answer(session.answerSdp);
    const { answerSdp } = await second.source.accept(withoutCandidates(await publishers[1]!.offer()));
    const tcp = onlyCandidates(answerSdp, / 1 tcp \d+ 127\.0\.0\.1 /);
    expect(lineOf(tcp, / 1 tcp /)).toMatch(new RegExp(` 127\\.0\\.0\\.1 ${port} typ host tcptype passive`));
    await publishers[1]!.answer(tcp);
    for (const { sink } of [first, second]) {
      await sink.until((s) => s.frames.length > 5 && s.chunks.length > 5, 'pictures and sound of both');
    }
    expect(await publishers[0]!.path()).toMatchObject({ protocol: 'udp', remotePort: port });
    expect(await publishers[1]!.path()).toMatchObject({ protocol: 'tcp', remotePort: port });

    const path = (await publishers[0]!.path())?.id;
    const again = await publishers[0]!.restart();
    const { answerFragment } = await session.update(withoutCandidates(fragmentOf(again)), true);
    expect(portsOf(answerFragment!)).toEqual(new Set([port]));
    await publishers[0]!.answer(answerWith(session.answerSdp, answerFragment!));
    await expect
      .poll(async () => (await publishers[0]!.path())?.id ?? path, { timeout: 20_000 })
      .not.toBe(path);
    const before = [first, second].map(({ sink }) => sink.frames.length);
    for (const [index, { sink }] of [first, second].entries()) {
      await sink.until((s) => s.frames.length > before[index]! + 20, 'pictures of both go on');
    }
    await Promise.all([first.source.close(), second.source.close()]);
    // Nobody has the port any more.
    const probe = createSocket('udp4').bind(port);
    await once(probe, 'listening');
    probe.close();
  });

  it('may be TCP, where UDP is blocked', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const { source, sink } = stage.open({ tcp: true });
    const publisher = stage.newPublisher();
    const { answerSdp } = await source.accept(withoutCandidates(await publisher.offer()));
    const tcp = linesOf(answerSdp, /^a=candidate:\S+ 1 tcp /);
    expect(tcp.length).toBeGreaterThan(0);
    for (const line of tcp) expect(line).toMatch(/ tcptype passive/);
    await publisher.answer(onlyCandidates(answerSdp, / 1 tcp \d+ 127\.0\.0\.1 /));
    await sink.until((s) => s.frames.length > 5 && s.chunks.length > 5, 'pictures and sound over TCP');
    expect(await publisher.path()).toMatchObject({ protocol: 'tcp' });
  });

  it('is no TCP port unless asked for', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const { source } = stage.open();
    const { answerSdp } = await source.accept(await stage.newPublisher().offer());
    expect(linesOf(answerSdp, /^a=candidate:\S+ 1 tcp /)).toEqual([]);
  });

  if (coturnMissing !== null) console.log(`Skipped: TURN (${coturnMissing}).`);
  it.skipIf(coturnMissing !== null)('may be a TURN server (coturn)', async ({ expect, onTestFinished }) => {
    const stage = new Stage({ onTestFinished });
    const turn = await TurnServer.start();
    stage.afterwards(() => turn.stop());
    const { url, username, credential } = turn;
    const { source, sink } = stage.open({ iceServers: [{ urls: url, username, credential }] });
    const publisher = stage.newPublisher();
    const { answerSdp } = await source.accept(await publisher.offer());
    const relayed = linesOf(answerSdp, / typ relay/);
    expect(relayed.length).toBeGreaterThan(0);
    expect(turn.allocations).toBeGreaterThan(0);
    await publisher.answer(onlyCandidates(answerSdp, / typ relay/));
    await sink.until((s) => s.frames.length > 5, 'pictures through the relay');
    // By checks that come from the relay: ours are made known as theirs.
    expect(['relay', 'prflx']).toContain((await publisher.path())?.remoteType);
  });
});

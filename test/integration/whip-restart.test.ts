/**
 * ICE that starts over before it ever connected (RFC 9725 section 4.3.3): libwebrtc publishes at a whole server, by HTTP.
 * Restarts of a connection that is up are in whip-ice.test.ts.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, it, type TestContext, vi } from 'vitest';
import type { EarsightServer } from '../../src/server/server.ts';
import { INSTANT_WORKER_URL } from '../support/instant-engine.ts';
import { startLiveServer } from '../support/live-server.ts';
import { WatchedStream } from '../support/watched-stream.ts';
import { callIn } from '../support/webrtc/call-in.ts';
import { answerWith, fragmentOf } from '../support/webrtc/ice-lines.ts';
import { LossyRelay, withoutCandidates } from '../support/webrtc/lossy-relay.ts';
import { WrtcPublisher } from '../support/webrtc/wrtc-publisher.ts';

vi.setConfig({ maxConcurrency: 3 });

let server: EarsightServer;
beforeAll(async () => {
  const settings = ['streams=[]', 'session.maxRateHz=5', 'session.stallMs=4000'];
  server = await startLiveServer(settings, { engineWorkerUrl: INSTANT_WORKER_URL });
});
afterAll(() => server.close());

type Context = Pick<TestContext, 'onTestFinished'>;

function newPublisher({ onTestFinished }: Context): WrtcPublisher {
  const publisher = new WrtcPublisher({ width: 320, height: 240, frameRate: 15 });
  onTestFinished(() => publisher.close());
  return publisher;
}

function watch({ onTestFinished }: Context, id: string): WatchedStream {
  const stream = new WatchedStream(server.url, id);
  onTestFinished(() => stream[Symbol.dispose]());
  return stream;
}

/** A socket of this machine that answers nothing. */
class DeadEnd {
  packets = 0;
  readonly candidate: string;
  readonly close: () => void;

  private constructor(socket: ReturnType<typeof createSocket>) {
    this.candidate = `a=candidate:1 1 udp 2113937151 127.0.0.1 ${socket.address().port} typ host\r\n`;
    this.close = () => void socket.close();
    socket.on('message', () => (this.packets += 1));
  }

  static async open({ onTestFinished }: Context): Promise<DeadEnd> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const end = new DeadEnd(socket);
    onTestFinished(end.close);
    return end;
  }

  /** `sdp` of somebody who is found nowhere else. */
  instead(sdp: string): string {
    return withoutCandidates(sdp).replace(/^a=mid:0\r\n/m, `a=mid:0\r\n${this.candidate}`);
  }
}

async function patch(location: string, fragment: string, ifMatch = '*'): Promise<Response> {
  return fetch(location, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': ifMatch },
    body: fragment,
  });
}

/** A publisher that called in, with a way for neither side to reach the other. */
async function callInVain(
  context: Context,
  id: string,
): Promise<{ publisher: WrtcPublisher; location: string; answerSdp: string; ends: DeadEnd[] }> {
  const publisher = newPublisher(context);
  const ends = [await DeadEnd.open(context), await DeadEnd.open(context)];
  let answerSdp = '';
  const { location } = await callIn(server.url, id, publisher, {
    onOffer: (sdp) => ends[0]!.instead(sdp),
    onAnswer: (sdp) => {
      answerSdp = sdp;
      return ends[1]!.instead(sdp);
    },
  });
  await vi.waitUntil(() => ends.every(({ packets }) => packets > 2), { timeout: 30_000 });
  return { publisher, location, answerSdp, ends };
}

/** @returns the status, and whether the server has a new tag for the session */
async function startOver(
  { publisher, location, answerSdp }: { publisher: WrtcPublisher; location: string; answerSdp: string },
  onOffer: (sdp: string) => string = (sdp) => sdp,
  onAnswer: (sdp: string) => string = (sdp) => sdp,
): Promise<{ status: number; etag: string | null }> {
  const reply = await patch(location, onOffer(fragmentOf(await publisher.restart())));
  const fragment = await reply.text();
  if (reply.status === 200) await publisher.answer(onAnswer(answerWith(answerSdp, fragment)));
  return { status: reply.status, etag: reply.headers.get('etag') };
}

describe.concurrent('4.3.3: a publisher that never connected', () => {
  it('starts over when its own checks have failed, after 15 s, and is shown', async ({
    expect,
    onTestFinished,
  }) => {
    const call = await callInVain({ onTestFinished }, 'failed');
    await vi.waitUntil(() => call.publisher.connectionState === 'failed', {
      timeout: 40_000,
      interval: 50,
    });
    expect(await startOver(call)).toEqual({ status: 200, etag: expect.stringMatching(/^"[\w-]+"$/) });
    await watch({ onTestFinished }, 'failed').fresh(5);
  });

  it.for([
    ['its new candidates alone', (sdp: string) => sdp, withoutCandidates],
    ["the server's candidates alone", withoutCandidates, (sdp: string) => sdp],
    ['candidates that it trickles', withoutCandidates, withoutCandidates],
  ] as const)('is connected by %s', async ([way, onOffer, onAnswer], { expect, onTestFinished }) => {
    const id = way.replaceAll(/\W/g, '-').slice(0, 20);
    const call = await callInVain({ onTestFinished }, id);
    const { status, etag } = await startOver(call, onOffer, onAnswer);
    expect(status).toBe(200);
    if (way === 'candidates that it trickles') {
      const late = await patch(call.location, fragmentOf(call.publisher.localSdp), etag!);
      expect(late.status).toBe(204);
    }
    await watch({ onTestFinished }, id).fresh(5);
  });

  it('starts over again where that fails too', async ({ expect, onTestFinished }) => {
    const call = await callInVain({ onTestFinished }, 'again');
    for (let i = 0; i < 3; i++) {
      const seen = call.ends.map(({ packets }) => packets);
      expect(
        (await startOver(call, ...call.ends.map((end) => (sdp: string) => end.instead(sdp)))).status,
      ).toBe(200);
      await vi.waitUntil(() => call.ends.every(({ packets }, side) => packets > seen[side]! + 2), {
        timeout: 30_000,
      });
    }
    expect((await startOver(call)).status).toBe(200);
    await watch({ onTestFinished }, 'again').fresh(5);
  });

  it('starts over while it exchanges keys', async ({ expect, onTestFinished }) => {
    const publisher = newPublisher({ onTestFinished });
    const relay = new LossyRelay();
    onTestFinished(() => relay.close());
    // DTLS: first bytes of 20 to 63 (RFC 7983).
    relay.block = (packet) => packet[0]! >= 20 && packet[0]! <= 63;
    let answerSdp = '';
    const { location } = await callIn(server.url, 'keys', publisher, {
      onOffer: withoutCandidates,
      onAnswer: async (sdp) => (answerSdp = await relay.divert(sdp)),
    });
    await vi.waitUntil(() => relay.lost > 1, { timeout: 30_000 });
    const way = /^a=candidate:.*\r\n/m.exec(answerSdp)![0];
    const { status } = await startOver({ publisher, location, answerSdp }, withoutCandidates, (sdp) =>
      withoutCandidates(sdp).replace(/^a=mid:0\r\n/m, `a=mid:0\r\n${way}`),
    );
    expect(status).toBe(200);
    relay.block = () => false;
    await watch({ onTestFinished }, 'keys').fresh(5);
  });
});

/** What comes and goes at a server: subscribers, demo scenes, files, webcams; each comes, is seen to work, and goes. */

import { once } from 'node:events';
import { WebSocket } from 'ws';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../src/protocol/messages.ts';

/** How long one thing may take to show that it works. */
const PATIENCE_MS = 60_000;

export type Visit = (serverUrl: string, id: string) => Promise<void>;

/**
 * Subscribes, takes its first message, and leaves: with a goodbye, without one, while unread messages wait, or before
 * it was greeted.
 */
export const subscriberVisit: Visit = async (serverUrl, id) => {
  const way = Number(/\d+$/.exec(id)?.[0] ?? 0) % 4;
  const url = `${serverUrl.replace(/^http/, 'ws')}/api/v1/heatmaps?streams=*${way === 1 ? '&preview=jpeg' : ''}`;
  const socket = new WebSocket(url, [way === 2 ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY], {
    perMessageDeflate: false,
  });
  socket.on('error', () => undefined);
  // `once` of the module would take an error for the end.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (way === 3) {
    socket.once('upgrade', () => socket.terminate());
  } else {
    await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (way === 0) socket.close();
    else if (way === 1) socket.pause();
    if (way !== 0) setTimeout(() => socket.terminate(), 200);
  }
  await closed;
};

/** Adds a stream, waits for its first result, and removes it. */
export function streamVisit(stream: Readonly<Record<string, unknown>>): Visit {
  return async (serverUrl, id) => {
    const streams = `${serverUrl}/api/v1/streams`;
    await request(streams, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...stream, id }),
    });
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const { stats, state, detail } = (await (await request(`${streams}/${id}`)).json()) as {
        stats?: { results: number };
        state: string;
        detail: string | null;
      };
      if ((stats?.results ?? 0) > 0) break;
      if (performance.now() > until) throw new Error(`${id} gave no result: ${state} ${detail ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await request(`${streams}/${id}`, { method: 'DELETE' });
  };
}

/** Publishes by WHIP, is seen, and hangs up. */
export const webcamVisit: Visit = async (serverUrl, id) => {
  // libwebrtc starts threads when it is loaded; who measures no webcams needs none.
  const { WrtcPublisher } = await import('../test/support/webrtc/wrtc-publisher.ts');
  const publisher = new WrtcPublisher({ width: 320, height: 240, frameRate: 10 });
  try {
    const answer = await request(`${serverUrl}/api/v1/whip/${id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: await publisher.offer(),
    });
    await publisher.answer(await answer.text());
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const view = await fetch(`${serverUrl}/api/v1/streams/${id}`);
      const { stats } = (await view.json()) as { stats?: { results: number } };
      if ((stats?.results ?? 0) > 0) break;
      if (performance.now() > until) throw new Error(`the webcam ${id} gave no result`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await request(new URL(answer.headers.get('location') ?? '', serverUrl), { method: 'DELETE' });
  } finally {
    publisher.close();
  }
};

async function request(url: string | URL, init?: RequestInit): Promise<Response> {
  const answer = await fetch(url, init);
  if (!answer.ok)
    throw new Error(`${init?.method ?? 'GET'} ${String(url)}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Publishes one media stream by WHIP (RFC 9725): offer by POST, answer, DELETE to end. */

import { authorization } from '../access/page-token.ts';
import { request } from '../api/problem.ts';
import { API_BASE } from '../api/streams-api.ts';

/** Gathering on a LAN takes milliseconds; a hung STUN or mDNS must not hold the offer up. */
const GATHERING_LIMIT_MS = 1_000;

export interface WhipSession {
  readonly peer: RTCPeerConnection;
  /** Ends the session on both sides. `keepalive` lets the request outlive the page. Never throws. */
  close(options?: { keepalive?: boolean }): Promise<void>;
}

/**
 * @param id The stream's identifier on the server.
 * @throws RequestProblem when the server refuses or is absent; DOMException when the answer makes no sense;
 *   an `AbortError` when `signal` fires. The peer connection is closed in each case.
 */
export async function publish(id: string, media: MediaStream, signal: AbortSignal): Promise<WhipSession> {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  let location: string | null = null;
  const close = async (options?: { keepalive?: boolean }): Promise<void> => {
    peer.close();
    if (location === null) return;
    const session = location;
    location = null;
    try {
      await fetch(session, {
        method: 'DELETE',
        headers: authorization(),
        keepalive: options?.keepalive ?? false,
      });
    } catch {
      // The server is gone, and the session with it.
    }
  };
  try {
    for (const track of media.getTracks()) {
      peer.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    }
    await peer.setLocalDescription();
    await gathered(peer, signal);
    const response = await request(`${API_BASE}whip/${encodeURIComponent(id)}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: peer.localDescription?.sdp ?? '',
      signal,
    });
    const header = response.headers.get('Location');
    location = header === null ? null : new URL(header, response.url).href;
    const answer = await response.text();
    signal.throwIfAborted();
    await peer.setRemoteDescription({ type: 'answer', sdp: answer });
    return { peer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the offer holds every candidate, or long enough. */
async function gathered(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
  if (peer.iceGatheringState === 'complete') return;
  await new Promise<void>((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      peer.removeEventListener('icegatheringstatechange', onChange);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const onChange = (): void => {
      if (peer.iceGatheringState === 'complete') settle(resolve);
    };
    const onAbort = (): void => {
      settle(() => {
        reject(signal.reason as Error);
      });
    };
    const timer = setTimeout(() => {
      settle(resolve);
    }, GATHERING_LIMIT_MS);
    peer.addEventListener('icegatheringstatechange', onChange);
    signal.addEventListener('abort', onAbort);
  });
}

/** The parts of the server's HTTP interface that the page uses. */

import type { StreamInfo } from '../../../protocol/messages.ts';
import { request } from './problem.ts';

/** Counters since the stream's session began. */
export interface StreamStats {
  framesReceived: number;
  results: number;
  /** Frames without a result, by reason. */
  drops: Record<string, number>;
  restarts: number;
}

/** A stream as `GET streams` lists it, as far as the page reads it. */
export interface StreamDetail extends StreamInfo {
  /** Without its credentials; null where the kind has none. */
  url: string | null;
  /** Null while the stream is switched off. */
  stats: StreamStats | null;
}

export interface NewCamera {
  kind: 'url';
  url: string;
  name?: string;
}

/** Relative to the page, which may be served below a path of a reverse proxy. */
export const API_BASE = new URL('api/v1/', globalThis.document.baseURI).href;

export async function listStreams(signal?: AbortSignal): Promise<StreamDetail[]> {
  const response = await request(`${API_BASE}streams`, signal === undefined ? {} : { signal });
  const body = (await response.json()) as { streams: StreamDetail[] };
  return body.streams;
}

/** @throws RequestProblem whose `fields` name what is wrong with the URL or the name. */
export async function addCamera(camera: NewCamera): Promise<void> {
  await request(`${API_BASE}streams`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(camera),
  });
}

export async function removeStream(id: string): Promise<void> {
  await request(`${API_BASE}streams/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** Whatever the server tells of its model; the page shows the texts and numbers among it. */
export async function readModel(): Promise<Record<string, unknown>> {
  const response = await request(`${API_BASE}model`);
  return (await response.json()) as Record<string, unknown>;
}

/** The newest picture with its overlay; an address that only this page can read, good until it is revoked. */
export async function readSnapshot(id: string): Promise<string> {
  const response = await request(`${API_BASE}streams/${encodeURIComponent(id)}/snapshot.png`);
  return URL.createObjectURL(await response.blob());
}

/** The whole server in this process, on a free port, quiet. */

import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { StreamInfo } from '../../src/protocol/messages.ts';
import { loadConfig } from '../../src/server/config/load.ts';
import { EarsightServer, type EarsightServerParts } from '../../src/server/server.ts';
import { freePort } from './free-port.ts';

/** @param assignments as `--set` takes them. */
export async function startLiveServer(
  assignments: readonly string[] = [],
  parts: EarsightServerParts = {},
): Promise<EarsightServer> {
  const port = await freePort();
  const config = loadConfig({
    assignments: [`server.port=${port}`, 'ingest.allowedNetworks=[any]', ...assignments],
  });
  return EarsightServer.start(config, pino({ level: 'silent' }), parts);
}

export async function streamsOf(url: string): Promise<StreamInfo[]> {
  const answer = await fetch(`${url}/api/v1/streams`);
  return ((await answer.json()) as { streams: StreamInfo[] }).streams;
}

/** Waits until a stream is in a state; tells what it was instead when it is not in time. */
export async function untilState(
  url: string,
  id: string,
  state: string,
  timeoutMs = 40_000,
): Promise<StreamInfo> {
  let seen: StreamInfo | undefined;
  for (const end = performance.now() + timeoutMs; performance.now() < end; ) {
    seen = (await streamsOf(url)).find((stream) => stream.id === id);
    if (seen?.state === state) return seen;
    await sleep(100);
  }
  throw new Error(`${id} is not ${state} but ${seen?.state ?? 'absent'}: ${seen?.detail ?? ''}`);
}

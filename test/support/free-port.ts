/** A port of 127.0.0.1 that nobody listens on just now. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { listen } from './listen.ts';

export async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe);
  probe.close();
  await once(probe, 'close');
  return port;
}

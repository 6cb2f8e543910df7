/** Lets a server listen on this machine alone. */

import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** @returns its port; a free one unless told */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A host that comes and goes on one port of this machine. */

import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { listen } from './listen.ts';

export class Host {
  /** Connections so far, and those open now. */
  calls = 0;
  open = 0;
  readonly #make: () => Server;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  /** @param make gives a server of TCP, TLS or HTTP, that does not listen yet: a new one for each coming */
  constructor(make: () => Server) {
    this.#make = make;
  }

  async listen(port = 0): Promise<number> {
    const server = this.#make();
    server.on('connection', (socket) => {
      this.calls += 1;
      this.open += 1;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.open -= 1;
        this.#sockets.delete(socket);
      });
    });
    this.#server = server;
    return await listen(server, port);
  }

  /** At once, its connections too. */
  async leave(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, 'close');
  }
}

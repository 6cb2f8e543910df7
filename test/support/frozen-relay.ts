/** A network that can vanish: relays TCP, and once frozen forwards nothing and tells neither side. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** Between many clients and one port of this machine. Begin and end with {@link listen} and {@link close}. */
export class FrozenRelay {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#join(client));
  #frozen = false;

  constructor(port: number) {
    this.#port = port;
  }

  async listen(): Promise<this> {
    await listen(this.#server);
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on both sides hear nothing of each other, not even an end. What arrives is thrown away. */
  freeze(): void {
    this.#frozen = true;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#port, host: '127.0.0.1' });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (piece: Buffer) => {
        if (!this.#frozen) to.write(piece);
      });
      from.on('close', () => {
        this.#sockets.delete(from);
        if (!this.#frozen) to.destroy();
      });
    }
  }
}

/** A STUN server (RFC 8489) that answers Binding requests, and one that never answers anything. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC = 0x2112a442;

/** On a free port of 127.0.0.1; disposes itself. */
export class StunServer implements AsyncDisposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async start(answers: boolean): Promise<StunServer> {
    const socket = createSocket('udp4');
    socket.on('message', (request, { address, port }) => {
      if (!answers || request.length < 20 || request.readUInt16BE(0) !== BINDING_REQUEST) return;
      const answer = Buffer.alloc(32);
      answer.writeUInt16BE(BINDING_SUCCESS, 0);
      answer.writeUInt16BE(12, 2);
      request.copy(answer, 4, 4, 20);
      answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
      answer.writeUInt16BE(8, 22);
      answer.writeUInt8(1, 25);
      answer.writeUInt16BE(port ^ (MAGIC >>> 16), 26);
      const octets = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
      answer.writeUInt32BE((octets ^ MAGIC) >>> 0, 28);
      socket.send(answer, port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new StunServer(socket);
  }

  get url(): string {
    return `stun:127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

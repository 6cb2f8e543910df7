/** Publishers that come over TCP to the shared port (RFC 6544): sorted by their first check, then handed on as they are. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { ufragOfCheck } from './stun-username.ts';

/** Connections that have not said whose they are: how many, for how long, and how much they may send. */
const MAX_STRANGERS = 64;
const STRANGER_MS = 5_000;
const MAX_CHECK_BYTES = 1_280;
/** RFC 4571 section 2: each packet after its length. */
const LENGTH_BYTES = 2;

/**
 * @param portOf the port of the process, on this machine, that a check with this user fragment is for; null refuses it
 * @returns closes the port and whoever has not said whose they are
 * @throws where the port cannot be opened
 */
export async function listenForPublishers(
  port: number,
  portOf: (ufrag: string, connection: Socket) => number | null,
): Promise<() => void> {
  const strangers = new Set<Socket>();
  const server = createServer({ noDelay: true }, (connection) => {
    connection.on('error', () => undefined);
    if (strangers.size >= MAX_STRANGERS) {
      connection.destroy();
      return;
    }
    strangers.add(connection);
    connection.setTimeout(STRANGER_MS, () => connection.destroy());
    connection.once('close', () => strangers.delete(connection));
    let begun: Buffer = Buffer.alloc(0);
    connection.on('data', function read(piece: Buffer) {
      begun = Buffer.concat([begun, piece]);
      if (begun.length < LENGTH_BYTES) return;
      const length = begun.readUInt16BE(0);
      if (length <= MAX_CHECK_BYTES && begun.length < LENGTH_BYTES + length) return;
      connection.off('data', read);
      connection.pause();
      const ufrag = ufragOfCheck(begun.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      const to = ufrag === null ? null : portOf(ufrag, connection);
      if (to === null) {
        connection.destroy();
        return;
      }
      strangers.delete(connection);
      connection.setTimeout(0);
      join(connection, begun, to);
    });
  });
  server.listen(port);
  await once(server, 'listening');
  // What goes wrong with one caller is that caller's.
  server.on('error', () => undefined);
  return () => {
    server.close();
    for (const connection of strangers) connection.destroy();
  };
}

/** `begun` has been read of the connection already. Streams wait for each other; the end of one is the other's. */
function join(connection: Socket, begun: Buffer, port: number): void {
  const inner = connect({ port, host: '127.0.0.1', noDelay: true });
  inner.on('error', () => undefined);
  inner.write(begun);
  connection.pipe(inner);
  inner.pipe(connection);
  inner.once('close', () => connection.destroy());
  connection.once('close', () => inner.destroy());
}

/**
 * A forward proxy (RFC 9110 section 3.7) on this machine for one FFmpeg: every request of a source by HTTP(S), those of
 * playlists and redirects too, comes through here and is led to allowed addresses alone.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { EarsightError } from '../../../errors.ts';
import type { AddressPolicy } from './address-policy.ts';
import { connectAllowed, type Destination } from './connect.ts';

export interface HttpProxy {
  readonly url: string;
  /** The newest trouble on the far side, which FFmpeg only knows as a status. */
  fault(): EarsightError | null;
  close(): Promise<void>;
}

const MAX_HEAD_BYTES = 32_768;

interface Head {
  destination: Destination;
  /** What goes on to the server; empty for a tunnel. */
  forwarded: string;
}

export async function openProxy(policy: AddressPolicy, signal: AbortSignal): Promise<HttpProxy> {
  let fault: EarsightError | null = null;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  };

  const lead = async (near: Socket, head: Head, rest: Buffer): Promise<void> => {
    let far: Socket;
    try {
      far = await connectAllowed(head.destination, policy, signal);
    } catch (thrown) {
      fault = thrown instanceof EarsightError ? thrown : null;
      near.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    keep(far);
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    if (head.forwarded === '') near.write('HTTP/1.1 200 Connection established\r\n\r\n');
    else far.write(head.forwarded, 'latin1');
    if (rest.length > 0) far.write(rest);
    near.pipe(far);
    far.pipe(near);
  };

  const server = createServer({ noDelay: true }, (near) => {
    keep(near);
    let gathered = Buffer.alloc(0);
    const onData = (piece: Buffer): void => {
      gathered = Buffer.concat([gathered, piece]);
      const end = gathered.indexOf('\r\n\r\n');
      if (end < 0 && gathered.length <= MAX_HEAD_BYTES) return;
      near.off('data', onData);
      near.pause();
      const head = end < 0 ? null : readHead(gathered.toString('latin1', 0, end));
      if (head === null) {
        near.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      void lead(near, head, gathered.subarray(end + 4));
    };
    near.on('data', onData);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => fault,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

/** Null for what is no request to a proxy. Each connection carries one request, so that each is judged. */
export function readHead(text: string): Head | null {
  const [requestLine = '', ...fields] = text.split('\r\n');
  const [, method, target, version] = /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/.exec(requestLine) ?? [];
  if (method === undefined || target === undefined || version === undefined) return null;
  if (method === 'CONNECT') {
    const [, host, port] = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(target) ?? [];
    if (host === undefined || !isPort(Number(port))) return null;
    return { destination: { host, port: Number(port) }, forwarded: '' };
  }
  const url = URL.parse(target);
  if (url?.protocol !== 'http:' || url.hostname === '') return null;
  const kept = fields.filter((field) => !/^(proxy-[^:]*|connection|keep-alive)\s*:/i.test(field));
  const forwarded = [
    `${method} ${url.pathname}${url.search} ${version}`,
    ...kept,
    'Connection: close',
    '',
    '',
  ];
  const port = url.port === '' ? 80 : Number(url.port);
  return { destination: { host: url.hostname, port }, forwarded: forwarded.join('\r\n') };
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= 65_535;

/** The WebSocket handshake: which requests become heatmap subscribers, and what the others are told. */

import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { EarsightError } from '../../pipeline/errors.ts';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../../protocol/messages.ts';
import { isExpectedHost } from '../access/listening.ts';
import type { FanOut } from './fan-out.ts';
import { isOriginAllowed } from './origin.ts';
import type { Encoding } from './shared-result.ts';
import { SEES_ALL, type Sight } from './sight.ts';

/** Looked at anew for every handshake, so that getters may follow a configuration that changes. */
export interface HeatmapSocketOptions {
  fanOut: FanOut;
  /** Default `/api/v1/heatmaps`. */
  path?: string;
  /** Origins let in besides the server's own; `*` for all. */
  allowedOrigins?: readonly string[];
  /** Names that may stand in `Host`; null, or left out: any. */
  expectedHosts?: ReadonlySet<string> | null;
  /** Handshakes are answered with 503 from then on. */
  isStopping?(): boolean;
  /**
   * Who the request comes from, as the streams it may see; left out, everyone sees all.
   * Rejects with an EarsightError `unauthorized`, `forbidden` or `too-many-attempts`.
   */
  admit?(request: IncomingMessage, ticket: string | null): Promise<Sight>;
}

/** Stops taking handshakes. Open connections are the fan-out's. */
export interface HeatmapSocket {
  close(): void;
}

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  [SUBPROTOCOL_BINARY, 'binary'],
  [SUBPROTOCOL_JSON, 'json'],
]);

/** Serves the heatmap WebSocket on `server`. Upgrades of other paths are left to other listeners, or get 404. */
export function attachHeatmapSocket(server: Server, options: HeatmapSocketOptions): HeatmapSocket {
  const { fanOut, path = '/api/v1/heatmaps' } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: fanOut.limits.maxMessageBytes,
    // Heat bytes hardly compress, and a deflate context per subscriber is memory that a stranger can ask for.
    perMessageDeflate: false,
    handleProtocols: (offered) => chosenProtocol(offered) ?? false,
  });

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = requestUrl(request);
    if (url?.pathname !== path) {
      if (server.listenerCount('upgrade') === 1)
        refuse(socket, 404, 'not-found', `The WebSocket is at ${path}.`);
      return;
    }
    if (!isExpectedHost(request.headers.host, options.expectedHosts ?? null)) {
      refuse(
        socket,
        421,
        'unexpected-host',
        'This server is not known by that name: see server.allowedHosts.',
      );
      return;
    }
    if (!isOriginAllowed(request.headers.origin, request.headers.host, options.allowedOrigins ?? [])) {
      refuse(socket, 403, 'forbidden-origin', 'This origin may not connect. Add it to the allowed origins.');
      return;
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (chosenProtocol(offered) === undefined) {
      const known = [...ENCODINGS.keys()].join(' or ');
      refuse(socket, 400, 'subprotocol-required', `Offer the subprotocol ${known}.`);
      return;
    }
    const accept = (sight: Sight): void => {
      if (socket.destroyed) return;
      if (options.isStopping?.() === true) {
        refuse(socket, 503, 'closed', 'The server is shutting down.', `Retry-After: ${RETRY_AFTER_S}\r\n`);
        return;
      }
      socket.off('error', hangUp);
      sockets.handleUpgrade(request, socket, head, (accepted) =>
        fanOut.handle(accepted, ENCODINGS.get(accepted.protocol) ?? 'json', {
          first: firstSubscription(url.searchParams),
          sight,
        }),
      );
    };
    const hangUp = (): void => void socket.destroy();
    if (options.admit === undefined) {
      accept(SEES_ALL);
      return;
    }
    socket.on('error', hangUp);
    options
      .admit(request, url.searchParams.get('ticket'))
      .then(accept)
      .catch((thrown: unknown) => refuseFor(socket, thrown));
  };
  server.on('upgrade', onUpgrade);
  return {
    close: () => {
      server.off('upgrade', onUpgrade);
      sockets.close();
    },
  };
}

/** The first one offered that we speak: the client's order of preference (RFC 6455 section 4.1). */
function chosenProtocol(offered: Iterable<string>): string | undefined {
  for (const name of offered) if (ENCODINGS.has(name)) return name;
  return undefined;
}

function requestUrl(request: IncomingMessage): URL | null {
  return URL.parse(request.url ?? '', 'http://localhost');
}

/** `?streams=a,b&classes=dog,speech&maxRateHz=5&preview=jpeg` as the `subscribe` message it stands for. */
function firstSubscription(query: URLSearchParams): unknown {
  const streams = query.get('streams');
  if (streams === null) return undefined;
  const message: Record<string, unknown> = { type: 'subscribe', streams: streams.split(',') };
  const classes = query.get('classes');
  if (classes !== null) message['classes'] = classes.split(',');
  const preview = query.get('preview');
  if (preview !== null) message['preview'] = preview;
  for (const name of ['maxRateHz', 'minimumProbability']) {
    const number = query.get(name);
    if (number !== null) message[name] = Number(number);
  }
  return message;
}

const RETRY_AFTER_S = 5;

const STATUS: Partial<Record<string, number>> = {
  unauthorized: 401,
  forbidden: 403,
  'too-many-attempts': 429,
};

function refuseFor(socket: Duplex, thrown: unknown): void {
  const status = thrown instanceof EarsightError ? STATUS[thrown.code] : undefined;
  if (!(thrown instanceof EarsightError) || status === undefined) {
    refuse(socket, 500, 'internal', 'Something went wrong inside the server.');
    return;
  }
  refuse(socket, status, thrown.code, thrown.message);
}

/** Answers the handshake with a problem document (RFC 9457) and hangs up. `headers` end with a line break. */
function refuse(socket: Duplex, status: number, code: string, detail: string, headers = ''): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type: `urn:earsight:problem:${code}`, title, status, code, detail });
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\n${headers}Content-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

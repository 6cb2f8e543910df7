/**
 * Serves the built page and plays the server's part by script: the test adds streams and sends each heatmap
 * itself, so it knows exactly what the page must show.
 */

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { encodeBinary } from '../../../src/protocol/binary.ts';
import { encodeJson } from '../../../src/protocol/json.ts';
import {
  type ClientMessage,
  type HeatmapMessage,
  type HelloMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
  type StreamInfo,
  SUBPROTOCOL_BINARY,
} from '../../../src/protocol/messages.ts';

const PAGE_FOLDER = new URL('../../../dist/page/', import.meta.url).pathname;

/** At least as strict as the real server's: the page must live with it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

/** An answer the script gives to the next request of a kind. */
export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface PageServerScript {
  model: HelloMessage['model'];
  /** Answers `POST /api/v1/streams`; the body has been parsed. */
  onAddCamera?: (body: unknown) => ScriptedAnswer;
  /** Answers `POST /api/v1/whip/{id}`. */
  onOffer?: (id: string, sdp: string) => Promise<ScriptedAnswer>;
  /** Extra fields of a stream in `GET /api/v1/streams`. */
  detailOf?: (info: StreamInfo) => object;
}

export class PageServer {
  readonly #script: PageServerScript;
  readonly #streams = new Map<string, StreamInfo>();
  readonly #sockets = new Set<WebSocket>();
  #http: Server | null = null;
  #upgrades: WebSocketServer | null = null;
  #port = 0;
  #sequence = 0;
  /** What pages asked for over the WebSocket, oldest first. */
  readonly received: ClientMessage[] = [];
  /** Paths of DELETE requests, oldest first. */
  readonly deleted: string[] = [];

  constructor(script: PageServerScript) {
    this.#script = script;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Starts, the second time on the same port as the first. */
  async open(): Promise<void> {
    const http = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    const upgrades = new WebSocketServer({
      server: http,
      path: '/api/v1/heatmaps',
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL_BINARY) ? SUBPROTOCOL_BINARY : false),
    });
    upgrades.on('connection', (socket) => this.#welcome(socket));
    this.#http = http;
    this.#upgrades = upgrades;
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (http.address() as AddressInfo).port;
  }

  /** Cuts every connection, as a server that crashes. Streams stay known. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
    this.#upgrades?.close();
    const http = this.#http;
    this.#http = null;
    this.#upgrades = null;
    if (http === null) return;
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }

  /** Adds a stream, or changes it and tells so. */
  putStream(info: Partial<StreamInfo> & { id: string }): void {
    const stream: StreamInfo = {
      name: info.id,
      kind: 'url',
      state: 'live',
      reason: null,
      detail: null,
      sinceWallMs: Date.now(),
      tracks: { video: true, audio: true },
      picture: null,
      ...this.#streams.get(info.id),
      ...info,
    };
    this.#streams.set(stream.id, stream);
    this.#broadcast({ type: 'status', stream });
  }

  dropStream(id: string): void {
    if (this.#streams.delete(id)) this.#broadcast({ type: 'removed', stream: id });
  }

  /** Sends a result to every page; what is left out is as of a healthy stream. Returns its sequence. */
  sendHeatmap(result: Partial<HeatmapMessage> & Pick<HeatmapMessage, 'stream' | 'classes'>): number {
    const sequence = this.#sequence++;
    const nowMs = Date.now();
    const message: HeatmapMessage = {
      type: 'heatmap',
      sequence,
      ptsUs: sequence * 33_333,
      captureWallMs: nowMs - 48,
      sendWallMs: nowMs,
      alignment: 'aligned',
      skewUs: 2_400,
      audioWindow: { startUs: sequence * 33_333 - 1_000_000, endUs: sequence * 33_333 },
      picture: { width: 640, height: 480 },
      grid: this.#script.model.grid,
      stages: { decodeUs: 2_900, alignUs: 11_000, queueUs: 1_800, inferenceUs: 21_500, heatUs: 700 },
      preview: null,
      ...result,
    };
    const data = encodeBinary(message);
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount < 1_000_000) socket.send(data);
    }
    return sequence;
  }

  sendDropped(stream: string, count: number): void {
    this.#broadcast({ type: 'dropped', stream, reason: 'slow-subscriber', count });
  }

  #broadcast(message: ServerMessage): void {
    for (const socket of this.#sockets) socket.send(encodeJson(message));
  }

  #welcome(socket: WebSocket): void {
    this.#sockets.add(socket);
    const alive = setInterval(() => {
      socket.send(encodeJson({ type: 'alive', serverWallMs: Date.now() }));
    }, 1_000);
    socket.on('close', () => {
      clearInterval(alive);
      this.#sockets.delete(socket);
    });
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()) as ClientMessage);
    });
    socket.send(
      encodeJson({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        server: { name: 'earsight', version: '0.0.0-test' },
        model: this.#script.model,
        streams: [...this.#streams.values()],
        limits: {
          maxMessageBytes: 65_536,
          maxStreams: 64,
          maxRateHz: 60,
          maxQueuedBytes: 1_000_000,
          aliveIntervalMs: 5_000,
        },
      }),
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const route = `${request.method ?? 'GET'} ${pathname}`;
    if (route === 'GET /api/v1/streams') {
      const streams = [...this.#streams.values()].map((info) => ({
        ...info,
        url: null,
        stats: null,
        ...this.#script.detailOf?.(info),
      }));
      sendJson(response, 200, { streams });
    } else if (route === 'GET /api/v1/access') {
      const roles = ['view', 'publish', 'admin'];
      sendJson(response, 200, { name: 'everyone', tokenRequired: false, roles, streams: null });
    } else if (route === 'GET /api/v1/model') {
      sendJson(response, 200, { name: this.#script.model.name, license: 'MIT', frameSize: 160 });
    } else if (route === 'POST /api/v1/streams') {
      const body: unknown = JSON.parse(await readBody(request));
      send(response, this.#script.onAddCamera?.(body) ?? { status: 404 });
    } else if (route.startsWith('POST /api/v1/whip/')) {
      const id = pathname.slice('/api/v1/whip/'.length);
      const sdp = await readBody(request);
      send(response, (await this.#script.onOffer?.(id, sdp)) ?? { status: 404 });
    } else if (request.method === 'DELETE') {
      this.deleted.push(pathname);
      const id = /^\/api\/v1\/streams\/([^/]+)$/u.exec(pathname)?.[1];
      if (id !== undefined) this.dropStream(id);
      send(response, { status: 204 });
    } else {
      await sendPage(response, pathname);
    }
  }
}

/** A refusal as the real server words it. */
export function problem(status: number, code: string, detail: string, errors?: object[]): ScriptedAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: `urn:earsight:problem:${code}`, title: code, status, detail, code, errors }),
  };
}

async function sendPage(response: ServerResponse, pathname: string): Promise<void> {
  const path = normalize(pathname === '/' ? '/index.html' : pathname);
  try {
    const body = await readFile(join(PAGE_FOLDER, path));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  } catch {
    send(response, { status: 404 });
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: ScriptedAnswer): void {
  response.writeHead(status, headers).end(body);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

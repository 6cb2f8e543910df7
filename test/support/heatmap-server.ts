/** A real HTTP server with the heatmap WebSocket on it, results made to order, and raw `ws` clients to read it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { HeatmapResult } from '../../src/pipeline/ports.ts';
import { decodeServerMessage } from '../../src/protocol/decode.ts';
import {
  type HeatmapMessage,
  type ServerMessage,
  type StreamInfo,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_JSON,
} from '../../src/protocol/messages.ts';
import { FanOut, type FanOutOptions } from '../../src/server/fan-out/fan-out.ts';
import { attachHeatmapSocket, type HeatmapSocketOptions } from '../../src/server/fan-out/upgrade.ts';

export const CLASSES = ['dog', 'guitar'].map((name, index) => ({ index, name, colour: `#00000${index}` }));

export function streamInfo(id: string, state: StreamInfo['state'] = 'live'): StreamInfo {
  return {
    id,
    name: id,
    kind: 'demo',
    state,
    reason: null,
    detail: null,
    sinceWallMs: 1_790_000_000_000,
    tracks: { video: true, audio: true },
    picture: { width: 4, height: 2 },
  };
}

/** Result number `sequence` of a stream at 30 a second: class 0 active, class 1 hardly heard. */
export function heatmapResult(stream: string, sequence: number, heatBytes = 6): HeatmapResult {
  const ptsUs = Math.round((sequence * 1e6) / 30);
  const heat = new Uint8Array(heatBytes).fill(sequence % 256);
  return {
    message: {
      type: 'heatmap',
      stream,
      sequence,
      ptsUs,
      captureWallMs: Date.now(),
      sendWallMs: 0,
      alignment: 'aligned',
      skewUs: 0,
      audioWindow: { startUs: ptsUs - 1_000_000, endUs: ptsUs },
      picture: { width: 4, height: 2 },
      grid: { rows: 1, cols: heatBytes },
      stages: { decodeUs: 1, alignUs: 2, queueUs: 3, inferenceUs: 4, heatUs: 5 },
      classes: [
        {
          index: 0,
          heard: 0.75,
          seen: 0.5,
          active: true,
          heat,
          peak: { x: 0.5, y: 0.5, value: 1 },
          box: null,
        },
        { index: 1, heard: 0.25, seen: 0.5, active: false, heat: null, peak: null, box: null },
      ],
      preview: null,
    },
    frame: {
      sourceId: stream,
      ptsUs,
      epoch: 0,
      arrivalUs: 0,
      decodedUs: 0,
      width: 4,
      height: 2,
      data: new Uint8Array(12).fill(sequence % 256),
    },
  };
}

/** Everything a test needs of a running server; `close` leaves nothing. */
export class HeatmapServer {
  readonly fanOut: FanOut;
  readonly #http = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #attached: { close(): void };
  readonly #clients: WebSocket[] = [];

  constructor(
    options: Partial<FanOutOptions> = {},
    attach: Omit<HeatmapSocketOptions, 'fanOut'> = {},
    streams: readonly string[] = ['a', 'b'],
  ) {
    this.fanOut = new FanOut({
      server: { name: 'earsight', version: '0.0.0' },
      model: { name: 'test', classes: CLASSES, grid: { rows: 1, cols: 6 } },
      ...options,
    });
    this.fanOut.setStreams(streams.map((id) => streamInfo(id)));
    this.#attached = attachHeatmapSocket(this.#http, { fanOut: this.fanOut, ...attach });
    this.#http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** TCP connections the server still has. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/api/v1/heatmaps`;
  }

  async listen(port = 0): Promise<this> {
    this.#http.listen(port, '127.0.0.1');
    await once(this.#http, 'listening');
    return this;
  }

  publish(stream: string, sequence: number, heatBytes?: number): void {
    this.fanOut.publish(heatmapResult(stream, sequence, heatBytes));
  }

  /** A connected client that has read `hello`. */
  async connect(query = '', encoding: 'binary' | 'json' = 'binary'): Promise<TestClient> {
    const protocol = encoding === 'json' ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY;
    const socket = new WebSocket(this.url + query, protocol);
    this.#clients.push(socket);
    const client = new TestClient(socket);
    await client.until(({ type }) => type === 'hello');
    return client;
  }

  /** Breaks every connection without a word, as a lost network would. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#attached.close();
    await this.fanOut.close();
    for (const client of this.#clients) client.terminate();
    this.#http.closeAllConnections();
    if (!this.#http.listening) return;
    this.#http.close();
    await once(this.#http, 'close');
  }
}

/** A raw client: keeps all it received, and waits for what a test expects. */
export class TestClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  #changed: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      const message = decodeServerMessage(isBinary ? new Uint8Array(data) : data.toString('utf8'));
      if (message !== null) this.messages.push(message);
      this.#changed();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        resolve(code);
        this.#changed();
      });
    });
  }

  get heatmaps(): HeatmapMessage[] {
    return this.messages.filter((message) => message.type === 'heatmap');
  }

  sequences(stream: string): number[] {
    return this.heatmaps.filter((message) => message.stream === stream).map(({ sequence }) => sequence);
  }

  ofType<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter(
      (message): message is Extract<ServerMessage, { type: T }> => message.type === type,
    );
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message, received or yet to come, that fits. Throws when the connection closes before. */
  async until(fits: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('The connection closed before.');
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** All that the server sent before now has arrived once its answer to this has. */
  async settle(): Promise<void> {
    const before = this.ofType('error').length;
    this.send('settle?');
    await this.until(() => this.ofType('error').length > before);
    const index = this.messages.findLastIndex(({ type }) => type === 'error');
    this.messages.splice(index, 1);
  }
}

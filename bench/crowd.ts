/**
 * A crowd of subscribers in a process of its own, so that reading costs the server nothing but the network.
 * Run by subscribers.ts: `node crowd.ts <WebSocket URL> <subscribers> <stuck subscribers>`; measures between
 * two messages from its parent and answers the second with a {@link CrowdReport}.
 */

import { WebSocket } from 'ws';
import { HEADER } from '../src/protocol/binary-layout.ts';
import { SUBPROTOCOL_BINARY } from '../src/protocol/messages.ts';
import { quantilesOf } from './quantiles.ts';

export interface CrowdReport {
  seconds: number;
  messages: number;
  bytes: number;
  /** Heatmaps a second of the worst and the median subscriber that reads. */
  worstRateHz: number;
  medianRateHz: number;
  /** Capture to receipt, milliseconds, over every message of the readers: p50, p95, p99. */
  captureToReceiveMs: number[];
  captureToSendMs: number[];
}

/** Enough for quantiles of a minute at 9,000 a second. */
const MAX_SAMPLES = 600_000;

if (process.send) {
  const [url = '', readers = '1', stuck = '0'] = process.argv.slice(2);
  const counts = new Array<number>(Number(readers)).fill(0);
  let bytes = 0;
  let beganMs: number | null = null;
  let ages: number[] = [];
  let sends: number[] = [];

  const open = (onMessage: ((data: Buffer) => void) | null): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, [SUBPROTOCOL_BINARY], { perMessageDeflate: false });
      socket.on('open', () => resolve(socket));
      socket.on('error', reject);
      if (onMessage) socket.on('message', (data, isBinary) => isBinary && onMessage(data as Buffer));
    });

  const sockets: Promise<WebSocket>[] = counts.map((_, i) =>
    open((data) => {
      if (beganMs === null) return;
      counts[i]!++;
      bytes += data.byteLength;
      if (ages.length >= MAX_SAMPLES) return;
      const captureWallMs = data.readDoubleLE(HEADER.captureWallMs);
      ages.push(performance.timeOrigin + performance.now() - captureWallMs);
      sends.push(data.readDoubleLE(HEADER.sendWallMs) - captureWallMs);
    }),
  );
  for (let i = 0; i < Number(stuck); i++) {
    sockets.push(
      open(null).then((socket) => {
        socket.pause();
        return socket;
      }),
    );
  }
  const all = await Promise.all(sockets);
  process.send('connected');

  process.on('message', (order) => {
    if (order === 'begin') {
      counts.fill(0);
      bytes = 0;
      ages = [];
      sends = [];
      beganMs = performance.now();
      return;
    }
    const seconds = (performance.now() - (beganMs ?? 0)) / 1000;
    const rates = counts.map((count) => count / seconds);
    const report: CrowdReport = {
      seconds,
      messages: counts.reduce((sum, count) => sum + count, 0),
      bytes,
      worstRateHz: Math.min(...rates),
      medianRateHz: quantilesOf(rates, [0.5])[0]!,
      captureToReceiveMs: quantilesOf(ages, [0.5, 0.95, 0.99]),
      captureToSendMs: quantilesOf(sends, [0.5, 0.95, 0.99]),
    };
    process.send?.(report, () => {
      for (const socket of all) socket.terminate();
      process.disconnect();
    });
  });
}

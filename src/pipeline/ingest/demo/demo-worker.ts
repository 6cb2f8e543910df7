/** The worker thread of {@link DemoSource}: draws frames and renders sound on request, one answer per request. */

import { parentPort, workerData } from 'node:worker_threads';
import { i420Bytes } from '../../i420.ts';
import type { DemoSceneOptions } from './scene.ts';
import { createDemoScene } from './scene.ts';

/** What the source asks for. */
export type DemoRequest =
  | { kind: 'frame'; index: number; timeUs: number }
  | { kind: 'audio'; startSample: number; count: number };

/** `ready` comes once, first; then one answer per request, in order. The arrays are transferred. */
export type DemoAnswer =
  | { kind: 'ready' }
  | { kind: 'frame'; index: number; timeUs: number; data: Uint8Array<ArrayBuffer> }
  | { kind: 'audio'; startSample: number; samples: Float32Array<ArrayBuffer> };

if (parentPort === null) throw new Error('demo-worker runs as a worker thread of DemoSource.');
const port = parentPort;
const options = workerData as DemoSceneOptions;
const scene = createDemoScene(options);

function answer(message: DemoAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

port.on('message', (request: DemoRequest) => {
  if (request.kind === 'frame') {
    const { index, timeUs } = request;
    const data = new Uint8Array(i420Bytes(options.width, options.height));
    scene.renderFrame(timeUs, data);
    answer({ kind: 'frame', index, timeUs, data }, [data.buffer]);
  } else {
    const samples = new Float32Array(request.count);
    scene.renderAudio(request.startSample, request.count, samples);
    answer({ kind: 'audio', startSample: request.startSample, samples }, [samples.buffer]);
  }
});

answer({ kind: 'ready' });

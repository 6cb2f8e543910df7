/** The fixed messages behind test/golden/protocol.json. Every fraction is exact in float32. */

import type { ServerMessage, StreamInfo } from '../../src/protocol/messages.ts';

const STREAM: StreamInfo = {
  id: 'yard',
  name: 'Yard',
  kind: 'url',
  state: 'degraded',
  reason: 'no-audio',
  detail: 'The camera sends no audio track. Switch it on in the camera’s settings.',
  sinceWallMs: 1_790_000_000_000,
  tracks: { video: true, audio: false },
  picture: { width: 640, height: 480 },
};

export const GOLDEN_MESSAGES: Readonly<Record<string, ServerMessage>> = {
  hello: {
    type: 'hello',
    protocol: 1,
    server: { name: 'earsight', version: '0.1.0' },
    model: {
      name: 'bootstrap',
      classes: [
        { index: 0, name: 'dog', colour: '#e6550d' },
        { index: 1, name: 'acoustic guitar', colour: '#3182bd' },
      ],
      grid: { rows: 2, cols: 3 },
    },
    streams: [STREAM],
    limits: {
      maxMessageBytes: 16_384,
      maxStreams: 64,
      maxRateHz: 30,
      maxQueuedBytes: 1_048_576,
      aliveIntervalMs: 15_000,
    },
  },
  heatmap: {
    type: 'heatmap',
    stream: 'yard',
    sequence: 4_294_967_298,
    ptsUs: -1_500_000,
    captureWallMs: 1_790_000_000_123.25,
    sendWallMs: 1_790_000_000_171.5,
    alignment: 'aligned',
    skewUs: -2_500,
    audioWindow: { startUs: -2_500_000, endUs: -1_500_000 },
    picture: { width: 640, height: 480 },
    grid: { rows: 2, cols: 3 },
    stages: { decodeUs: 4_100, alignUs: 12_000, queueUs: 350, inferenceUs: 21_000, heatUs: 90 },
    classes: [
      {
        index: 0,
        heard: 0.875,
        seen: 0.75,
        active: true,
        heat: Uint8Array.of(0, 16, 32, 64, 128, 255),
        peak: { x: 0.8125, y: 0.75, value: 1 },
        box: { x0: 0.5, y0: 0.5, x1: 1, y1: 1 },
      },
      { index: 1, heard: 0.0625, seen: 0.25, active: false, heat: null, peak: null, box: null },
    ],
    preview: Uint8Array.of(0xff, 0xd8, 0xff, 0xd9),
  },
  'heatmap-no-audio': {
    type: 'heatmap',
    stream: 'door-2',
    sequence: 0,
    ptsUs: 9_007_199_254_740_991,
    captureWallMs: 1_790_000_000_000,
    sendWallMs: 1_790_000_000_040,
    alignment: 'no-audio',
    skewUs: null,
    audioWindow: null,
    picture: { width: 1920, height: 1080 },
    grid: { rows: 10, cols: 10 },
    stages: { decodeUs: 4_100, alignUs: 0, queueUs: 0, inferenceUs: 0, heatUs: 0 },
    classes: [],
    preview: null,
  },
  status: { type: 'status', stream: STREAM },
  removed: { type: 'removed', stream: 'yard' },
  dropped: { type: 'dropped', stream: 'yard', reason: 'slow-subscriber', count: 12 },
  error: {
    type: 'error',
    code: 'class-unknown',
    message: "Class 'cat' is not one of this model's. Choose from the hello message.",
  },
  alive: { type: 'alive', serverWallMs: 1_790_000_015_000 },
};

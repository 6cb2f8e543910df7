/** One result as a picture file: the very frame, with the heat blended over it when asked. */

import { setImmediate } from 'node:timers/promises';
import { i420Bytes, rgbToI420 } from '../../pipeline/i420.ts';
import type { HeatmapResult } from '../../pipeline/ports.ts';
import type { ClassInfo } from '../../protocol/messages.ts';
import { i420ToRgb } from './i420-to-rgb.ts';
import { ImageContext } from './image-context.ts';
import { quantiserOf } from './jpeg-encoder.ts';
import { blendHeat, type HeatLayer } from './overlay.ts';

export interface SnapshotOptions {
  format: 'jpg' | 'png';
  overlay: boolean;
  /** All classes of the model, for their colours. */
  classes: readonly ClassInfo[];
}

const QUALITY = 90;
/** Even, since chroma spans two rows. */
const BAND_ROWS = 32;

/** @returns the file's bytes */
export async function renderSnapshot(
  result: HeatmapResult,
  options: SnapshotOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, data } = result.frame;
  const layers = options.overlay ? heatLayers(result, options.classes) : [];
  if (options.format === 'jpg' && layers.length === 0) return encodeJpeg(data, width, height);
  const rgb = new Uint8Array(width * height * 3);
  const blended = options.format === 'jpg' ? new Uint8Array(i420Bytes(width, height)) : null;
  // In bands, so that no snapshot holds up the sockets: 640 x 480 takes 8 ms of the main thread, a band half of one.
  for (let from = 0; from < height; from += BAND_ROWS) {
    const to = Math.min(height, from + BAND_ROWS);
    i420ToRgb(data, width, height, rgb, from, to);
    blendHeat(rgb, width, height, layers, from, to);
    if (blended !== null)
      rgbToI420(rgb, width, height, blended, { left: 0, top: from, right: width, bottom: to });
    await setImmediate();
  }
  if (blended !== null) return encodeJpeg(blended, width, height);
  return encodeOnce(await ImageContext.open({ codec: 'png' }, width, height), rgb);
}

function heatLayers({ message }: HeatmapResult, classes: readonly ClassInfo[]): HeatLayer[] {
  return message.classes.flatMap(({ index, heat }) => {
    const colour = classes.find((candidate) => candidate.index === index)?.colour;
    return heat === null || colour === undefined ? [] : [{ heat, ...message.grid, colour }];
  });
}

async function encodeJpeg(data: Uint8Array, width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const format = { codec: 'jpeg', quantiser: quantiserOf(QUALITY) } as const;
  return encodeOnce(await ImageContext.open(format, width, height), data);
}

async function encodeOnce(context: ImageContext, data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await context.encode(data);
  } finally {
    context.close();
  }
}

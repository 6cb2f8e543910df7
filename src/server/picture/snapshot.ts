/** One result as a picture file: the very frame, with the heat blended over it when asked. */

import type { HeatmapResult } from '../../pipeline/ports.ts';
import type { ClassInfo } from '../../protocol/messages.ts';
import { i420ToRgb } from './i420-to-rgb.ts';
import { ImageContext } from './image-context.ts';
import { quantiserOf } from './jpeg-encoder.ts';
import { blendHeat, type HeatLayer } from './overlay.ts';
import { rgbToI420 } from './rgb-to-i420.ts';

export interface SnapshotOptions {
  format: 'jpg' | 'png';
  overlay: boolean;
  /** All classes of the model, for their colours. */
  classes: readonly ClassInfo[];
}

const QUALITY = 90;

/** @returns the file's bytes */
export async function renderSnapshot(
  result: HeatmapResult,
  options: SnapshotOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, data } = result.frame;
  const layers = options.overlay ? heatLayers(result, options.classes) : [];
  if (options.format === 'jpg' && layers.length === 0) return encodeJpeg(data, width, height);
  const rgb = i420ToRgb(data, width, height);
  blendHeat(rgb, width, height, layers);
  if (options.format === 'jpg') return encodeJpeg(rgbToI420(rgb, width, height), width, height);
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

/**
 * Keeps the canvases of one stream showing its newest result: picture, heat and markers always of the same
 * frame. Draws in animation frames only, only when something changed, and not at all while out of sight.
 *
 * For tests: each canvas carries `data-stream` and, once drawn, `data-sequence` of the result it shows; the
 * heat canvas has nothing but heat on it, and `data-layers` names the classes drawn.
 */

import { effect } from '@preact/signals';
import type { ClassInfo, HeatmapMessage } from '../../../protocol/messages.ts';
import { HeatPainter } from '../overlay/heat-painter.ts';
import { MarkerPainter } from '../overlay/marker-painter.ts';
import { settings } from '../settings.ts';
import type { StreamFeed } from './stream-feed.ts';

/** Begins a little before a card scrolls into sight, so that it does not come in black. */
const NEAR_SIGHT: IntersectionObserverInit = { rootMargin: '200px' };

export interface StreamCanvases {
  picture: HTMLCanvasElement;
  heat: HTMLCanvasElement;
  markers: HTMLCanvasElement;
}

/**
 * Starts drawing.
 * @param onPictureSize Told the picture's size when it is first known and when it changes.
 * @returns Stops drawing and lets go of everything.
 */
export function showStream(
  feed: StreamFeed,
  classes: readonly ClassInfo[],
  canvases: StreamCanvases,
  onPictureSize: (size: { width: number; height: number }) => void,
): () => void {
  const all = [canvases.picture, canvases.heat, canvases.markers];
  for (const canvas of all) canvas.dataset['stream'] = feed.id;
  const picture = canvases.picture.getContext('2d', { alpha: false });
  const heat = new HeatPainter(canvases.heat);
  const markers = new MarkerPainter(canvases.markers);
  let shown: HeatmapMessage | null = null;
  let size = { width: 0, height: 0 };
  let frameRequest = 0;
  let current = settings.peek();

  const draw = (): void => {
    frameRequest = 0;
    const decoded = feed.takeDecoded();
    if (decoded !== null) {
      shown = decoded.message;
      if (decoded.picture !== null) {
        drawPicture(decoded.picture);
        decoded.picture.close();
      }
    }
    if (shown === null) return;
    heat.paint(shown, classes, current);
    markers.paint(shown, classes, current);
    for (const canvas of all) canvas.dataset['sequence'] = String(shown.sequence);
  };

  const drawPicture = (bitmap: ImageBitmap): void => {
    if (bitmap.width !== size.width || bitmap.height !== size.height) {
      size = { width: bitmap.width, height: bitmap.height };
      canvases.picture.width = size.width;
      canvases.picture.height = size.height;
      onPictureSize(size);
    }
    picture?.drawImage(bitmap, 0, 0);
  };

  const schedule = (): void => {
    if (frameRequest === 0) frameRequest = requestAnimationFrame(draw);
  };

  const stopSettings = effect(() => {
    current = settings.value;
    schedule();
  });

  const resizes = new ResizeObserver(([entry]) => {
    if (entry === undefined) return;
    markers.resize(entry.contentRect, Math.min(globalThis.devicePixelRatio, 2));
    schedule();
  });
  resizes.observe(canvases.markers);

  let stopFeed: (() => void) | null = null;
  const sight = new IntersectionObserver(([entry]) => {
    stopFeed?.();
    stopFeed = entry?.isIntersecting === true ? feed.onDecoded(schedule) : null;
  }, NEAR_SIGHT);
  sight.observe(canvases.picture);

  return () => {
    cancelAnimationFrame(frameRequest);
    stopSettings();
    resizes.disconnect();
    sight.disconnect();
    stopFeed?.();
  };
}

/** Where there is room for one more thing in a picture. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { type Bounds, boundsAround, overlap, type Place } from './bounds.ts';

/** Things may cover each other by this share of the smaller one. */
const MAX_OVERLAP = 0.3;

/** `scale`: picture pixels per unit of the thing's own size. */
export interface FreePlace extends Place {
  scale: number;
}

/**
 * A place for something of this shape where little is covered; smaller where there is none.
 *
 * @param size - Longer side in shares of the picture, smallest and largest.
 * @param beyond - How far things may lie past the edges, as a share of the room that there is.
 */
export function findPlace(
  canvas: { width: number; height: number },
  taken: readonly Bounds[],
  width: number,
  height: number,
  size: readonly [number, number],
  beyond: number,
  random: Random,
): FreePlace {
  let share = size[0] * (size[1] / size[0]) ** random.next();
  let best = { x: 0, y: 0, width: 0, height: 0, scale: 1 };
  let least = Infinity;
  for (let attempt = 0; attempt < 10; attempt++) {
    const scale = share * Math.min(canvas.width / width, canvas.height / height);
    const w = width * scale;
    const h = height * scale;
    const x = (canvas.width - w) * random.between(-beyond, 1 + beyond) + w / 2;
    const y = (canvas.height - h) * random.between(-beyond, 1 + beyond) + h / 2;
    const own = boundsAround({ x, y, width: w, height: h });
    const covered = taken.reduce((most, other) => Math.max(most, overlap(own, other)), 0);
    if (covered < least) {
      least = covered;
      best = { x, y, width: w, height: h, scale };
    }
    if (covered <= MAX_OVERLAP) break;
    share = Math.max(size[0] * 0.8, share * 0.9);
  }
  return best;
}

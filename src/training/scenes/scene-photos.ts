/** Photos in a scene: whole, or cut out. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { type Bounds, boundsAround, shareInside } from './bounds.ts';
import type { Easel } from './easel.ts';
import type { PhotoEntry, PhotoObject } from './media-bank.ts';
import type { Clip, Placement, Shape } from './paint-photo.ts';
import { paintPhoto } from './paint-photo.ts';
import { writeTone } from './tone.ts';

/** A photo as it is, cut so that it fills `clip`, and all things in it whose class is known. */
export function paintWhole(easel: Easel, photo: PhotoEntry, clip: Clip, random: Random, coarser = 0): void {
  const { canvas, painter, album, tone, squash } = easel;
  const { width, height } = photo.levels[0]!;
  const [left, top, right, bottom] = clip;
  const scaleY = 1 / Math.sqrt(squash);
  const scaleX = squash * scaleY;
  const cover = Math.max((right - left) / (width * scaleX), (bottom - top) / (height * scaleY));
  const scale = cover * (random.chance(0.4) ? 1 : random.between(1, 1.7));
  const mirror = random.chance(0.5) ? -1 : 1;
  const object = photo.objects.find(({ category }) => category === photo.category);
  const fromX = (object === undefined ? random.next() : nearMiddle(object.x0, object.x1, random)) * width;
  const fromY = (object === undefined ? random.next() : nearMiddle(object.y0, object.y1, random)) * height;
  // The point may come anywhere that leaves no part of the clip bare.
  const reach = (share: number, length: number, from: number, to: number): number => {
    const low = to - length * (1 - share);
    const high = from + length * share;
    return Math.min(high, Math.max(low, from + (to - from) * random.between(0.15, 0.85)));
  };
  const shareX = mirror > 0 ? fromX / width : 1 - fromX / width;
  const placement: Placement = {
    fromX,
    fromY,
    toX: reach(shareX, width * scale * scaleX, left, right),
    toY: reach(fromY / height, height * scale * scaleY, top, bottom),
    scaleX: mirror * scale * scaleX,
    scaleY: scale * scaleY,
    angle: 0,
  };
  writeTone(tone, random, 0.25);
  paintPhoto(painter, photo, null, placement, { kind: 'whole', clip }, tone, null, coarser);
  for (const thing of photo.objects) {
    const classIndex = album.classOf.get(thing.category);
    if (classIndex === undefined) continue;
    const mask = canvas.begin();
    if (mask === null) break;
    paintPhoto(painter, photo, thing, placement, { kind: 'mark', clip }, tone, mask);
    const inside = shareInside(placedBounds(thing, width, height, placement), { left, top, right, bottom });
    easel.commit(mask, { classIndex, known: thing.known }, inside, false);
  }
}

/** The thing that a photo is of, without its surroundings; -1: of no class. */
export function cutOut(
  easel: Easel,
  photo: PhotoEntry,
  classIndex: number,
  size: readonly [number, number],
  random: Random,
): void {
  const { canvas, painter, tone, calm } = easel;
  const own = photo.objects.filter(({ category }) => category === photo.category);
  const object: PhotoObject | undefined = own.length > 0 ? random.pick(own) : photo.objects[0];
  if (object === undefined) return;
  const mask = canvas.begin();
  if (mask === null) return;
  const { width, height } = photo.levels[0]!;
  const stretch = easel.squash * random.between(0.9, 1.1);
  const boxWidth = (object.x1 - object.x0) * width;
  const boxHeight = (object.y1 - object.y0) * height;
  const angle = random.chance(0.6)
    ? random.between(-0.3, 0.3)
    : !calm && random.chance(0.15)
      ? random.between(-1.6, 1.6)
      : 0;
  const cos = Math.abs(Math.cos(angle));
  const sin = Math.abs(Math.sin(angle));
  const turnedWidth = boxWidth * stretch * cos + boxHeight * sin;
  const turnedHeight = boxWidth * stretch * sin + boxHeight * cos;
  const place = easel.findPlace(turnedWidth, turnedHeight, size, random);
  const placement: Placement = {
    fromX: ((object.x0 + object.x1) / 2) * width,
    fromY: ((object.y0 + object.y1) / 2) * height,
    toX: place.x,
    toY: place.y,
    scaleX: (random.chance(0.5) ? -1 : 1) * place.scale * stretch,
    scaleY: place.scale,
    angle,
  };
  const shape: Shape =
    object.mask === null || (!calm && random.chance(0.12))
      ? { kind: 'soft', power: random.pick([2, 4, 4, 8]), feather: random.between(0.08, 0.5) }
      : { kind: 'mask' };
  const shown = shape.kind === 'soft' ? { ...object, mask: null } : object;
  writeTone(tone, random, 0.35);
  paintPhoto(painter, photo, shown, placement, shape, tone, mask, random.chance(0.15) ? 1 : 0);
  easel.commit(mask, { classIndex, known: true }, shareInside(boundsAround(place), easel.all));
}

const nearMiddle = (low: number, high: number, random: Random): number =>
  low + (high - low) * random.between(0.3, 0.7);

/** The bounds of a thing of a photo that is painted unturned. */
function placedBounds(thing: PhotoObject, width: number, height: number, placement: Placement): Bounds {
  const { fromX, fromY, toX, toY, scaleX, scaleY } = placement;
  const xs = [thing.x0, thing.x1].map((x) => toX + (x * width - fromX) * scaleX);
  const ys = [thing.y0, thing.y1].map((y) => toY + (y * height - fromY) * scaleY);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

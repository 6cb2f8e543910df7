/** Drawn things in a scene: individuals of the cast, anywhere or on the demo scene's stage, and shapes of no meaning. */

import type { Actor, CastClass, Pose } from '../../pipeline/ingest/demo/actor.ts';
import { silentPose } from '../../pipeline/ingest/demo/actor.ts';
import { cast } from '../../pipeline/ingest/demo/cast.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { windowPane } from '../../pipeline/ingest/demo/room.ts';
import type { StageCamera } from './backdrop.ts';
import { drawFigment, onStage } from './backdrop.ts';
import { type Bounds, boundsAround, shareInside } from './bounds.ts';
import type { Easel } from './easel.ts';
import { individualSeed } from './performances.ts';
import type { Seat } from './room-company.ts';
import { drawSeated } from './room-company.ts';
import type { Split } from './split.ts';

/** Somebody of the cast in a scene. */
export interface Part {
  classIndex: number;
  className: CastClass;
  /** Null: silent, at any moment. */
  pose: Pose | null;
}

/** Individuals belong to a split, as photos do. */
const individual = (className: CastClass, split: Split, random: Random): Actor =>
  cast[className](individualSeed(split, random.integer(0, 0xffffffff)));

/** Anywhere in the picture. */
export function act(
  easel: Easel,
  { classIndex, className, pose }: Part,
  size: readonly [number, number],
  split: Split,
  random: Random,
): void {
  const { pen } = easel.canvas;
  const actor = individual(className, split, random);
  const stretch = easel.squash * random.between(0.92, 1.08);
  const place = easel.findPlace(actor.size.width * stretch, actor.size.height, size, random);
  const mirror = random.chance(0.5) ? -1 : 1;
  const moment = pose ?? silentPose(random.between(0, 60));
  const angle = random.chance(0.5) ? random.between(-0.15, 0.15) : 0;
  paintDrawn(easel, classIndex, shareInside(boundsAround(place), easel.all), () => {
    pen.within(
      place.x + (angle * place.height) / 2,
      place.y + place.height / 2,
      () => actor.draw(pen, moment),
      angle,
      mirror * place.scale * stretch,
      place.scale,
    );
  });
}

/** On its seat in a room that `camera` sees. */
export function actSeated(
  easel: Easel,
  { classIndex, className, pose }: Part,
  seat: Seat,
  camera: StageCamera,
  split: Split,
  random: Random,
): void {
  const { pen } = easel.canvas;
  const actor = individual(className, split, random);
  const moment = pose ?? silentPose(random.between(0, 60));
  const inside = shareInside(
    seatBounds(seat, actor.size, camera),
    seat.inWindow ? windowBounds(camera) : easel.all,
  );
  paintDrawn(easel, classIndex, inside, () =>
    onStage(pen, camera, () => drawSeated(pen, seat, actor, moment)),
  );
}

/** Of no class and no meaning. */
export function paintFigment(easel: Easel, x: number, y: number, radius: number, random: Random): void {
  paintDrawn(easel, -1, 1, () => drawFigment(easel.canvas.pen, x, y, radius, random));
}

/** `inside`: about which share of it lies within the picture. */
function paintDrawn(easel: Easel, classIndex: number, inside: number, draw: () => void): void {
  const mask = easel.canvas.begin();
  if (mask === null) return;
  const drawn = easel.canvas.raster.mask!;
  drawn.fill(0);
  draw();
  mask.set(drawn);
  easel.commit(mask, { classIndex, known: true }, inside);
}

/** From the stage to the picture, sorted. */
function onPicture(x0: number, y0: number, x1: number, y1: number, camera: StageCamera): Bounds {
  const xs = [x0, x1].map((x) => x * camera.scaleX + camera.shiftX);
  const ys = [y0, y1].map((y) => y * camera.scaleY + camera.shiftY);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function windowBounds(camera: StageCamera): Bounds {
  const { x, y, width, height } = windowPane;
  return onPicture(x, y, x + width, y + height, camera);
}

function seatBounds({ x, y, scale }: Seat, size: Actor['size'], camera: StageCamera): Bounds {
  const half = (size.width * scale) / 2;
  return onPicture(x - half, y - size.height * scale, x + half, y, camera);
}

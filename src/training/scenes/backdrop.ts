/** Backgrounds that are drawn: rooms like the demo scene's seen by many cameras, and grounds of shapes of no meaning. */

import type { Paint } from '../../pipeline/ingest/demo/paint.ts';
import { linear, radial, translucent } from '../../pipeline/ingest/demo/paint.ts';
import { Pen } from '../../pipeline/ingest/demo/pen.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { createRandom, hash } from '../../pipeline/ingest/demo/random.ts';
import { Raster } from '../../pipeline/ingest/demo/raster.ts';
import { drawRoom, stage } from '../../pipeline/ingest/demo/room.ts';

/** Where a camera stands before the stage: stage units to pixels, `x' = scaleX * x + shiftX`. */
export interface StageCamera {
  scaleX: number;
  scaleY: number;
  shiftX: number;
  shiftY: number;
}

interface RoomView {
  camera: StageCamera;
  rgb: Uint8Array;
}

/** Views in use at a time, and scenes after which all have been replaced: a room takes 1.6 ms to draw. */
const PLACES = 48;
/** Of these so many show the stage whole, as the demo scene does. */
const WHOLE_PLACES = 16;
const RENEWAL_SCENES = 12_288;

/** Rooms drawn once for many scenes; what it gives depends on seed and scene number alone. */
export class Rooms {
  readonly #seed: number;
  readonly #raster: Raster;
  readonly #pen: Pen;
  readonly #kept = new Map<string, RoomView>();

  constructor(seed: number, width: number, height: number) {
    this.#seed = seed;
    this.#raster = new Raster(width, height);
    this.#pen = new Pen(this.#raster);
  }

  /** The view at one of the places when scene `index` is made; `choice` is any number. */
  at(index: number, choice: number): RoomView {
    return this.#view(index, choice % PLACES);
  }

  /** The same of the views that show the whole stage, squashed to the picture as the demo scene is. */
  wholeAt(index: number, choice: number): RoomView {
    return this.#view(index, choice % WHOLE_PLACES);
  }

  #view(index: number, place: number): RoomView {
    const generation = Math.floor((index + (hash(place, 7) % RENEWAL_SCENES)) / RENEWAL_SCENES);
    const key = `${place} ${generation}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const seed = hash(this.#seed, 0x4005, place, generation);
    const random = createRandom(seed);
    const { width, height } = this.#raster;
    const camera =
      place < WHOLE_PLACES ? wholeCamera(random, width, height) : createCamera(random, width, height);
    // Along seams, where neither side covers a pixel whole, what was there before shines through.
    this.#raster.rgb.fill(128);
    onStage(this.#pen, camera, () => drawRoom(this.#pen, seed));
    const view = { camera, rgb: this.#raster.rgb.slice() };
    this.#kept.set(key, view);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > PLACES && oldest !== undefined) this.#kept.delete(oldest);
    return view;
  }
}

/** All of the stage, give or take a hair; now and then in a mirror. */
function wholeCamera(random: Random, width: number, height: number): StageCamera {
  const scaleX = (width / stage.width) * random.between(0.98, 1.04);
  const scaleY = (height / stage.height) * random.between(0.98, 1.04);
  const shiftX = (width - stage.width * scaleX) * random.next();
  const shiftY = (height - stage.height * scaleY) * random.next();
  return random.chance(0.8)
    ? { scaleX, scaleY, shiftX, shiftY }
    : { scaleX: -scaleX, scaleY, shiftX: width - shiftX, shiftY };
}

/** The whole stage or a part of it, from either side, squashed as pictures of 4:3 to 16:9 are for the network. */
function createCamera(random: Random, width: number, height: number): StageCamera {
  const wide = random.chance(0.7) ? 1 : random.between(0.8, 1.25);
  const zoom = random.chance(0.35) ? 1 : random.between(0.9, 1.5);
  const scaleX = (width / stage.width) * zoom * wide;
  const scaleY = (height / stage.height) * zoom;
  const shiftX = (width - stage.width * scaleX) * random.next();
  const shiftY = (height - stage.height * scaleY) * random.between(0.2, 1);
  return random.chance(0.5)
    ? { scaleX, scaleY, shiftX, shiftY }
    : { scaleX: -scaleX, scaleY, shiftX: width - shiftX, shiftY };
}

export function onStage(pen: Pen, camera: StageCamera, draw: () => void): void {
  pen.within(camera.shiftX, camera.shiftY, draw, 0, camera.scaleX, camera.scaleY);
}

const randomColour = (random: Random): number => random.integer(0, 0xffffff);

function randomPaint(random: Random, x: number, y: number, radius: number): Paint {
  switch (random.integer(0, 3)) {
    case 0:
      return randomColour(random);
    case 1:
      return translucent(randomColour(random), random.between(0.2, 0.9));
    case 2:
      return linear(
        x - radius,
        y - radius,
        x + radius,
        y + radius,
        randomColour(random),
        randomColour(random),
      );
    default:
      return radial(x, y, radius, randomColour(random), randomColour(random));
  }
}

/** A ground of colours and shapes. Covers the whole picture. */
export function drawGround(pen: Pen, width: number, height: number, random: Random): void {
  const corners = [0, 0, width, 0, width, height, 0, height];
  pen.polygon(
    corners,
    linear(0, 0, width * random.next(), height, randomColour(random), randomColour(random)),
  );
  if (random.chance(0.5)) {
    const y = height * random.between(0.4, 0.8);
    pen.polygon(
      [0, y, width, y, width, height, 0, height],
      linear(0, y, 0, height, randomColour(random), randomColour(random)),
    );
  }
  const count = random.integer(0, 7);
  for (let i = 0; i < count; i++)
    drawShape(pen, width * random.next(), height * random.next(), width * random.between(0.04, 0.35), random);
}

/** A thing that means nothing, so that not everything that is drawn is of a class. About `radius` around (x, y). */
export function drawFigment(pen: Pen, x: number, y: number, radius: number, random: Random): void {
  const count = random.integer(3, 8);
  for (let i = 0; i < count; i++) {
    drawShape(
      pen,
      x + radius * random.between(-0.5, 0.5),
      y + radius * random.between(-0.5, 0.5),
      radius * random.between(0.15, 0.6),
      random,
    );
  }
}

function drawShape(pen: Pen, x: number, y: number, radius: number, random: Random): void {
  const paint = randomPaint(random, x, y, radius);
  const stretch = random.between(0.3, 1);
  const angle = random.between(0, Math.PI);
  switch (random.integer(0, 5)) {
    case 0:
      pen.ellipse(x, y, radius, radius * stretch, paint, angle);
      break;
    case 1:
      pen.within(
        x,
        y,
        () => {
          pen.roundRect(
            -radius,
            -radius * stretch,
            2 * radius,
            2 * radius * stretch,
            radius * 0.2 * random.next(),
            randomColour(random),
          );
        },
        angle,
      );
      break;
    case 2:
      pen.ring(x, y, radius * 0.8, radius * random.between(0.05, 0.3), paint);
      break;
    case 3: {
      const points: number[] = [];
      for (let i = 0; i < 6; i++) {
        const r = radius * random.between(0.4, 1.1);
        points.push(x + r * Math.cos(i * 1.047 + angle), y + r * Math.sin(i * 1.047 + angle));
      }
      pen.blob(points, paint);
      break;
    }
    case 4:
      pen.curve(
        [x - radius, y, x, y + radius * random.between(-1, 1), x + radius, y],
        radius * random.between(0.05, 0.4),
        paint,
        radius * random.between(0.02, 0.3),
      );
      break;
    default:
      pen.polygon([x - radius, y, x, y - radius * stretch, x + radius, y, x, y + radius], paint);
  }
}

/** What a picture is painted on and with, and where in it things stand already. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { type Album, albumOf } from './album.ts';
import { type Bounds, pixelBounds } from './bounds.ts';
import { Canvas, type PlacedThing } from './canvas.ts';
import { type FreePlace, findPlace } from './free-place.ts';
import type { PhotoPainter, Tone } from './paint-photo.ts';
import type { SceneSpec } from './spec.ts';

/** Painted on by one at a time. */
export class Easel {
  readonly canvas: Canvas;
  readonly album: Album;
  readonly painter: PhotoPainter;
  /** For whoever paints next. */
  readonly tone: Tone = new Uint8Array(768);
  /** The whole picture. */
  readonly all: Bounds;
  /** Scenes to judge by: whole things, in ordinary light. */
  readonly calm: boolean;
  /** How much wider than high the pixels of things are made in this picture. */
  squash = 1;
  readonly #taken: Bounds[] = [];

  constructor(spec: SceneSpec) {
    const { width, height } = spec.shape.frame;
    this.canvas = new Canvas(width, height);
    this.album = albumOf(spec);
    const bytes = new Uint8Array(spec.bank?.bytes ?? new ArrayBuffer(0));
    this.painter = { rgb: this.canvas.rgb, width, height, bytes };
    this.all = { left: 0, top: 0, right: width, bottom: height };
    this.calm = spec.purpose.kind === 'evaluation';
  }

  /** Forgets the last picture's things. */
  clear(squash: number): void {
    this.canvas.clear();
    this.#taken.length = 0;
    this.squash = squash;
  }

  /** A place for something of this shape, its longer side in shares of the picture; see `findPlace`. */
  findPlace(width: number, height: number, size: readonly [number, number], random: Random): FreePlace {
    // Evaluated is what is wholly in the picture.
    return findPlace(this.canvas, this.#taken, width, height, size, this.calm ? 0 : 0.12, random);
  }

  /** Adds the thing whose coverage is in `mask`, and keeps its place; see `Canvas.commit`. */
  commit(
    mask: Uint8Array<ArrayBuffer>,
    thing: Pick<PlacedThing, 'classIndex' | 'known'>,
    inside: number,
    hides = true,
  ): void {
    if (!this.canvas.commit(mask, thing, inside, hides)) return;
    const bounds = pixelBounds(mask, this.canvas.width, this.canvas.height);
    if (bounds !== null) this.#taken.push(bounds);
  }
}

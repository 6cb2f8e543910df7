/** The picture that a scene is painted on, and what each of its things covers of it. */

import { Pen } from '../../pipeline/ingest/demo/pen.ts';
import { Raster } from '../../pipeline/ingest/demo/raster.ts';

/** One thing in the picture. */
export interface PlacedThing {
  /** -1 for a thing that is none of the classes. */
  classIndex: number;
  /** `[H, W]` 0..255: how much of each pixel it still shows, things painted over it taken off. */
  mask: Uint8Array<ArrayBuffer>;
  /** Sum of the mask before anything covered it, with what lies beyond the picture's edge. */
  wholeArea: number;
  /** False where its place is only assumed. */
  known: boolean;
}

/** Things a picture holds at most; the rest of a crowd would be too small to see. */
const MAX_THINGS = 12;

/**
 * RGB picture with one mask a thing. Paint a thing on {@link rgb} and its coverage into the mask that {@link begin}
 * gave, then {@link commit} it: the earlier things lose what it covers. Nothing is allocated per picture.
 */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly raster: Raster;
  readonly pen: Pen;
  readonly things: PlacedThing[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.raster = new Raster(width, height, { mask: true });
    this.pen = new Pen(this.raster);
    for (let i = 0; i < MAX_THINGS; i++) this.#spare.push(new Uint8Array(width * height));
  }

  get rgb(): Uint8Array {
    return this.raster.rgb;
  }

  get full(): boolean {
    return this.#spare.length === 0;
  }

  /** Forgets all things; the pixels stay until they are painted over. */
  clear(): void {
    for (const thing of this.things) this.#spare.push(thing.mask);
    this.things.length = 0;
  }

  /** A zeroed mask to paint a thing's coverage into; null when there are enough things. */
  begin(): Uint8Array<ArrayBuffer> | null {
    const mask = this.#spare.pop() ?? null;
    mask?.fill(0);
    return mask;
  }

  /**
   * Adds the thing whose coverage is in `mask`; one that shows nothing is not added. `hides`: it covers others.
   * `inside`: which share of it lies within the picture.
   */
  commit(
    mask: Uint8Array<ArrayBuffer>,
    thing: Pick<PlacedThing, 'classIndex' | 'known'>,
    inside: number,
    hides = true,
  ): boolean {
    let area = 0;
    for (let i = 0; i < mask.length; i++) area += mask[i]!;
    if (area === 0) {
      this.#spare.push(mask);
      return false;
    }
    if (hides) this.hide(mask);
    this.things.push({ ...thing, mask, wholeArea: area / Math.max(inside, 1e-3) });
    return true;
  }

  /** Takes off all things what something painted over them covers. */
  hide(cover: Uint8Array): void {
    for (const { mask } of this.things) {
      for (let i = 0; i < mask.length; i++) {
        const covered = cover[i]!;
        if (covered !== 0 && mask[i] !== 0) mask[i] = (mask[i]! * (255 - covered)) / 255;
      }
    }
  }
}

/** The pictures of a moment to the frame of an example: squashed, several side by side. */

import { FrameResizer, type Resampler } from '../../pipeline/prep/resize.ts';
import type { EntryPicture } from './cache/entry.ts';

/** Not reentrant: work rows belong to the instance. */
export class PictureWriter {
  readonly #width: number;
  readonly #height: number;
  readonly #resampler: Resampler;
  /** By width: panels of one frame differ by a pixel where it does not divide. */
  readonly #resizers = new Map<number, FrameResizer>();
  #panel = new Uint8Array(0);

  constructor(options: { width: number; height: number; resampler: Resampler }) {
    this.#width = options.width;
    this.#height = options.height;
    this.#resampler = options.resampler;
  }

  /** Writes `width * height * 3` bytes, RGB, row by row, from `offset`. */
  write(pictures: readonly EntryPicture[], out: Uint8Array, offset: number): void {
    const [only] = pictures;
    if (only !== undefined && pictures.length === 1) {
      this.#resizer(this.#width).write(only, out, offset);
      return;
    }
    for (const [index, picture] of pictures.entries()) {
      const left = Math.round((index * this.#width) / pictures.length);
      const width = Math.round(((index + 1) * this.#width) / pictures.length) - left;
      const bytes = width * this.#height * 3;
      if (this.#panel.length < bytes) this.#panel = new Uint8Array(bytes);
      this.#resizer(width).write(picture, this.#panel, 0);
      for (let y = 0; y < this.#height; y++) {
        const row = this.#panel.subarray(y * width * 3, (y + 1) * width * 3);
        out.set(row, offset + (y * this.#width + left) * 3);
      }
    }
  }

  #resizer(width: number): FrameResizer {
    let resizer = this.#resizers.get(width);
    if (resizer === undefined) {
      resizer = new FrameResizer({ width, height: this.#height, resampler: this.#resampler });
      this.#resizers.set(width, resizer);
    }
    return resizer;
  }
}

/** The pipeline's pictures to JPEG at frame rate: an encoder for each size in use, off the main thread. */

import { EarsightError } from '../../pipeline/errors.ts';
import { ImageContext } from './image-context.ts';

/** A packed I420 picture, BT.601, full range: the colours of JFIF, so nothing is converted. */
export interface I420Picture {
  width: number;
  height: number;
  /** As `VideoFrame.data`; only read. */
  data: Uint8Array;
}

/** JPEG's usual 1..100 to mjpeg's quantiser, linearly: 100 is 2 (finest), 80 is 8, 1 is 31 (coarsest). */
export function quantiserOf(quality: number): number {
  return Math.round(Math.min(31, Math.max(2, 2 + ((100 - quality) * 29) / 99)));
}

/** Pictures that may wait; each takes under a millisecond or two, so more mean that the machine is overloaded. */
const MAX_WAITING = 32;
/** Sizes whose encoders are kept, the least recently used going first. */
const MAX_SIZES = 8;

/** Pictures are encoded one after the other, since FFmpeg's contexts take one caller at a time. */
export class JpegEncoder {
  readonly #quantiser: number;
  readonly #contexts = new Map<string, ImageContext>();
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed: Promise<void> | null = null;

  /** @param options.quality 1..100, as in other JPEG programs */
  constructor(options: { quality?: number } = {}) {
    this.#quantiser = quantiserOf(options.quality ?? 85);
  }

  /**
   * @returns a JFIF file, the caller's to keep
   * @throws EarsightError `limit-reached` (retryable) when too many pictures wait, `closed`
   */
  encode(picture: I420Picture): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#closed !== null) {
      return Promise.reject(new EarsightError('closed', 'The JPEG encoder is closed.'));
    }
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(
        new EarsightError(
          'limit-reached',
          `${MAX_WAITING} pictures wait for the JPEG encoder; this one is left out.`,
          {
            retryable: true,
          },
        ),
      );
    }
    this.#waiting++;
    const work = this.#queue.then(() => this.#encode(picture)).finally(() => this.#waiting--);
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Idempotent; lets the pictures already taken be finished. */
  close(): Promise<void> {
    this.#closed ??= this.#queue.then(() => {
      for (const context of this.#contexts.values()) context.close();
      this.#contexts.clear();
    });
    return this.#closed;
  }

  async #encode({ width, height, data }: I420Picture): Promise<Uint8Array<ArrayBuffer>> {
    const key = `${width}x${height}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = await ImageContext.open({ codec: 'jpeg', quantiser: this.#quantiser }, width, height);
      const [oldest] = this.#contexts.keys();
      if (oldest !== undefined && this.#contexts.size >= MAX_SIZES) {
        this.#contexts.get(oldest)?.close();
        this.#contexts.delete(oldest);
      }
    } else this.#contexts.delete(key);
    this.#contexts.set(key, context);
    return await context.encode(data);
  }
}

/** Decodes previews off the main thread, newest wins: one in work, one waiting, never a queue. */

import type { HeatmapMessage } from '../../../protocol/messages.ts';

/** A result and its decoded picture; `picture` is null where the result brought none. */
export interface DecodedResult {
  message: HeatmapMessage;
  /** Whoever receives it closes it. */
  picture: ImageBitmap | null;
}

export class PreviewDecoder {
  readonly #deliver: (result: DecodedResult) => void;
  #working = false;
  #waiting: HeatmapMessage | null = null;
  #closed = false;
  /** Results passed over because a newer one came while one was decoded. */
  superseded = 0;

  constructor(deliver: (result: DecodedResult) => void) {
    this.#deliver = deliver;
  }

  push(message: HeatmapMessage): void {
    if (this.#closed) return;
    if (this.#waiting !== null) this.superseded++;
    this.#waiting = message;
    if (!this.#working) void this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting !== null) {
      const message = this.#waiting;
      this.#waiting = null;
      const picture = message.preview === null ? null : await decode(message.preview);
      if (this.#isClosed()) {
        picture?.close();
        break;
      }
      this.#deliver({ message, picture });
    }
    this.#working = false;
  }

  /** A method, so that the compiler does not take `#closed` for unchanged over an `await`. */
  #isClosed(): boolean {
    return this.#closed;
  }
}

/** Null for a damaged JPEG: the heat is still worth showing, over the picture before. */
async function decode(jpeg: Uint8Array): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(new Blob([jpeg as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' }));
  } catch {
    return null;
  }
}

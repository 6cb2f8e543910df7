/**
 * Encodes the pictures of one stream's results, one at a time. Hand-over: keep-newest, one in work and one waiting
 * (two frames at most), so that a slow encoder shows as a lower rate and never as a queue.
 */

import type { HeatmapResult } from '../../pipeline/ports.ts';
import type { VideoFrame } from '../../pipeline/types.ts';

/** JPEG bytes of a frame. The frame stays the caller's; the bytes are the receiver's. */
export type EncodePreview = (frame: VideoFrame) => Promise<Uint8Array>;

/** A result and those who wait for its picture. */
export interface PreviewJob<Recipient> {
  readonly order: number;
  readonly result: HeatmapResult;
  readonly recipients: ReadonlySet<Recipient>;
}

export interface PreviewOutcome<Recipient> {
  /** `preview` is null where encoding failed. */
  done(job: PreviewJob<Recipient>, preview: Uint8Array | null): void;
  /** A newer result took the job's place; its recipients get the newer one. */
  superseded(job: PreviewJob<Recipient>): void;
  failed(job: PreviewJob<Recipient>, error: unknown): void;
}

export class PreviewQueue<Recipient> {
  readonly #encode: EncodePreview;
  readonly #outcome: PreviewOutcome<Recipient>;
  #busy = false;
  #waiting: PreviewJob<Recipient> | null = null;

  constructor(encode: EncodePreview, outcome: PreviewOutcome<Recipient>) {
    this.#encode = encode;
    this.#outcome = outcome;
  }

  push(job: PreviewJob<Recipient>): void {
    if (!this.#busy) {
      void this.#run(job);
      return;
    }
    const replaced = this.#waiting;
    if (replaced === null) {
      this.#waiting = job;
    } else {
      this.#waiting = { ...job, recipients: new Set([...replaced.recipients, ...job.recipients]) };
      this.#outcome.superseded(replaced);
    }
  }

  /** Forgets the waiting job; the one in work still ends, to `done`. */
  clear(): void {
    this.#waiting = null;
  }

  async #run(first: PreviewJob<Recipient>): Promise<void> {
    this.#busy = true;
    for (let job: PreviewJob<Recipient> | null = first; job !== null; job = this.#take()) {
      let preview: Uint8Array | null = null;
      try {
        preview = await this.#encode(job.result.frame);
      } catch (error) {
        this.#outcome.failed(job, error);
      }
      this.#outcome.done(job, preview);
    }
    this.#busy = false;
  }

  #take(): PreviewJob<Recipient> | null {
    const job = this.#waiting;
    this.#waiting = null;
    return job;
  }
}

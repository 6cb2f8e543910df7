/**
 * The live side of one stream: takes its results, decodes their pictures, keeps its figures. Knows no
 * component: those read the signals, and a canvas registers itself as the one who draws.
 */

import { signal } from '@preact/signals';
import type { Alignment, HeatmapMessage } from '../../../protocol/messages.ts';
import { FeedStatistics, type FeedSummary } from './feed-statistics.ts';
import { HeardHistory } from './heard-history.ts';
import { type DecodedResult, PreviewDecoder } from './preview-decoder.ts';

/** What the model said of one class in the newest result. */
export interface ClassReading {
  index: number;
  heard: number;
  seen: number;
  active: boolean;
}

/** The figures a card shows; renewed a few times a second, not once a result. */
export interface Reading extends FeedSummary {
  classes: readonly ClassReading[];
  alignment: Alignment | null;
  skewUs: number | null;
}

const NO_READING: Reading = {
  classes: [],
  alignment: null,
  skewUs: null,
  resultRateHz: 0,
  captureToSendMs: null,
  stages: null,
};

export class StreamFeed {
  readonly id: string;
  readonly reading = signal<Reading>(NO_READING);
  /** Results the server did not send, since this page or its pictures were too slow. */
  readonly missed = signal(0);
  readonly history: HeardHistory;
  readonly #statistics = new FeedStatistics();
  readonly #decoder: PreviewDecoder;
  #newest: HeatmapMessage | null = null;
  #decoded: DecodedResult | null = null;
  #onDecoded: (() => void) | null = null;

  constructor(id: string, classCount: number) {
    this.id = id;
    this.history = new HeardHistory(classCount);
    this.#decoder = new PreviewDecoder((result) => {
      this.#decoded?.picture?.close();
      this.#decoded = result;
      this.#onDecoded?.();
    });
  }

  accept(message: HeatmapMessage, nowMs: number): void {
    this.#newest = message;
    this.#statistics.accept(message, nowMs);
    for (const { index, heard } of message.classes) this.history.accept(index, heard, nowMs);
    if (this.#onDecoded !== null) this.#decoder.push(message);
  }

  addDrops(count: number): void {
    this.missed.value = this.missed.peek() + count;
  }

  /** Renews {@link reading}; call a few times a second. */
  tick(nowMs: number): void {
    this.history.advance(nowMs);
    const summary = this.#statistics.summarise(nowMs);
    // A stream that went quiet must not go on claiming what it last heard.
    const current = summary.captureToSendMs === null ? null : this.#newest;
    this.reading.value = {
      ...summary,
      classes: current?.classes ?? [],
      alignment: current?.alignment ?? null,
      skewUs: current?.skewUs ?? null,
    };
  }

  /**
   * Registers the one who draws. Without one no picture is decoded.
   * @returns Stops it.
   */
  onDecoded(listener: () => void): () => void {
    this.#onDecoded = listener;
    return () => {
      if (this.#onDecoded === listener) this.#onDecoded = null;
    };
  }

  /** Hands over the newest decoded result, once; the caller closes its picture. */
  takeDecoded(): DecodedResult | null {
    const decoded = this.#decoded;
    this.#decoded = null;
    return decoded;
  }

  close(): void {
    this.#onDecoded = null;
    this.#decoder.close();
    this.#decoded?.picture?.close();
    this.#decoded = null;
    this.#statistics.clear();
  }
}

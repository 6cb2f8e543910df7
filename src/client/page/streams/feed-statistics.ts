/** Figures over the last seconds of one stream's results: rate, latency, time per stage. Pure but for its state. */

import type { HeatmapMessage, StageTimes } from '../../../protocol/messages.ts';

export interface FeedSummary {
  /** Results a second that reached this page. */
  resultRateHz: number;
  /** Capture to the moment the server handed the result to its sockets; null without results. */
  captureToSendMs: { p50: number; p95: number } | null;
  /** Means; null without results. */
  stages: StageTimes | null;
}

/** Long enough for a steady figure, short enough to follow a change. */
const SPAN_MS = 5_000;
/** 5 s at 120 results a second; older ones are forgotten first. */
const CAPACITY = 600;

interface Entry {
  receivedMs: number;
  captureToSendMs: number;
  stages: StageTimes;
}

export class FeedStatistics {
  readonly #entries: Entry[] = [];

  /** @param nowMs A clock that never jumps, in milliseconds. */
  accept(message: HeatmapMessage, nowMs: number): void {
    this.#forget(nowMs);
    if (this.#entries.length >= CAPACITY) this.#entries.shift();
    this.#entries.push({
      receivedMs: nowMs,
      captureToSendMs: message.sendWallMs - message.captureWallMs,
      stages: message.stages,
    });
  }

  summarise(nowMs: number): FeedSummary {
    this.#forget(nowMs);
    const count = this.#entries.length;
    const first = this.#entries[0];
    const last = this.#entries[count - 1];
    if (first === undefined || last === undefined) {
      return { resultRateHz: 0, captureToSendMs: null, stages: null };
    }
    const ages = this.#entries.map((entry) => entry.captureToSendMs).sort((a, b) => a - b);
    // Intervals since the first result, and the wait since the last where that is longer than they are.
    const spanMs = Math.max(last.receivedMs - first.receivedMs, nowMs - first.receivedMs - 1_000);
    return {
      resultRateHz: count < 2 || spanMs <= 0 ? 0 : ((count - 1) * 1_000) / spanMs,
      captureToSendMs: { p50: quantile(ages, 0.5), p95: quantile(ages, 0.95) },
      stages: meanStages(this.#entries),
    };
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #forget(nowMs: number): void {
    let expired = 0;
    while (expired < this.#entries.length && this.#entries[expired]!.receivedMs < nowMs - SPAN_MS) expired++;
    if (expired > 0) this.#entries.splice(0, expired);
  }
}

/** Nearest rank on ascending values. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

function meanStages(entries: readonly Entry[]): StageTimes {
  const mean = (of: (stages: StageTimes) => number): number =>
    entries.reduce((sum, entry) => sum + of(entry.stages), 0) / entries.length;
  return {
    decodeUs: mean((stages) => stages.decodeUs),
    alignUs: mean((stages) => stages.alignUs),
    queueUs: mean((stages) => stages.queueUs),
    inferenceUs: mean((stages) => stages.inferenceUs),
    heatUs: mean((stages) => stages.heatUs),
  };
}

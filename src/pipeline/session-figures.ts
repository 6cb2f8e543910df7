/** The counters of one session and the figures over its last ten seconds. */

import type { HeatmapMessage } from '../protocol/messages.ts';
import type { ClockFault } from './clock-faults.ts';
import { Recent } from './recent.ts';
import type { SessionStats } from './session.ts';

const HORIZON_US = 10_000_000;
/** Ten seconds at 50 results a second. */
const MAX_ROWS = 512;

export class SessionFigures {
  framesReceived = 0;
  audioSamplesReceived = 0;
  restarts = 0;
  /** Arrival of the newest sender report of this connection (monotonic). */
  lastReportUs: number | null = null;
  #results = 0;
  readonly #drops = new Map<string, number>();
  /** Capture-to-send in milliseconds, then the five stages in microseconds. */
  readonly #recent = new Recent(6, MAX_ROWS, HORIZON_US);

  drop(reason: string, count: number): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + count);
  }

  result(nowUs: number, { captureWallMs, sendWallMs, stages }: HeatmapMessage): void {
    this.#results++;
    this.#recent.add(nowUs, [
      sendWallMs - captureWallMs,
      stages.decodeUs,
      stages.alignUs,
      stages.queueUs,
      stages.inferenceUs,
      stages.heatUs,
    ]);
  }

  /** Since the newest report of this connection; null before the first. */
  senderReportAgeMs(nowUs: number): number | null {
    return this.lastReportUs === null ? null : Math.max(0, nowUs - this.lastReportUs) / 1000;
  }

  stats(nowUs: number, skewUs: number | null, clockFaults: readonly ClockFault[]): SessionStats {
    const quantiles = this.#recent.quantiles(nowUs, 0, [0.5, 0.95, 0.99]);
    const means = this.#recent.means(nowUs);
    return {
      framesReceived: this.framesReceived,
      audioSamplesReceived: this.audioSamplesReceived,
      results: this.#results,
      drops: Object.fromEntries(this.#drops),
      restarts: this.restarts,
      resultRateHz: this.#recent.rateHz(nowUs),
      captureToSendMs: quantiles && { p50: quantiles[0]!, p95: quantiles[1]!, p99: quantiles[2]! },
      stages: means && {
        decodeUs: Math.round(means[1]!),
        alignUs: Math.round(means[2]!),
        queueUs: Math.round(means[3]!),
        inferenceUs: Math.round(means[4]!),
        heatUs: Math.round(means[5]!),
      },
      skewUs,
      senderReportAgeMs: this.senderReportAgeMs(nowUs),
      clockFaults,
    };
  }
}

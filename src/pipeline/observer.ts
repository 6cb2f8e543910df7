/** What the pipeline reports to whoever counts (Prometheus in the server, the benches). Never throws, never waits. */

import type { HeatmapMessage } from '../protocol/messages.ts';
import type { ClockFault } from './clock-faults.ts';

export interface PipelineObserver {
  frameReceived(sourceId: string, bytes: number): void;
  audioReceived(sourceId: string, samples: number): void;
  dropped(sourceId: string, reason: string, count: number): void;
  /** A picture's window of sound was settled: the share of its samples that were there, 0..1. */
  windowFilled(sourceId: string, ratio: number): void;
  /** RTP packets that never came. */
  packetsLost(sourceId: string, count: number): void;
  batch(size: number): void;
  result(message: HeatmapMessage): void;
  restarted(sourceId: string, reason: string): void;
  clock(
    sourceId: string,
    skewUs: number | null,
    senderReportAgeMs: number | null,
    faults: readonly ClockFault[],
  ): void;
}

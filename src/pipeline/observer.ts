/** What the pipeline reports to whoever counts (Prometheus in the server, the benches). Never throws, never waits. */

import type { HeatmapMessage } from '../protocol/messages.ts';
import type { ClockFault } from './clock-faults.ts';

export interface PipelineObserver {
  frameReceived(sourceId: string, bytes: number): void;
  audioReceived(sourceId: string, samples: number): void;
  dropped(sourceId: string, reason: string, count: number): void;
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

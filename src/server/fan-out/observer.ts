/** What the fan-out reports to whoever counts. Methods return at once and never throw. */

import type { DroppedMessage } from '../../protocol/messages.ts';

export type DropReason = DroppedMessage['reason'];

export interface FanOutObserver {
  /** Connections now open. */
  subscribers(count: number): void;
  /** One message handed to one socket. */
  sent(kind: 'heatmap' | 'control', bytes: number): void;
  /** Results that one subscriber was not sent. */
  dropped(streamId: string, reason: DropReason, count: number): void;
  /** The picture of a result could not be made; the result went out without it. */
  previewFailed(streamId: string, error: unknown): void;
  /** A result could not be encoded: a fault of ours. */
  encodingFailed(streamId: string, error: unknown): void;
}

export const silentObserver: FanOutObserver = {
  subscribers: () => undefined,
  sent: () => undefined,
  dropped: () => undefined,
  previewFailed: () => undefined,
  encodingFailed: () => undefined,
};

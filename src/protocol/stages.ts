/** Stage times as they travel: whole microseconds, 0 to 2^32 - 1 (71 minutes), in both encodings. */

import type { StageTimes } from './messages.ts';

export function wireStages(stages: StageTimes): StageTimes {
  return {
    decodeUs: wireDuration(stages.decodeUs),
    alignUs: wireDuration(stages.alignUs),
    queueUs: wireDuration(stages.queueUs),
    inferenceUs: wireDuration(stages.inferenceUs),
    heatUs: wireDuration(stages.heatUs),
  };
}

/** A stamp taken in another process may be a hair ahead: below 0 becomes 0. */
function wireDuration(us: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(us)));
}

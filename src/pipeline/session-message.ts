/** What subscribers are told of one window. Pure. */

import type { HeatmapMessage } from '../protocol/messages.ts';
import type { AlignedWindow } from './align/window-aligner.ts';

/** When a window left its slot and when its batch was done (monotonic). */
export interface InferenceStamps {
  dispatchedUs: number;
  inferredUs: number;
}

/** `nowUs` (monotonic) and `wallMs` are the moment at which it is sent. */
export function heatmapMessage(
  { frame, ...window }: AlignedWindow,
  classes: HeatmapMessage['classes'],
  stamps: InferenceStamps,
  by: { stream: string; sequence: number; grid: HeatmapMessage['grid']; nowUs: number; wallMs: number },
): HeatmapMessage {
  return {
    type: 'heatmap',
    stream: by.stream,
    sequence: by.sequence,
    ptsUs: frame.ptsUs,
    captureWallMs: window.captureWallMs,
    sendWallMs: by.wallMs,
    alignment: window.alignment,
    skewUs: window.skewUs,
    audioWindow: window.audioWindow,
    picture: { width: frame.width, height: frame.height },
    grid: by.grid,
    stages: {
      decodeUs: frame.decodedUs - frame.arrivalUs,
      alignUs: window.readyUs - frame.decodedUs,
      queueUs: stamps.dispatchedUs - window.readyUs,
      inferenceUs: stamps.inferredUs - stamps.dispatchedUs,
      heatUs: by.nowUs - stamps.inferredUs,
    },
    classes,
    preview: null,
  };
}

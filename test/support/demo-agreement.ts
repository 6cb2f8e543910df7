/** How well results on the demo scene agree with what is true there. */

import { createDemoScene } from '../../src/pipeline/ingest/demo/scene.ts';
import type { HeatmapMessage } from '../../src/protocol/messages.ts';

export interface DemoAgreement {
  /** Moments at which a class was sounding, counted once for each such class. */
  sounding: number;
  /** Those of them whose class was shown, with its peak inside the object's box. */
  found: number;
  /** Moments at which nothing had sounded for two seconds. */
  pauses: number;
  /** Those of them at which something was shown. */
  shownInPauses: number;
  /** By class: sounding and found. */
  byClass: Record<string, { sounding: number; found: number }>;
}

/** The sound that the model hears, and what smoothing keeps of what came before. */
const MEMORY_US = 2_000_000;
const WINDOW_US = 1_000_000;
/** Root mean square over the window below which a sounding class is not asked for: its tail, or its first instant. */
const AUDIBLE_LEVEL = 0.01;

/** @param names of the model's classes, by index. @param seed of the scene */
export function demoAgreement(
  messages: readonly HeatmapMessage[],
  names: readonly string[],
  seed = 1,
): DemoAgreement {
  const scene = createDemoScene({ seed, width: 640, height: 480 });
  const result: DemoAgreement = { sounding: 0, found: 0, pauses: 0, shownInPauses: 0, byClass: {} };
  for (const { ptsUs, classes } of messages) {
    const now = scene.groundTruth(ptsUs, WINDOW_US);
    const instant = scene.groundTruth(ptsUs);
    for (const [i, { className, box, level }] of now.entries()) {
      if (box === null || level < AUDIBLE_LEVEL || instant[i]?.sounding !== true) continue;
      const counts = (result.byClass[className] ??= { sounding: 0, found: 0 });
      const peak = classes.find(({ index }) => names[index] === className)?.peak ?? null;
      const inside =
        peak !== null &&
        peak.x >= box.x &&
        peak.x <= box.x + box.width &&
        peak.y >= box.y &&
        peak.y <= box.y + box.height;
      result.sounding++;
      counts.sounding++;
      if (!inside) continue;
      result.found++;
      counts.found++;
    }
    if (scene.groundTruth(ptsUs, MEMORY_US).some(({ level }) => level > 1e-4)) continue;
    result.pauses++;
    if (classes.some(({ active }) => active)) result.shownInPauses++;
  }
  return result;
}

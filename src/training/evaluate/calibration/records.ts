/** What calibration keeps of each validation example: probabilities, labels, and the maps of what sounds. */

import type { Example } from '../example.ts';
import type { ExampleListener } from '../run.ts';
import type { Labels } from '../scorer.ts';
import { CLASS_PROTOCOL, classMasks } from '../truth-masks.ts';

/** Pixels of the square on which candidate maps are judged: coarser than the tables' 256, and 16 times as fast. */
export const SEARCH_SIDE = 64;

/** The maps of one class that sounds in one example. */
export interface SoundingClass {
  classIndex: number;
  /** Number of classes that sound in sight in the example; 0 where this one sounds off screen alone. */
  level: number;
  /** `[U, V]` */
  similarity: Float32Array;
  /** `[U, V]`; null where the network does not give it. */
  activation: Float32Array | null;
  /** `[side, side]` 1 inside its objects; null where it sounds off screen. */
  mask: Uint8Array | null;
  /** Raw probability of being seen. */
  seen: number;
}

export interface ProbabilityRecord {
  audio: Float32Array;
  visual: Float32Array;
  heard: Float32Array;
  seen: Float32Array;
  kind: string | null;
}

/** Bounded by the number of validation examples: some kilobytes each. */
export class ValidationRecords implements ExampleListener {
  readonly probabilities: ProbabilityRecord[] = [];
  /** By example. */
  readonly sounding: SoundingClass[][] = [];

  add({ localization }: Example, { truth, heard, seen, kind, located }: Labels): void {
    const { audioProbability, visualProbability, similarity, activation } = localization;
    this.probabilities.push({
      audio: audioProbability.slice(),
      visual: visualProbability.slice(),
      heard: heard.slice(),
      seen: seen.slice(),
      kind,
    });
    const cells = similarity.length / heard.length;
    const found: SoundingClass[] = [];
    const inSight = classMasks(truth, true, { ...CLASS_PROTOCOL, side: SEARCH_SIDE });
    for (const [classIndex, label] of heard.entries()) {
      if (label < 0.5) continue;
      const mask = inSight.get(classIndex) ?? null;
      // Where it sounds is not known: that says nothing about maps.
      if (mask === null && !located && !truth.offScreen.includes(classIndex)) continue;
      const at = classIndex * cells;
      found.push({
        classIndex,
        level: Math.min(inSight.size, 3),
        similarity: similarity.slice(at, at + cells),
        activation: activation?.slice(at, at + cells) ?? null,
        mask,
        seen: visualProbability[classIndex]!,
      });
    }
    this.sounding.push(found);
  }
}

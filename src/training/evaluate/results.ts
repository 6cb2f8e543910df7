/** What an evaluation found: plain numbers, as they are written to JSON and laid out in tables. */

import type { Row } from './methods.ts';

/** Shares of a map's maximum at which class maps are cut. */
export const MAP_THRESHOLDS = [0.1, 0.3, 0.5] as const;

/** Success and area under its curve, 0..1. */
export interface Success {
  success: number;
  auc: number;
}

/** Hits among tries. */
export interface Rate {
  n: number;
  hits: number;
}

/** SoundNet-Flickr's protocol: one map for all that sounds; success at cIoU 0.5. */
export interface AgnosticTable {
  n: number;
  /** By row: each binarisation's figures; null where the network does not give the map. */
  rows: Record<string, Record<'qian' | 'simplified-0.5' | 'median', Success> | null>;
}

/** Eq. 9's protocol: one map a sounding class. */
export interface LevelTable {
  /** Number of distinct sounding classes in sight; 3 stands for three and more. */
  level: number;
  n: number;
  /** cIoU from which a frame succeeds. */
  threshold: number;
  rows: Record<
    string,
    {
      /** In the order of {@link MAP_THRESHOLDS}. */
      cuts: Success[];
      /** Peaks inside the class's object, over sounding classes. */
      pointing: Rate;
      /** Peaks inside a silent class's object and not in the own, over sounding classes of frames that have one. */
      silent: Rate;
    } | null
  >;
}

export interface ClassFigures {
  name: string;
  /** Examples in which it sounds, and in which it is seen. */
  heard: number;
  seen: number;
  /** Null without an example. */
  heardAp: number | null;
  seenAp: number | null;
}

/** How surely the gates open where they should and stay shut where not. */
export interface GateFigures {
  /** Frames of each level of which all sounding classes are heard. */
  allHeard: { level: number; rate: Rate }[];
  /** Sounding classes that are heard. */
  heard: Rate;
  /** Frames with sound of the classes in which another class is heard too. */
  wrong: Rate;
  /** Clips without sound of the classes in which one is heard, by what they hold. */
  falseOpens: { kind: string; rate: Rate }[];
}

/** Hottest cell of the shown heat, times the probability heard: median over the examples; null without any. */
export interface PeakFigures {
  inSight: { n: number; median: number | null };
  offScreen: { n: number; median: number | null };
  noSound: { n: number; median: number | null };
}

export interface EvaluationResult {
  format: 1;
  model: string;
  data: string;
  seed: number;
  samples: number;
  classes: readonly string[];
  rows: readonly Row[];
  agnostic: AgnosticTable;
  levels: LevelTable[];
  heardMap: number | null;
  seenMap: number | null;
  perClass: ClassFigures[];
  gate: GateFigures;
  peaks: PeakFigures;
  /** `[true][answer]` of what is heard; the last row and column are "none". */
  confusion: number[][];
  /** What could not be evaluated, and why. */
  remarks: string[];
}

export function shareOf({ n, hits }: Rate): number | null {
  return n === 0 ? null : hits / n;
}

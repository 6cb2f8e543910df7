/** What the protocols of later papers found: plain numbers, as they are written to JSON and laid out in tables. */

import type { ThresholdStatistic } from '../../metrics/negatives.ts';
import type { Row } from '../methods.ts';
import type { AlignmentFigures } from './alignment.ts';
import type { AvgnFigures } from './avgn.ts';
import type { AvsbenchFigures } from './avsbench.ts';
import type { DsolFigures } from './dsol.ts';
import type { LaterProtocol } from './protocol.ts';
import type { SIZES, SlavcFigures } from './slavc.ts';
import type { VsslFigures } from './vssl.ts';

/** By row; null where the network does not give the map, absent where the protocol has no such row. */
export type Figures<T> = Record<string, T | null>;

/** @param tallies of each row, and whether the network does not give its map */
export function figuresOf<Tallies extends { row: Row; isMissing: boolean }, T>(
  tallies: readonly Tallies[],
  of: (one: Tallies) => T | null,
): Figures<T> {
  return Object.fromEntries(tallies.map((one) => [one.row.id, one.isMissing ? null : of(one)]));
}

/** Of all that sounds, one map. Null where the set has no example for a protocol. */
export interface SceneFigures {
  slavc: {
    visible: number;
    negatives: number;
    sizes: Record<(typeof SIZES)[number], number>;
    rows: Figures<SlavcFigures>;
  } | null;
  whole: { n: number; rows: Figures<AlignmentFigures> } | null;
  vssl: {
    positives: number;
    negatives: { kind: string; n: number }[];
    statistics: { statistic: ThresholdStatistic; rows: Figures<VsslFigures> }[];
  } | null;
  avsbench: {
    n: number;
    /** Frames in which nothing that sounds is in sight. */
    empty: number;
    /** Frames whose truth is a mask, and not boxes. */
    masked: number;
    rows: Figures<AvsbenchFigures>;
  } | null;
}

/** Of a map for each source. */
export interface SourceFigures {
  dsol: {
    n: number;
    /** Frames in which classes are silent. */
    silent: number;
    rows: Figures<DsolFigures>;
  } | null;
  avgn: { sources: number; mixtures: number; rows: Figures<AvgnFigures> } | null;
  interactive: { sources: number; pictures: number; rows: Figures<AlignmentFigures> } | null;
}

export interface LaterResult extends SceneFigures, SourceFigures {
  protocol: LaterProtocol;
  /** Which protocols the set has no examples for. */
  remarks: string[];
}

/** What a set is to the protocols of later papers: how boxes become pixels, and which examples are one scene. */

import type { HeatCalibration } from '../../../pipeline/heatmap/heat-stage.ts';
import type { DatasetKind } from '../../datasets/dataset-choice.ts';
import type { DSOL_SHARES } from '../../metrics/dsol.ts';
import { LVS_SIDE } from '../../metrics/raster.ts';
import type { SampleShape } from '../../sample.ts';
import type { Row } from '../methods.ts';
import type { Labels } from '../scorer.ts';
import { type BoxProtocol, sceneMask } from '../truth-masks.ts';

export interface LaterProtocol {
  /** Boxes to pixels: all of these papers judge at 224 x 224. */
  box: BoxProtocol;
  /** Whose share of the maximum DSOL's maps are cut at. */
  dsolSet: keyof typeof DSOL_SHARES;
  /** Whether DSOL published a share for this very set. */
  isDsolSet: boolean;
  /**
   * Which examples of one group are sources of one scene. `own`: every example is a scene. `pairs`: those with a source
   * off screen, which the other examples show. `pictures`: all; each is the same picture with another sound.
   */
  grouping: 'own' | 'pairs' | 'pictures';
}

/** What all protocols are told. */
export interface LaterOptions {
  shape: SampleShape;
  rows: readonly Row[];
  calibration: HeatCalibration;
  protocol: LaterProtocol;
  /** Of random maps. */
  seed: number;
}

type Kinds = ReadonlySet<DatasetKind | null>;
/** One source in each picture. */
const SOLOS: Kinds = new Set<DatasetKind>([
  'music-solo',
  'flickr',
  'ave',
  'vggsound',
  'vggss',
  'vggsound-instruments',
  'avsbench-s4',
]);
/** Pictures put together; null stands for composed scenes. */
const SYNTHETIC: Kinds = new Set<DatasetKind | null>(['dsol-synthetic', 'is3', null]);
const OF_DSOL: Kinds = new Set<DatasetKind>(['music-solo', 'music-duet', 'dsol-synthetic']);
const PAIRS: Kinds = new Set<DatasetKind>(['vggsound-duet', 'vggsound-instruments-pairs', 'jsonl']);

/** @param kind null for composed scenes */
export function laterProtocol(kind: DatasetKind | null): LaterProtocol {
  return {
    box: { side: LVS_SIDE, rule: 'lvs', consensus: kind === 'flickr' },
    dsolSet: SOLOS.has(kind) ? 'solo' : SYNTHETIC.has(kind) ? 'synthetic' : 'duet',
    isDsolSet: OF_DSOL.has(kind),
    grouping: kind === 'is3' ? 'pictures' : PAIRS.has(kind) ? 'pairs' : 'own',
  };
}

/** The scene that an example belongs to; null where it is one by itself. */
export function sceneOf({ truth }: Pick<Labels, 'truth'>, { grouping }: LaterProtocol): string | null {
  const { group, offScreen } = truth;
  if (group === undefined || grouping === 'own') return null;
  return grouping === 'pictures' || offScreen.length > 0 ? group : null;
}

/** What sounds in sight, 0..1 a pixel; or, where nothing does, what the example is a negative of. */
export type Sight = { mask: Uint8Array | Float32Array } | { mask: null; negative: string };

/**
 * Null where it is not known whether something that sounds is in sight. A mask without a pixel says that nothing does; a
 * box without area is an object that nobody can find, as VGG-SS has some.
 */
export function inSight(
  labels: Pick<Labels, 'truth' | 'kind' | 'located' | 'heard'>,
  { box }: LaterProtocol,
): Sight | null {
  const { truth, kind, located, heard } = labels;
  const mask = sceneMask(truth, box);
  const hasBox = truth.boxes.some(({ sounding }) => sounding);
  if (mask !== null && (hasBox || mask.includes(1))) return { mask };
  if (kind !== null) return { mask: null, negative: kind };
  const { offScreen } = truth;
  const isAllOff = offScreen.length > 0 && heard.every((value, c) => value < 0.5 || offScreen.includes(c));
  if (isAllOff) return { mask: null, negative: 'off screen' };
  return located || mask !== null ? { mask: null, negative: 'not in sight' } : null;
}

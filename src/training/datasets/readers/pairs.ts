/** Two clips whose sounds are mixed: what AVGN's and later duet protocols evaluate. */

import type { DatasetChoice } from '../dataset-choice.ts';
import { MIDDLE, type Moment, type Region } from '../moment.ts';
import { momentOf, pictureOf, soundOf } from './layout.ts';

export interface PairSource {
  id: string;
  name: string;
  /** As shares of its own picture. */
  regions: Region[];
}

/** One moment of both pictures side by side, or one for each source with the other one off screen. */
export function pairMoments(
  dataset: string,
  [first, second]: readonly [PairSource, PairSource],
  pairing: DatasetChoice['pairing'],
): Moment[] {
  const group = `${first.id}+${second.id}`;
  const shared = {
    sounds: [soundOf(first.id, MIDDLE), soundOf(second.id, MIDDLE)],
    heard: [...new Set([first.name, second.name])],
    located: true,
    split: 'test' as const,
    note: `${dataset}: ${group}, ${first.name} + ${second.name}`,
    group,
  };
  if (pairing === 'side-by-side') {
    return [
      momentOf({
        ...shared,
        id: group,
        pictures: [pictureOf(first.id, MIDDLE), pictureOf(second.id, MIDDLE)],
        seen: shared.heard,
        regions: [...inPanel(first.regions, 0), ...inPanel(second.regions, 1)],
      }),
    ];
  }
  return [first, second].map((source, index) =>
    momentOf({
      ...shared,
      id: `${group}/${index}`,
      pictures: [pictureOf(source.id, MIDDLE)],
      seen: [source.name],
      offScreen: shared.heard.filter((name) => name !== source.name),
      regions: source.regions,
    }),
  );
}

function inPanel(regions: readonly Region[], panel: 0 | 1): Region[] {
  return regions.map(
    ({ box, mask, ...region }): Region => ({
      ...region,
      ...(box === undefined
        ? {}
        : { box: [(box[0] + panel) / 2, box[1], (box[2] + panel) / 2, box[3]] as const }),
      ...(mask === undefined ? {} : { mask: { ...mask, panel } }),
    }),
  );
}

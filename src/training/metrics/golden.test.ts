/** Published boxes through our metrics: bit for bit the figures that were computed from them independently. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { namedFile } from '../datasets/annotations/annotation-folder.ts';
import type { DatasetChoice } from '../datasets/dataset-choice.ts';
import type { Moment } from '../datasets/moment.ts';
import { readDataset } from '../datasets/read-dataset.ts';
import { allOnes, centreBox } from './baseline-maps.ts';
import { shareOfMaximum } from './binarise.ts';
import { consensusIou } from './ciou.ts';
import { classAwareIou } from './class-aware.ts';
import { consensusOfBoxes, LVS_SIDE, QIAN_SIDE, type ShareBox, unionOfBoxes } from './raster.ts';
import { successAuc, successShare } from './success.ts';
import { mean } from './sum.ts';

const shared = join(import.meta.dirname, '../../../../shared/annotations');
const goldenPath = join(shared, 'golden_metrics.json');
const figuresSchema = z.object({
  n: z.number(),
  'success@0.3(ge)': z.number(),
  'success@0.5(ge)': z.number(),
  auc21: z.number(),
  mean_ciou: z.number(),
});

const golden = existsSync(goldenPath)
  ? z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(goldenPath, 'utf8')))
  : {};
const goldenFigures = (name: string): z.infer<typeof figuresSchema> => figuresSchema.parse(golden[name]);

function figuresOf(cious: readonly number[]): z.infer<typeof figuresSchema> {
  return {
    n: cious.length,
    'success@0.3(ge)': successShare(cious, 0.3),
    'success@0.5(ge)': successShare(cious, 0.5),
    auc21: successAuc(cious),
    mean_ciou: mean(cious),
  };
}

const MAPS = { whole: allOnes, box25: centreBox };
type MapName = keyof typeof MAPS;
const mapNames: MapName[] = ['whole', 'box25'];

const onOf = (map: MapName, side: number): Uint8Array => shareOfMaximum(MAPS[map](side), 0.1, 'above');

function boxesOf({ regions }: Moment, name?: string): ShareBox[] {
  return regions.flatMap((region) => {
    if (region.box === undefined || (name !== undefined && region.name !== name)) return [];
    const [x0, y0, x1, y1] = region.box;
    return [{ x0, y0, x1, y1 }];
  });
}

const read = (choice: Omit<DatasetChoice, 'folder'>): Moment[] =>
  readDataset({ folder: import.meta.dirname, ...choice }).moments;

/** The cIoU of eq. 9 of every frame with so many classes, where every class gets the same map. */
function classAware(moments: readonly Moment[], level: number, on: Uint8Array): number[] {
  return moments.flatMap((moment) => {
    const names = [...new Set(moment.regions.map(({ name }) => name))];
    if (names.length !== level) return [];
    const classes = names.map((name) => ({
      on,
      truth: unionOfBoxes(boxesOf(moment, name ?? ''), QIAN_SIDE, 'lvs'),
    }));
    return [classAwareIou(classes)];
  });
}

describe.skipIf(!existsSync(goldenPath))(
  'golden figures (skipped where ../shared/annotations is absent)',
  () => {
    it('toy vectors', () => {
      const toy = z
        .object({ g: z.array(z.array(z.number())), m: z.array(z.array(z.number())), ciou: z.number() })
        .parse(golden['toy_flickr']);
      expect(consensusIou(Uint8Array.from(toy.m.flat()), toy.g.flat())).toBe(toy.ciou);
      const cious = z.object({ cious: z.array(z.number()) }).parse(golden['toy_summary']).cious;
      expect(figuresOf(cious)).toEqual(goldenFigures('toy_summary'));
    });

    it.each(mapNames)('VGG-SS, %s', (map) => {
      const on = onOf(map, LVS_SIDE);
      const moments = read({ kind: 'vggss', annotations: join(shared, 'open') });
      const cious = moments.map((moment) => consensusIou(on, unionOfBoxes(boxesOf(moment), LVS_SIDE, 'lvs')));
      expect(figuresOf(cious)).toEqual(goldenFigures(`vggss5158_S224_clip01_${map}`));
    });

    /** DSOL's copy lacks 635 of 8038 boxes, the trumpets' among them, so that its figures are near, not equal. */
    it.each(mapNames)("AudioSet-instrument, %s: DSOL's copy of most boxes comes near", (map) => {
      const moments = read({ kind: 'audioset-instrument', boxes: 'dsol', annotations: join(shared, 'open') });
      const figures = figuresOf(classAware(moments, 1, onOf(map, QIAN_SIDE)));
      const expected = goldenFigures(`audioset_L1_S256_classaware_samemap_${map}`);
      expect(figures.n).toBe(4270);
      expect(Math.abs(figures.auc21 - expected.auc21)).toBeLessThan(0.05);
      expect(Math.abs(figures['success@0.5(ge)'] - expected['success@0.5(ge)'])).toBeLessThan(0.05);
    });
  },
);

/** Files whose owners grant no licence; whoever has them puts them into `../shared/annotations/own`. */
const own = join(shared, 'own');
const hasAuthors = existsSync(join(own, 'normav.json'));
const flickrFile = join(own, 'gtdata.pkl');

describe.skipIf(!hasAuthors)(
  "the authors' AudioSet boxes (skipped without annotations/own/normav.json)",
  () => {
    it.each([1, 2, 3])('level %i', (level) => {
      const moments = read({ kind: 'audioset-instrument', boxes: 'authors', annotations: own });
      for (const map of mapNames) {
        const figures = figuresOf(classAware(moments, level, onOf(map, QIAN_SIDE)));
        expect(figures).toEqual(goldenFigures(`audioset_L${level}_S256_classaware_samemap_${map}`));
      }
    });
  },
);

describe.skipIf(!existsSync(flickrFile))(
  'SoundNet-Flickr (skipped without annotations/own/gtdata.pkl)',
  () => {
    it.each(mapNames)('249 photos, %s, by both rules', (map) => {
      const subset = namedFile(join(shared, 'open/flickr/flickr_test.csv')).path;
      const moments = read({ kind: 'flickr', annotations: own, subset });
      for (const [rule, side] of [
        ['qian', QIAN_SIDE],
        ['lvs', LVS_SIDE],
      ] as const) {
        const on = onOf(map, side);
        const cious = moments.map((moment) =>
          consensusIou(on, consensusOfBoxes(boxesOf(moment), side, rule)),
        );
        expect(figuresOf(cious)).toEqual(goldenFigures(`flickr249_S${side}_${rule}_boxes_${map}`));
      }
    });
  },
);

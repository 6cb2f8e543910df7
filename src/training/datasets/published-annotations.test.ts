/** The readers on the annotation files as published, where these lie beside the checkout: known facts of each. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namedFile } from './annotations/annotation-folder.ts';
import type { DatasetChoice } from './dataset-choice.ts';
import type { Moment, Reading } from './moment.ts';
import { readDataset } from './read-dataset.ts';
import { hasArea } from './readers/boxes.ts';
import { readPairList } from './readers/music.ts';
import { readSubset } from './readers/subset.ts';

const open = join(import.meta.dirname, '../../../../shared/annotations/open');
const isHere = existsSync(open);
/** No media are looked at. */
const folder = import.meta.dirname;

function read(choice: Omit<DatasetChoice, 'folder' | 'annotations'>, annotations = open): Reading {
  return readDataset({ ...choice, folder, annotations });
}

function histogram<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const boxed = ({ regions }: Moment): string[] => [...new Set(regions.map(({ name }) => name ?? ''))];

describe.skipIf(!isHere)('published annotations (skipped where ../shared/annotations is absent)', () => {
  it('VGG-SS: 5158 entries of 221 classes, 12 of them corrupt, and 2 without area', () => {
    const { moments, classes, remarks } = read({ kind: 'vggss' });
    expect([moments.length, classes.length]).toEqual([5158, 221]);
    const boxes = histogram(moments.map(({ regions }) => regions.length));
    expect([1, 2, 3, 4, 5, 6, 7].map((count) => boxes.get(count))).toEqual([4619, 385, 94, 37, 18, 3, 2]);
    expect(remarks.filter((text) => text.includes('corrupt'))).toHaveLength(12);
    expect(remarks.filter((text) => text.includes('no box with an area'))).toHaveLength(2);
    const withoutArea = moments.filter(
      ({ regions }) => !regions.some(({ box }) => box !== undefined && hasArea(box)),
    );
    expect(withoutArea).toHaveLength(2);
    expect(
      moments.every(({ regions }) => regions.every(({ box }) => box?.every((at) => at >= 0 && at <= 1))),
    ).toBe(true);
  });

  it("VGG-SS: SLAVC's lists of heard and unheard classes, and 5158 negatives beside the positives", () => {
    const list = (name: string): string => join(open, 'slavc', name);
    expect(read({ kind: 'vggss', subset: list('vggss_heard_test.csv') }).moments).toHaveLength(2564);
    expect(read({ kind: 'vggss', subset: list('vggss_unheard_test.csv') }).moments).toHaveLength(2575);
    const { moments } = read({ kind: 'vggss', subset: list('vggss_test_plus_silent.csv') });
    const negatives = moments.filter(({ regions }) => regions.length === 0);
    expect([moments.length, negatives.length]).toEqual([2 * 5158, 5158]);
    expect(negatives.every(({ located, heard }) => located && heard.length === 0)).toBe(true);
  });

  it('Flickr: 249 test photos, 250 negatives', () => {
    expect(readSubset(join(open, 'flickr/flickr_test.csv')).ids).toHaveLength(249);
    const { ids, negatives } = readSubset(join(open, 'slavc/flickr_test_plus_silent.csv'));
    expect([ids, negatives.length]).toEqual([null, 250]);
    expect(negatives[0]).toEqual({ picture: '10000130166', sound: '10437048305' });
  });

  it("AudioSet-instrument: DSOL's 4503 frames of 566 clips; Trumpet and Oboe have no boxes there", () => {
    const { moments, classes } = read({ kind: 'audioset-instrument', boxes: 'dsol' });
    expect([moments.length, new Set(moments.map(({ group }) => group)).size]).toEqual([4503, 566]);
    const names = new Set(moments.flatMap(boxed));
    expect(classes.filter((name) => !names.has(name))).toEqual(['Oboe', 'Trumpet']);
    // The authors' file has 4273, 211 and 19 frames of 1, 2 and 3 classes; the Trumpets make the difference.
    const levels = histogram(moments.map((moment) => boxed(moment).length));
    expect([0, 1, 2, 3].map((level) => levels.get(level))).toEqual([30, 4270, 194, 9]);
    expect(moments.flatMap(({ regions }) => regions)).toHaveLength(7403);
    // The same boxes in the authors' normav.json are of Piano, Violin and Horn.
    const classOf = (id: string): string[] => boxed(moments.find((moment) => moment.id === id)!);
    expect(classOf('HVA9-fjtv6U/0')).toEqual(['Piano']);
    expect(classOf('fcpVyvn5vKk/1')).toEqual(['Violin']);
    expect(classOf('f2c3zsrRs1Y/0')).toEqual(['Horn']);
  });

  it.each([
    ['music-solo', 13_472, 1116, 27],
    ['music-duet', 11_512, 1228, 16],
  ] as const)('%s: %i frames of DSOL, %i of them without a box', (kind, frames, empty, clips) => {
    const { moments, remarks } = read({ kind, boxes: 'dsol' });
    expect(moments).toHaveLength(frames - empty);
    expect(remarks).toEqual([`${empty} frames have no box: left out, as DSOL does`]);
    expect(new Set(moments.map(({ group }) => group)).size).toBeLessThanOrEqual(clips);
  });

  it('MUSIC: DSOL and AVGN name the same instruments in the clips that both boxed', () => {
    let compared = 0;
    for (const kind of ['music-solo', 'music-duet'] as const) {
      const avgn = new Map(
        read({ kind, boxes: 'avgn-xywh' }).moments.map(({ group, heard }) => [group, heard]),
      );
      for (const { group, heard } of read({ kind, boxes: 'dsol' }).moments) {
        const other = avgn.get(group?.replace(/_0_1000$/, ''));
        if (other === undefined || heard.length !== other.length) continue;
        expect([...heard].sort()).toEqual([...other].sort());
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(10_000);
  });

  it("MUSIC: AVGN's 2124 and 1020 rows; read as its own loader does, 1647 boxes of the solos have no area", () => {
    expect(read({ kind: 'music-solo', boxes: 'avgn-xywh' })).toMatchObject({
      moments: { length: 2124 },
      remarks: [],
    });
    expect(read({ kind: 'music-solo', boxes: 'avgn-xyxy' }).remarks).toEqual([
      '1647 boxes have no area when read as xyxy',
    ]);
    const duets = read({ kind: 'music-duet', boxes: 'avgn-xywh' });
    expect([duets.moments.length, new Set(duets.moments.map(({ group }) => group)).size]).toEqual([1020, 6]);
    const pairs = histogram(duets.moments.map(({ heard }) => heard.join('+')));
    expect(pairs.get('cello+acoustic_guitar')).toBe(1012);
  });

  it("MUSIC: DSOL's lists of clips", () => {
    const rows = (name: string): number =>
      readPairList(namedFile(join(open, `dsol/music_splits/${name}`))).length;
    expect(rows('solo_solo_pairs.txt')).toBe(489);
    expect(rows('solo_solo_testing.txt')).toBe(27);
    expect(rows('duet_duet_pairs_val.txt')).toBe(17);
    const { moments } = read({ kind: 'music-solo', boxes: 'dsol', split: 'test' });
    expect(moments).toHaveLength(12_356);
  });

  it('VGGSound: 15446 test clips of 309 classes, labels with commas in one piece', () => {
    const { moments, classes } = read({ kind: 'vggsound' });
    expect([moments.length, classes.length]).toEqual([15_446, 309]);
    expect(classes).toContain('bird chirping, tweeting');
    expect(moments[0]).toMatchObject({
      id: 'glLQrEijrKg_000300',
      heard: ['playing hammond organ'],
      split: 'test',
    });
  });

  it('VGGSound-Instruments: 446 clips of 36 classes and as many pairs', () => {
    const single = read({ kind: 'vggsound-instruments' });
    expect([single.moments.length, single.classes.length]).toEqual([446, 36]);
    expect(read({ kind: 'vggsound-instruments-pairs' }).moments).toHaveLength(2 * 446);
    expect(read({ kind: 'vggsound-instruments-pairs', pairing: 'side-by-side' }).moments).toHaveLength(446);
  });

  it('VGGSound-Duet: 5158 pairs, both clips of each with boxes of VGG-SS', () => {
    const sides = read({ kind: 'vggsound-duet', pairing: 'side-by-side' });
    expect([sides.moments.length, sides.classes.length]).toEqual([5158, 221]);
    const [first] = sides.moments;
    expect(first).toMatchObject({
      heard: ['elk_bugling', 'people_coughing'],
      sounds: { length: 2 },
      pictures: { length: 2 },
    });
    // Left half: the elk's box 0.403125 .. 0.6 of its own picture.
    expect(first?.regions[0]?.box?.[0]).toBeCloseTo(0.403125 / 2, 9);
    expect(sides.moments.every(({ regions }) => regions.at(-1)!.box![2] <= 1)).toBe(true);
    expect(read({ kind: 'vggsound-duet' }).moments).toHaveLength(2 * 5158);
  });
});

/** The protocols of later papers as tables of text. */

import { DSOL_SHARES } from '../../metrics/dsol.ts';
import type { ThresholdStatistic } from '../../metrics/negatives.ts';
import type { Row } from '../methods.ts';
import { examples, pair, percent, rowsWith, type Table } from '../tables.ts';
import type { LaterProtocol } from './protocol.ts';
import type { LaterResult } from './results.ts';
import { SIZES } from './slavc.ts';

type Rows = readonly Row[];
type Part<K extends keyof LaterResult> = NonNullable<LaterResult[K]>;

/** One table or more for each protocol that the set has examples for. */
export function laterTables(later: LaterResult, rows: Rows): Table[] {
  const { protocol, dsol, slavc, avgn, whole, interactive, vssl, avsbench } = later;
  return [
    ...(dsol === null ? [] : [dsolTable(dsol, protocol, rows)]),
    ...(slavc === null ? [] : [slavcTable(slavc, rows)]),
    ...(avgn === null ? [] : [avgnTable(avgn, protocol, rows)]),
    ...(whole === null ? [] : [wholeTable(whole, rows)]),
    ...(interactive === null ? [] : [interactiveTable(interactive, protocol, rows)]),
    ...(vssl === null ? [] : vsslTables(vssl, rows)),
    ...(avsbench === null ? [] : [avsbenchTable(avsbench, rows)]),
  ];
}

const count = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

function dsolTable({ n, silent, rows: figures }: Part<'dsol'>, protocol: LaterProtocol, rows: Rows): Table {
  const { dsolSet, isDsolSet } = protocol;
  const share = `${DSOL_SHARES[dsolSet]} of its maximum`;
  const why = isDsolSet
    ? `, as DSOL has it`
    : `: DSOL's share for ${DSOL_SETS[dsolSet]}, for which this set counts`;
  return {
    title: `DSOL: CIoU@0.3 / AUC, and NSA, % (${examples(n)}; NSA ${silent})`,
    note: `Hu et al. 2020. Each sounding class's own map against its own objects, averaged over the frame's classes; a map is on above ${share}${why}. NSA: what the maps of the classes that do not sound leave at or below 0.2, of the picture. A map's scale decides on it: ours is a probability; CAM and multi-task are divided by the frame's largest value over all classes, AVC by its own; K alone reaches 1 for every class, sounding or not.`,
    head: ['method', 'CIoU@0.3 / AUC', 'NSA'],
    rows: rowsWith(rows, figures, (of) => [pair(of), percent(of.nsa)]),
  };
}

const DSOL_SETS: Record<LaterProtocol['dsolSet'], string> = {
  solo: 'solos',
  duet: 'duets',
  synthetic: 'synthetic scenes',
};

function slavcTable({ visible, negatives, sizes, rows: figures }: Part<'slavc'>, rows: Rows): Table {
  return {
    title: `SLAVC, with negatives: AP, max-F1, LocAcc, % (${examples(visible)} in sight, ${count(negatives, 'negative')})`,
    note: "Mo and Morgado 2022. One map of all that sounds, on from its median, right from cIoU 0.5, which is out of reach of what fills less than a quarter of the picture; a negative is an example in which nothing that sounds is in sight. Confidence: the mean of the map's largest quarter. SLAVC's map is a similarity in a fixed range, as K alone is, (K + 1) / 2; ours is the heat, 0 where no gate opens; CAM, multi-task and AVC have no range. CAM, multi-task and K alone weigh classes by probabilities that add up to 1 whatever is heard, so that they are sure of a silent picture too. Where all maps are equally sure (all ones, the Gaussian), AP is 0: its area starts at the first recall that is reached. LocAcc also by the size of what sounds.",
    head: ['method', 'AP', 'max-F1', 'LocAcc', ...SIZES.map((size) => `${size} (${sizes[size]})`)],
    rows: rowsWith(rows, figures, (of) => [
      percent(of.ap),
      percent(of.maxF1),
      percent(of.locAcc),
      ...SIZES.map((size) => percent(of.sizes[size])),
    ]),
  };
}

function avgnTable(
  { sources, mixtures, rows: figures }: Part<'avgn'>,
  { grouping }: LaterProtocol,
  rows: Rows,
): Table {
  const where =
    grouping === 'pairs' || mixtures === 0
      ? 'each in the picture that shows it'
      : 'all of a frame in the same picture, where AVGN has a picture for each, so that its figures are higher';
  return {
    title: `AVGN, source by source: CAP, AP, PIAP, CIoU@0.3 / AUC, % (${count(sources, 'source')}; PIAP ${count(mixtures, 'mixture')})`,
    note: `Mo and Tian 2023. Each source's class map, ${where}. Average precision over pixels in two orders of arguments: AVGN's code has the map, cut from its median, for the truth and the truth for the score, so that all ones reach 100; T-VSL's has truth and map where they belong. CAP: mean over classes; AP: mean over sources, which AVGN's code calls PIAP; PIAP: maps dealt out to the sources of a mixture as suits them best. CIoU above 0.3, cut from the median: out of reach of what fills less than 15 % of the picture.`,
    head: ['method', "CAP, AVGN's order", 'AP', 'PIAP', 'CAP, right order', 'AP', 'PIAP', 'CIoU@0.3 / AUC'],
    rows: rowsWith(rows, figures, ({ cap, ap, piap, success, auc }) => [
      ...(['avgn', 'map'] as const).flatMap((order) => [cap, ap, piap].map((of) => percent(of[order]))),
      pair({ success, auc }),
    ]),
  };
}

const ALIGNMENT_NOTE =
  'Senocak et al. 2023. Cut above the median, and adaptively: as many pixels are on as the truth has, so that only their order counts.';

function wholeTable({ n, rows: figures }: Part<'whole'>, rows: Rows): Table {
  return {
    title: `SSLalignment, all that sounds: cIoU@0.5 / AUC, % (${examples(n)})`,
    note: `${ALIGNMENT_NOTE} A map that is the same everywhere is off everywhere: nothing is above its own value.`,
    head: ['method', 'median', 'adaptive'],
    rows: rowsWith(rows, figures, ({ sources }) => [pair(sources.median), pair(sources.adaptive)]),
  };
}

function interactiveTable(
  { sources, pictures, rows: figures }: Part<'interactive'>,
  { grouping }: LaterProtocol,
  rows: Rows,
): Table {
  const how =
    grouping === 'pictures'
      ? 'Each sound of a picture is heard by itself, and its one map is judged.'
      : 'The sources sound together, and the map of each class is judged, where SSLalignment lets each be heard by itself: not comparable with its figures.';
  return {
    title: `SSLalignment, every source: cIoU@0.5 / AUC and IIoU / IAUC, % (${count(sources, 'source')}; IIoU ${count(pictures, 'picture')})`,
    note: `${ALIGNMENT_NOTE} IIoU: pictures with two sources or more of which all are found. ${how}`,
    head: ['method', 'median', 'adaptive', 'IIoU / IAUC, median', 'adaptive'],
    rows: rowsWith(rows, figures, ({ sources: each, pictures: whole }) => [
      pair(each.median),
      pair(each.adaptive),
      whole === null ? '–' : pair(whole.median),
      whole === null ? '–' : pair(whole.adaptive),
    ]),
  };
}

const STATISTIC_NAMES: Record<ThresholdStatistic, string> = {
  max: 'the largest value on any negative',
  max10: 'the mean of the ten largest maxima of negatives',
  q3: "the third quartile of the negatives' maxima",
};

function vsslTables({ positives, negatives, statistics }: Part<'vssl'>, rows: Rows): Table[] {
  const kinds = negatives.map(({ kind, n }) => `${kind} (${n})`);
  return statistics.map(({ statistic, rows: figures }, index) => ({
    title: `vssl_eval at ${statistic}: cIoU / AUC, pIA / AOC, F_LOC, % (${examples(positives)} in sight)`,
    note: `${
      index > 0
        ? ''
        : "Juanola et al. 2024. One threshold for all maps of a method, from this set's own negatives and on the method's own scale. cIoU is the mean, not a share of successes. pIA: area that is on where nothing that sounds is in sight, the less the better; AOC: area under the share of maps with at most so much, the more the better. F_LOC: harmonic mean of cIoU and of 1 - pIA, mean over the kinds of negatives. Thresholds are counted in steps of 1/1024. Published thresholds belong to their models. "
    }Threshold: ${STATISTIC_NAMES[statistic]}.`,
    head: ['method', 'threshold', 'cIoU / AUC', ...kinds, 'F_LOC'],
    rows: rowsWith(rows, figures, (of) => [
      of.threshold.toFixed(3),
      `${percent(of.ciou)} / ${percent(of.auc)}`,
      ...negatives.map(({ kind }) => {
        const found = of.negatives.find((one) => one.kind === kind);
        return found === undefined ? '–' : `${percent(found.area)} / ${percent(found.aoc)}`;
      }),
      percent(of.fLoc),
    ]),
  }));
}

function avsbenchTable({ n, empty, masked, rows: figures }: Part<'avsbench'>, rows: Rows): Table {
  const boxed = n - empty - masked;
  const truth =
    masked === 0
      ? 'boxes, not masks, since the set has none: not comparable with published figures'
      : boxed === 0
        ? 'masks'
        : `masks in ${masked} examples, boxes in ${boxed}`;
  return {
    title: `AVSBench: mIoU and F, % (${examples(n)}, ${empty} of them empty)`,
    note: `Zhou et al. 2022. Truth: ${truth}. The map of all that sounds as a probability, on above 0.5; where nothing that sounds is in sight IoU is the share of the picture that is off, and F passes over. F: the best of 255 thresholds for all examples together, not per mini-batch. CAM, multi-task and AVC are divided by their maximum, since not every network's are probabilities.`,
    head: ['method', 'mIoU', 'F'],
    rows: rowsWith(rows, figures, ({ miou, f }) => [percent(miou), percent(f)]),
  };
}

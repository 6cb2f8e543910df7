/** Scores examples one after the other; keeps some numbers of each, and no maps. */

import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import { averagePrecision, meanOfKnown } from '../metrics/average-precision.ts';
import { binarise } from '../metrics/binarise.ts';
import { consensusIou } from '../metrics/ciou.ts';
import { successThreshold } from '../metrics/class-aware.ts';
import { ConfusionTable } from '../metrics/confusion.ts';
import { cutIous } from '../metrics/cut-ious.ts';
import { hottest } from '../metrics/pointing.ts';
import { successAuc, successShare } from '../metrics/success.ts';
import { mean } from '../metrics/sum.ts';
import type { SampleShape, SampleTruth } from '../sample.ts';
import { MapMaker } from './class-maps.ts';
import type { Example } from './example.ts';
import type { Row } from './methods.ts';
import { type EvaluationResult, MAP_THRESHOLDS, type Rate, type Success } from './results.ts';
import { type BoxProtocol, CLASS_PROTOCOL, classMasks, sceneMask } from './truth-masks.ts';

const AGNOSTIC = ['qian', 'simplified-0.5', 'median'] as const;
const LEVELS = [1, 2, 3] as const;

/** One example's labels; `heard` and `seen` of each class, 0..1. */
export interface Labels {
  truth: SampleTruth;
  heard: Float32Array;
  seen: Float32Array;
  /** What a clip without sound of the classes holds, where that is known. */
  kind: string | null;
  /** `truth` tells all there is to tell about where the classes are. */
  located: boolean;
}

interface RowTally {
  agnostic: Record<(typeof AGNOSTIC)[number], number[]>;
  levels: { cuts: number[][]; pointing: Rate; silent: Rate }[];
  missing: boolean;
}

/** What came of one class's map. */
interface JudgedClass {
  classIndex: number;
  /** In the order of {@link MAP_THRESHOLDS}. */
  cious: number[];
  points: boolean;
  /** The peak lies in an object of a silent class. */
  misled: boolean;
}

const rate = (): Rate => ({ n: 0, hits: 0 });
const count = (into: Rate, hit: boolean): void => {
  into.n++;
  if (hit) into.hits++;
};

export class Scorer {
  readonly #shape: SampleShape;
  readonly #rows: readonly Row[];
  readonly #calibration: HeatCalibration;
  readonly #protocol: BoxProtocol;
  readonly #classMaker: MapMaker;
  readonly #sceneMaker: MapMaker;
  readonly #classMap: Float32Array<ArrayBuffer>;
  readonly #sceneMap: Float32Array<ArrayBuffer>;
  readonly #tallies: RowTally[];
  readonly #heard: { scores: number[]; labels: number[] }[];
  readonly #seen: { scores: number[]; labels: number[] }[];
  readonly #allHeard = LEVELS.map(rate);
  readonly #heardRate = rate();
  readonly #wrong = rate();
  readonly #falseOpens = new Map<string, Rate>();
  readonly #peaks = { inSight: [] as number[], offScreen: [] as number[], noSound: [] as number[] };
  readonly #confusion: ConfusionTable;
  #examples = 0;
  #agnostic = 0;
  readonly #levelExamples = LEVELS.map(() => 0);

  constructor(options: {
    shape: SampleShape;
    rows: readonly Row[];
    calibration: HeatCalibration;
    /** Of the class-agnostic table. */
    protocol: BoxProtocol;
    seed: number;
  }) {
    const { shape, rows, calibration, protocol, seed } = options;
    this.#shape = shape;
    this.#rows = rows;
    this.#calibration = calibration;
    this.#protocol = protocol;
    this.#classMaker = new MapMaker(shape.grid, CLASS_PROTOCOL.side, calibration, seed);
    this.#sceneMaker = new MapMaker(shape.grid, protocol.side, calibration, seed);
    this.#classMap = new Float32Array(CLASS_PROTOCOL.side ** 2);
    this.#sceneMap = new Float32Array(protocol.side ** 2);
    this.#tallies = rows.map(() => ({
      agnostic: { qian: [], 'simplified-0.5': [], median: [] },
      levels: LEVELS.map(() => ({ cuts: MAP_THRESHOLDS.map(() => []), pointing: rate(), silent: rate() })),
      missing: false,
    }));
    this.#heard = shape.classes.map(() => ({ scores: [], labels: [] }));
    this.#seen = shape.classes.map(() => ({ scores: [], labels: [] }));
    this.#confusion = new ConfusionTable(shape.classes.length);
  }

  add(example: Example, labels: Labels): void {
    this.#examples++;
    this.#addLabels(example, labels);
    this.#addScene(example, labels.truth);
    this.#addClasses(example, labels);
  }

  #addLabels(example: Example, labels: Labels): void {
    const { heard, seen, open } = example;
    const { classes } = this.#shape;
    for (let c = 0; c < classes.length; c++) {
      this.#heard[c]!.scores.push(heard[c]!);
      this.#heard[c]!.labels.push(labels.heard[c]!);
      this.#seen[c]!.scores.push(seen[c]!);
      this.#seen[c]!.labels.push(labels.seen[c]!);
    }
    const sounds = Array.from(labels.heard, (value) => value >= 0.5);
    this.#confusion.add(
      sounds,
      heard,
      this.#calibration.classes.map((entry) => entry.heard.on),
    );
    const any = sounds.includes(true);
    const peaks = this.#peaks;
    for (const [c, isOpen] of open.entries()) {
      if (sounds[c]) count(this.#heardRate, isOpen);
      const inSight = labels.seen[c]! >= 0.5;
      const kind = sounds[c] ? (inSight ? 'inSight' : 'offScreen') : any || !inSight ? null : 'noSound';
      if (kind === null) continue;
      peaks[kind].push(isOpen ? heard[c]! * this.#classMaker.peakOf(example, c) : 0);
    }
    if (any) {
      count(
        this.#wrong,
        open.some((isOpen, c) => isOpen && !sounds[c]),
      );
      return;
    }
    const kind = labels.kind ?? 'no sound of the classes';
    const opens = this.#falseOpens.get(kind) ?? rate();
    this.#falseOpens.set(kind, opens);
    count(opens, open.includes(true));
  }

  #addScene(example: Example, truth: SampleTruth): void {
    const mask = sceneMask(truth, this.#protocol);
    if (mask === null) return;
    this.#agnostic++;
    for (const [index, { method, gated }] of this.#rows.entries()) {
      const tally = this.#tallies[index]!;
      if (gated || tally.missing) continue;
      if (!this.#sceneMaker.writeScene(method, example, this.#sceneMap)) {
        tally.missing = true;
        continue;
      }
      for (const name of AGNOSTIC) {
        tally.agnostic[name].push(consensusIou(binarise(this.#sceneMap, name), mask));
      }
    }
  }

  #addClasses(example: Example, { truth, heard }: Labels): void {
    const masks = classMasks(truth, true, CLASS_PROTOCOL);
    if (masks.size === 0) return;
    const level = Math.min(masks.size, LEVELS.length) - 1;
    this.#levelExamples[level]!++;
    count(
      this.#allHeard[level]!,
      example.open.every((isOpen, c) => isOpen || heard[c]! < 0.5),
    );
    const silent = [...classMasks(truth, false, CLASS_PROTOCOL).values()];
    for (const method of new Set(this.#rows.map((row) => row.method))) {
      const judged = this.#judgeClasses(method, example, masks, silent);
      for (const [index, row] of this.#rows.entries()) {
        if (row.method !== method) continue;
        const tally = this.#tallies[index]!;
        if (judged === null) tally.missing = true;
        else addJudged(tally.levels[level]!, judged, row.gated ? example.open : null, silent.length > 0);
      }
    }
  }

  /** Null where the network gives no such maps. */
  #judgeClasses(
    method: Row['method'],
    example: Example,
    masks: ReadonlyMap<number, Uint8Array>,
    silent: readonly Uint8Array[],
  ): JudgedClass[] | null {
    const map = this.#classMap;
    const judged: JudgedClass[] = [];
    for (const [classIndex, mask] of masks) {
      if (!this.#classMaker.writeClass(method, example, classIndex, map)) return null;
      const at = hottest(map);
      const points = at !== null && mask[at] === 1;
      judged.push({
        classIndex,
        cious: cutIous(map, at === null ? 0 : map[at]!, mask, MAP_THRESHOLDS),
        points,
        misled: at !== null && !points && silent.some((other) => other[at] === 1),
      });
    }
    return judged;
  }

  /** The figures of all that was added. `about` is taken over. */
  result(about: Pick<EvaluationResult, 'model' | 'data' | 'seed' | 'remarks'>): EvaluationResult {
    const { classes } = this.#shape;
    const perClass = classes.map((name, c) => ({
      name,
      heard: positives(this.#heard[c]!.labels),
      seen: positives(this.#seen[c]!.labels),
      heardAp: averagePrecision(this.#heard[c]!.scores, this.#heard[c]!.labels),
      seenAp: averagePrecision(this.#seen[c]!.scores, this.#seen[c]!.labels),
    }));
    const missing = this.#rows.filter((_, index) => this.#tallies[index]!.missing);
    return {
      format: 1,
      model: about.model,
      data: about.data,
      seed: about.seed,
      samples: this.#examples,
      classes,
      rows: this.#rows,
      agnostic: { n: this.#agnostic, rows: this.#agnosticRows() },
      levels: LEVELS.map((level, index) => ({
        level,
        n: this.#levelExamples[index]!,
        threshold: successThreshold(level),
        rows: this.#levelRows(index),
      })),
      heardMap: meanOfKnown(perClass.map(({ heardAp }) => heardAp)),
      seenMap: meanOfKnown(perClass.map(({ seenAp }) => seenAp)),
      perClass,
      gate: {
        allHeard: LEVELS.map((level, index) => ({ level, rate: this.#allHeard[index]! })),
        heard: this.#heardRate,
        wrong: this.#wrong,
        falseOpens: [...this.#falseOpens].map(([kind, opens]) => ({ kind, rate: opens })),
      },
      peaks: {
        inSight: medianOf(this.#peaks.inSight),
        offScreen: medianOf(this.#peaks.offScreen),
        noSound: medianOf(this.#peaks.noSound),
      },
      confusion: this.#confusion.table,
      remarks: [
        ...about.remarks,
        ...missing.map(({ label }) => `${label}: left out, the network does not give this map`),
      ],
    };
  }

  #agnosticRows(): EvaluationResult['agnostic']['rows'] {
    return Object.fromEntries(
      this.#rows
        .map((row, index) => ({ row, tally: this.#tallies[index]! }))
        .filter(({ row }) => !row.gated)
        .map(({ row, tally }) => {
          const figures = (name: (typeof AGNOSTIC)[number]): Success => successOf(tally.agnostic[name], 0.5);
          const all = {
            qian: figures('qian'),
            'simplified-0.5': figures('simplified-0.5'),
            median: figures('median'),
          };
          return [row.id, tally.missing ? null : all];
        }),
    );
  }

  #levelRows(level: number): EvaluationResult['levels'][number]['rows'] {
    const threshold = successThreshold(LEVELS[level]!);
    return Object.fromEntries(
      this.#rows.map((row, index) => {
        const { levels, missing } = this.#tallies[index]!;
        const { cuts, pointing, silent } = levels[level]!;
        const figures = { cuts: cuts.map((cious) => successOf(cious, threshold)), pointing, silent };
        return [row.id, missing ? null : figures];
      }),
    );
  }
}

/** With a gate, a class that it keeps shut has no map: cIoU 0, and points nowhere. */
function addJudged(
  into: RowTally['levels'][number],
  judged: readonly JudgedClass[],
  open: readonly boolean[] | null,
  hasSilent: boolean,
): void {
  const shows = ({ classIndex }: JudgedClass): boolean => open === null || open[classIndex] === true;
  MAP_THRESHOLDS.forEach((_, cut) => {
    into.cuts[cut]!.push(mean(judged.map((one) => (shows(one) ? one.cious[cut]! : 0))));
  });
  for (const one of judged) {
    count(into.pointing, one.points && shows(one));
    if (hasSilent) count(into.silent, one.misled && shows(one));
  }
}

function successOf(cious: readonly number[], threshold: number): Success {
  return { success: successShare(cious, threshold), auc: successAuc(cious) };
}

function positives(labels: readonly number[]): number {
  return labels.filter((label) => label >= 0.5).length;
}

function medianOf(values: readonly number[]): { n: number; median: number | null } {
  const sorted = Float64Array.from(values).sort();
  return { n: sorted.length, median: sorted[Math.floor(sorted.length / 2)] ?? null };
}

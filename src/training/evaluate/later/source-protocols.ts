/** The protocols that judge a map for each source: DSOL, AVGN, SSLalignment's IIoU. */

import { binarise } from '../../metrics/binarise.ts';
import { consensusIou } from '../../metrics/ciou.ts';
import { darkShare, dsolBinarise } from '../../metrics/dsol.ts';
import { rankedPixels } from '../../metrics/rank-pixels.ts';
import { pixelAp } from '../../metrics/source-wise.ts';
import type { Example } from '../example.ts';
import type { Method, Row } from '../methods.ts';
import type { Labels } from '../scorer.ts';
import { classMasks } from '../truth-masks.ts';
import { type AlignedSource, AlignmentTally, alignedSource } from './alignment.ts';
import { type AvgnSource, AvgnTally } from './avgn.ts';
import { type DsolFrame, DsolTally } from './dsol.ts';
import { JudgingMaps } from './judging-maps.ts';
import { type LaterOptions, type LaterProtocol, sceneOf } from './protocol.ts';
import { figuresOf, type SourceFigures } from './results.ts';

interface RowTallies {
  row: Row;
  isMissing: boolean;
  dsol: DsolTally;
  avgn: AvgnTally;
  interactive: AlignmentTally;
}

/** What a method made of one example's classes. */
interface Judged {
  dsol: DsolFrame;
  avgn: AvgnSource[];
  aligned: ReadonlyMap<number, AlignedSource>;
}

type Masks = ReadonlyMap<number, Uint8Array>;

/** A source whose map is not shown. */
const UNFOUND: AlignedSource = { median: 0, adaptive: 0 };

export class SourceProtocols {
  readonly #protocol: LaterProtocol;
  readonly #maps: JudgingMaps;
  readonly #rows: RowTallies[];
  #frames = 0;
  #silent = 0;
  #sources = 0;

  constructor(options: LaterOptions) {
    const { rows, protocol } = options;
    this.#protocol = protocol;
    this.#maps = new JudgingMaps(options);
    this.#rows = rows.map((row) => ({
      row,
      isMissing: false,
      dsol: new DsolTally(),
      avgn: new AvgnTally(),
      interactive: new AlignmentTally(),
    }));
  }

  /** @param picture the example's own key */
  add(example: Example, labels: Labels, picture: string): void {
    const masks = classMasks(labels.truth, true, this.#protocol.box);
    if (masks.size === 0) return;
    const heard = [...labels.heard.keys()].filter((index) => labels.heard[index]! >= 0.5);
    const silent = [...labels.heard.keys()].filter((index) => !heard.includes(index) && !masks.has(index));
    this.#frames++;
    this.#sources += masks.size;
    if (silent.length > 0) this.#silent++;
    const group = sceneOf(labels, this.#protocol);
    const sources = group === null ? [...masks.keys()] : [...new Set([...masks.keys(), ...heard])];
    const scene = { key: group ?? picture, sources: sources.length };
    for (const method of new Set(this.#rows.map(({ row }) => row.method))) {
      const judged = this.#judge(method, example, masks, silent, sources);
      for (const tallies of this.#rows) {
        if (tallies.row.method !== method) continue;
        if (judged === null) tallies.isMissing = true;
        else addTo(tallies, judged, scene, example.open, this.#protocol.grouping === 'pictures');
      }
    }
  }

  /** What the map of the one sound found, where a picture's sounds come one by one. */
  addSound({ id }: Row, picture: string, source: AlignedSource): void {
    this.#rows.find(({ row }) => row.id === id)!.interactive.add(picture, source);
  }

  /** Null where the network gives no such maps. */
  #judge(
    method: Method,
    example: Example,
    masks: Masks,
    silent: readonly number[],
    sources: readonly number[],
  ): Judged | null {
    const map = this.#maps.map;
    const cious = new Map<number, number>();
    const aligned = new Map<number, AlignedSource>();
    for (const [index, mask] of masks) {
      if (!this.#maps.linear.writeClass(method, example, index, map)) return null;
      cious.set(index, consensusIou(dsolBinarise(map, this.#protocol.dsolSet), mask));
      aligned.set(index, alignedSource(map, mask));
    }
    return {
      dsol: { cious, dark: this.#dark(method, example, silent) },
      avgn: this.#judgePixels(method, example, masks, sources),
      aligned,
    };
  }

  /** How dark the maps of silent classes are, on a scale from 0 to 1. */
  #dark(method: Method, example: Example, silent: readonly number[]): Map<number, number> {
    const dark = new Map<number, number>();
    const top = hottestOf(method, example);
    for (const index of silent) {
      this.#maps.linear.writeClass(method, example, index, this.#maps.map);
      if (top > 0)
        for (let i = 0; i < this.#maps.map.length; i++) this.#maps.map[i] = this.#maps.map[i]! / top;
      dark.set(index, darkShare(this.#maps.map));
    }
    return dark;
  }

  #judgePixels(method: Method, example: Example, masks: Masks, sources: readonly number[]): AvgnSource[] {
    const truths = new Map([...masks].map(([index, mask]) => [index, rankedPixels(mask)]));
    const judged = [...masks.keys()].map((classIndex) => ({
      classIndex,
      ciou: 0,
      aps: new Map<number, { avgn: number; map: number }>(),
    }));
    for (const index of sources) {
      this.#maps.cubic.writeClass(method, example, index, this.#maps.map);
      const on = binarise(this.#maps.map, 'median');
      const map = rankedPixels(this.#maps.map);
      for (const source of judged) {
        const truth = truths.get(source.classIndex)!;
        source.aps.set(index, {
          avgn: pixelAp('avgn', { map, on, truth }),
          map: pixelAp('map', { map, on, truth }),
        });
        if (index === source.classIndex) source.ciou = consensusIou(on, truth.scores);
      }
    }
    return judged;
  }

  figures(): SourceFigures {
    const each = <T>(of: (tallies: RowTallies) => T | null) => figuresOf(this.#rows, of);
    const has = this.#frames > 0;
    const most = (count: (tallies: RowTallies) => number): number => Math.max(0, ...this.#rows.map(count));
    const sources = most(({ interactive }) => interactive.sources);
    const pictures = most(({ interactive }) => interactive.pictures);
    return {
      dsol: has ? { n: this.#frames, silent: this.#silent, rows: each(({ dsol }) => dsol.figures()) } : null,
      avgn: has
        ? {
            sources: this.#sources,
            mixtures: most(({ avgn }) => avgn.mixtures),
            rows: each(({ avgn }) => avgn.figures()),
          }
        : null,
      interactive:
        pictures > 0
          ? {
              sources,
              pictures,
              rows: each(({ interactive }) => (interactive.sources > 0 ? interactive.figures() : null)),
            }
          : null,
    };
  }
}

function addTo(
  { row, dsol, avgn, interactive }: RowTallies,
  judged: Judged,
  scene: { key: string; sources: number },
  gates: readonly boolean[],
  isBySound: boolean,
): void {
  const open = row.gated ? gates : null;
  dsol.add(judged.dsol, open);
  avgn.add(scene, judged.avgn, open);
  if (isBySound) return;
  for (const [index, source] of judged.aligned) {
    interactive.add(scene.key, open === null || open[index] === true ? source : UNFOUND);
  }
}

/** The largest value of all classes' maps of a method whose maps have no largest value; 0 for the others. */
function hottestOf(method: Method, { localization, firstStage, matchMap }: Example): number {
  const maps =
    method === 'cam'
      ? localization.activation
      : method === 'multi-task'
        ? firstStage
        : method === 'avc'
          ? matchMap
          : null;
  return maps?.reduce((a, b) => Math.max(a, b), 0) ?? 0;
}

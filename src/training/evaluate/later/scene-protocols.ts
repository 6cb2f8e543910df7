/** The protocols that judge one map of all that sounds: SLAVC, SSLalignment's cuts, vssl_eval, AVSBench. */

import { binarise } from '../../metrics/binarise.ts';
import { consensusIou } from '../../metrics/ciou.ts';
import { largestQuarter } from '../../metrics/slavc.ts';
import type { Example } from '../example.ts';
import type { Method, Row } from '../methods.ts';
import type { Labels } from '../scorer.ts';
import { type AlignedSource, AlignmentTally, alignedSource } from './alignment.ts';
import { AvsbenchTally } from './avsbench.ts';
import { JudgingMaps } from './judging-maps.ts';
import { inSight, type LaterOptions, type LaterProtocol, type Sight } from './protocol.ts';
import { figuresOf, type SceneFigures } from './results.ts';
import { SlavcTally, sizeOf } from './slavc.ts';
import { STATISTICS, VsslTally } from './vssl.ts';

/** Methods whose maps have no largest value. */
const UNBOUNDED: ReadonlySet<Method> = new Set(['avc', 'multi-task', 'cam']);

interface RowTallies {
  row: Row;
  isMissing: boolean;
  slavc: SlavcTally;
  whole: AlignmentTally;
  vssl: VsslTally;
  avsbench: AvsbenchTally;
}

export class SceneProtocols {
  readonly #protocol: LaterProtocol;
  readonly #maps: JudgingMaps;
  readonly #scaled: Float32Array;
  readonly #rows: RowTallies[];
  readonly #empty: Uint8Array;
  readonly #sizes = { small: 0, medium: 0, large: 0, huge: 0 };
  readonly #negatives = new Map<string, number>();
  #visible = 0;
  #masked = 0;

  constructor(options: LaterOptions) {
    const { rows, protocol } = options;
    const { side } = protocol.box;
    this.#protocol = protocol;
    this.#maps = new JudgingMaps(options);
    this.#scaled = new Float32Array(side ** 2);
    this.#empty = new Uint8Array(side ** 2);
    this.#rows = rows
      .filter(({ gated }) => !gated)
      .map((row) => ({
        row,
        isMissing: false,
        slavc: new SlavcTally(),
        whole: new AlignmentTally(),
        vssl: new VsslTally(!UNBOUNDED.has(row.method)),
        avsbench: new AvsbenchTally(),
      }));
  }

  /**
   * @param picture a key of its own
   * @param onSource told what became of each row's map of the one sound, where something that sounds is in sight
   */
  add(
    example: Example,
    labels: Labels,
    picture: string,
    onSource: (row: Row, source: AlignedSource) => void,
  ): void {
    const sight = inSight(labels, this.#protocol);
    if (sight === null) return;
    const { mask } = sight;
    if (mask === null) {
      this.#negatives.set(sight.negative, (this.#negatives.get(sight.negative) ?? 0) + 1);
    } else {
      this.#visible++;
      this.#sizes[sizeOf(mask)]++;
      const { boxes, masks = [] } = labels.truth;
      if (masks.some(({ sounding }) => sounding) && !boxes.some(({ sounding }) => sounding)) this.#masked++;
    }
    const truth = mask?.map((weight) => (weight === 0 ? 0 : 1)) ?? this.#empty;
    for (const tallies of this.#rows) {
      if (tallies.isMissing) continue;
      if (!this.#maps.linear.writeScene(tallies.row.method, example, this.#maps.map)) {
        tallies.isMissing = true;
        continue;
      }
      if (mask !== null) {
        const source = alignedSource(this.#maps.map, mask);
        tallies.whole.add(picture, source);
        onSource(tallies.row, source);
      }
      this.#judge(tallies, example, sight, truth);
    }
  }

  /** `#maps.map` holds the row's map. */
  #judge(
    { row: { method }, slavc, vssl, avsbench }: RowTallies,
    example: Example,
    sight: Sight,
    truth: Uint8Array | Float32Array,
  ): void {
    const map = this.#maps.map;
    const { mask } = sight;
    this.#scaled.set(map);
    if (UNBOUNDED.has(method)) toShareOfMaximum(this.#scaled);
    avsbench.add({ map: this.#scaled, truth });
    // Only K alone is stretched: the others are in their range already.
    const isStretched = method === 'paper';
    if (isStretched) this.#maps.linear.writeSceneInRange(method, example, map);
    if (mask !== null) vssl.addPositive(map, mask);
    else vssl.addNegative(sight.negative, map);
    this.#maps.cubic.writeScene(method, example, map);
    const ciou = mask === null ? 0 : consensusIou(binarise(map, 'median'), mask);
    if (isStretched) this.#maps.cubic.writeSceneInRange(method, example, map);
    const judged = { visible: mask !== null, ciou, confidence: largestQuarter(map) };
    slavc.add(judged, mask === null ? null : sizeOf(mask));
  }

  figures(): SceneFigures {
    const visible = this.#visible;
    const kinds = [...this.#negatives].map(([kind, n]) => ({ kind, n }));
    const negatives = kinds.reduce((count, { n }) => count + n, 0);
    const each = <T>(of: (tallies: RowTallies) => T | null) => figuresOf(this.#rows, of);
    const hasBoth = visible > 0 && negatives > 0;
    return {
      slavc: hasBoth
        ? { visible, negatives, sizes: this.#sizes, rows: each(({ slavc }) => slavc.figures()) }
        : null,
      whole: visible > 0 ? { n: visible, rows: each(({ whole }) => whole.figures()) } : null,
      vssl: hasBoth
        ? {
            positives: visible,
            negatives: kinds,
            statistics: STATISTICS.map((statistic) => ({
              statistic,
              rows: each(({ vssl }) => vssl.figures(statistic)),
            })),
          }
        : null,
      avsbench:
        visible > 0
          ? {
              n: visible + negatives,
              empty: negatives,
              masked: this.#masked,
              rows: each(({ avsbench }) => avsbench.figures()),
            }
          : null,
    };
  }
}

/** To a share of its largest value; a map without heat stays as it is. */
function toShareOfMaximum(map: Float32Array): void {
  const top = map.reduce((a, b) => Math.max(a, b), 0);
  if (top > 0) for (let i = 0; i < map.length; i++) map[i] = map[i]! / top;
}

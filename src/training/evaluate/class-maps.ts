/** From an example to the maps that each method makes of it: of one class, or of all that sounds. */

import { ClassMaps } from '../../pipeline/heatmap/class-map.ts';
import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import { minMaxMap } from '../../pipeline/heatmap/paper.ts';
import { createRandom, hash } from '../../pipeline/ingest/demo/random.ts';
import { allOnes, centredGaussian } from '../metrics/baseline-maps.ts';
import { type MapInterpolation, MapResizer } from '../metrics/resize-map.ts';
import { type Example, PAPER_GATE } from './example.ts';
import type { Method } from './methods.ts';

/** Cells of one grid and what enlarges them. */
interface Cells {
  one: Float32Array;
  sum: Float32Array;
  resizer: MapResizer;
}

/** Writes maps of `side` by `side` pixels; holds scratch memory, so one maker serves one caller at a time. */
export class MapMaker {
  readonly side: number;
  readonly #seed: number;
  readonly #shown: ClassMaps;
  /** Of what is shown. */
  readonly #heat: Cells;
  /** Of every other method: the network's own. */
  readonly #network: Cells;
  readonly #ones: Float32Array;
  readonly #centre: Float32Array;

  constructor(
    grid: { rows: number; cols: number },
    side: number,
    calibration: HeatCalibration,
    seed: number,
    // Half-pixel centres, as the authors enlarge (method §1.6).
    interpolation: MapInterpolation = 'bilinear',
  ) {
    this.side = side;
    this.#seed = seed;
    this.#shown = new ClassMaps(calibration, grid);
    const cellsOf = (of: { rows: number; cols: number }): Cells => ({
      one: new Float32Array(of.rows * of.cols),
      sum: new Float32Array(of.rows * of.cols),
      resizer: new MapResizer(of, side, interpolation),
    });
    this.#heat = cellsOf(this.#shown.grid);
    this.#network = cellsOf(grid);
    this.#ones = allOnes(side);
    this.#centre = centredGaussian(side);
  }

  /** The enlarged map of one class; false, with `out` as it was, where the network gives none. */
  writeClass(method: Method, example: Example, index: number, out: Float32Array<ArrayBuffer>): boolean {
    if (this.#writeFixed(method, out)) return true;
    const { one, resizer } = this.#cells(method);
    if (!this.writeCells(method, example, index, one)) return false;
    resizer.resize(one, 0, out);
    return true;
  }

  /**
   * The enlarged map of all that sounds: class maps weighted by the normalised probability of the classes that pass the
   * gate, or of the most probable one (method §1.6). Ours adds up what the product shows, which may be nothing.
   */
  writeScene(method: Method, example: Example, out: Float32Array<ArrayBuffer>): boolean {
    if (this.#writeFixed(method, out)) return true;
    const { sum, resizer } = this.#cells(method);
    if (!this.writeSceneCells(method, example, sum)) return false;
    resizer.resize(sum, 0, out);
    return true;
  }

  /**
   * As {@link writeScene}, with values that can be compared between examples: K alone, which is stretched in every
   * other map, is (K + 1) / 2 here. The other methods' maps are the same.
   */
  writeSceneInRange(method: Method, example: Example, out: Float32Array<ArrayBuffer>): boolean {
    if (method !== 'paper') return this.writeScene(method, example, out);
    const { sum, resizer } = this.#network;
    sum.fill(0);
    const { similarity } = example.localization;
    for (const { index, weight } of sceneWeights(method, example)) {
      for (let cell = 0; cell < sum.length; cell++) {
        sum[cell] = sum[cell]! + (weight * (similarity[index * sum.length + cell]! + 1)) / 2;
      }
    }
    resizer.resize(sum, 0, out);
    return true;
  }

  /** The hottest cell of what is shown of a class that is heard for certain, 0..1. */
  peakOf(example: Example, index: number): number {
    const { one } = this.#heat;
    this.writeCells('ours', example, index, one);
    return one.reduce((a, b) => Math.max(a, b), 0);
  }

  /** As {@link writeScene}, before enlarging; methods without cells of their own give false. */
  writeSceneCells(method: Method, example: Example, out: Float32Array): boolean {
    if (method === 'random' || method === 'avc') return this.writeCells(method, example, 0, out);
    out.fill(0);
    const { one } = this.#cells(method);
    for (const { index, weight } of sceneWeights(method, example)) {
      if (!this.writeCells(method, example, index, one)) return false;
      for (let cell = 0; cell < out.length; cell++) out[cell] = out[cell]! + weight * one[cell]!;
    }
    return true;
  }

  /** Of one class, before enlarging, on the heat's grid for ours and the network's else; false where there is none. */
  writeCells(method: Method, example: Example, index: number, out: Float32Array): boolean {
    const { localization, matchMap, firstStage } = example;
    const cells = out.length;
    const take = (maps: Float32Array | null | undefined, at: number): boolean => {
      if (maps === null || maps === undefined) return false;
      out.set(maps.subarray(at, at + cells));
      return true;
    };
    switch (method) {
      case 'all-ones':
      case 'centre':
        return false;
      case 'random': {
        const random = createRandom(hash(this.#seed, example.index, index));
        for (let cell = 0; cell < cells; cell++) out[cell] = random.next();
        return true;
      }
      case 'avc':
        return take(matchMap, 0);
      case 'multi-task':
        return take(firstStage, index * cells);
      case 'cam':
        return take(localization.activation, index * cells);
      case 'paper':
        minMaxMap(localization.similarity.subarray(index * cells, (index + 1) * cells), out);
        return true;
      case 'ours':
        this.#shown.write(localization, index, { seen: example.seen[index]!, gain: 1 }, out);
        return true;
    }
  }

  #cells(method: Method): Cells {
    return method === 'ours' ? this.#heat : this.#network;
  }

  #writeFixed(method: Method, out: Float32Array): boolean {
    if (method === 'all-ones') out.set(this.#ones);
    else if (method === 'centre') out.set(this.#centre);
    else return false;
    return true;
  }
}

function sceneWeights(
  method: Method,
  { localization, heard, open }: Example,
): { index: number; weight: number }[] {
  if (method === 'ours') {
    return open.flatMap((isOpen, index) => (isOpen ? [{ index, weight: heard[index]! }] : []));
  }
  const p = localization.audioProbability;
  let most = 0;
  for (let index = 1; index < p.length; index++) if (p[index]! > p[most]!) most = index;
  const valid = [...p.keys()].filter((index) => p[index]! > PAPER_GATE || index === most);
  const total = valid.reduce((sum, index) => sum + p[index]!, 0);
  return valid.map((index) => ({ index, weight: total > 0 ? p[index]! / total : 0 }));
}

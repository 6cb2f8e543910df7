/** AVGN (Mo and Tian 2023) over many sources: each judged by itself, and the maps of a mixture dealt out at their best. */

import { meanOfKnown } from '../../metrics/average-precision.ts';
import {
  type ApOrder,
  classAveragePrecision,
  type JudgedSource,
  permutationInvariantAp,
  sourceAveragePrecision,
  sourcesFound,
} from '../../metrics/source-wise.ts';
import { successAuc } from '../../metrics/success.ts';

type Aps = Record<ApOrder, number>;

/** A source in the picture that shows it. */
export interface AvgnSource {
  classIndex: number;
  /** Of its own class's map. */
  ciou: number;
  /** Of the map of each class of its scene, its own among them. */
  aps: ReadonlyMap<number, Aps>;
}

/** Shares, 0..1. */
export interface AvgnFigures {
  /** AVGN's CAP: mean over the classes. */
  cap: Aps;
  /** Mean over the sources, which AVGN's code calls PIAP. */
  ap: Aps;
  /** Maps given to the sources of their scene as suits them best; null without scenes of two sources or more. */
  piap: Record<ApOrder, number | null>;
  /** CIoU@0.3. */
  success: number;
  auc: number;
}

interface Scene {
  /** Sources that it has, in this picture and in others. */
  sources: number;
  seen: AvgnSource[];
}

const NONE: Aps = { avgn: 0, map: 0 };

export class AvgnTally {
  readonly #sources: AvgnSource[] = [];
  readonly #scenes = new Map<string, Scene>();

  /**
   * The sources of one picture.
   * @param scene its key, the same for pictures of one scene, and how many sources the scene has
   * @param open classes whose maps are shown; the others find nothing; null: all
   */
  add(
    scene: { key: string; sources: number },
    sources: readonly AvgnSource[],
    open: readonly boolean[] | null,
  ): void {
    const shows = (index: number): boolean => open === null || open[index] === true;
    const shown = sources.map(({ classIndex, ciou, aps }) => ({
      classIndex,
      ciou: shows(classIndex) ? ciou : 0,
      aps: new Map([...aps].map(([index, ap]) => [index, shows(index) ? ap : NONE])),
    }));
    this.#sources.push(...shown);
    const known = this.#scenes.get(scene.key) ?? { sources: scene.sources, seen: [] };
    this.#scenes.set(scene.key, known);
    known.seen.push(...shown);
  }

  /** Scenes of two sources or more of which every source was there. */
  get mixtures(): number {
    return this.#mixtures().length;
  }

  #mixtures(): AvgnSource[][] {
    return [...this.#scenes.values()]
      .filter(({ sources, seen }) => sources >= 2 && seen.length === sources)
      .map(({ seen }) => seen);
  }

  figures(): AvgnFigures {
    const judged = (order: ApOrder): JudgedSource[] =>
      this.#sources.map(({ classIndex, ciou, aps }) => ({
        classIndex,
        ciou,
        pixelAp: aps.get(classIndex)![order],
      }));
    const mixtures = this.#mixtures();
    const each = <T>(of: (order: ApOrder) => T): Record<ApOrder, T> => ({ avgn: of('avgn'), map: of('map') });
    return {
      cap: each((order) => classAveragePrecision(judged(order)) ?? 0),
      ap: each((order) => sourceAveragePrecision(judged(order))),
      piap: each((order) => meanOfKnown(mixtures.map((sources) => bestOf(sources, order)))),
      success: sourcesFound(judged('avgn')),
      auc: successAuc(this.#sources.map(({ ciou }) => ciou)),
    };
  }
}

function bestOf(sources: readonly AvgnSource[], order: ApOrder): number {
  return permutationInvariantAp(
    sources.map(({ classIndex }) => sources.map(({ aps }) => (aps.get(classIndex) ?? NONE)[order])),
  );
}

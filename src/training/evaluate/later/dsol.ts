/** DSOL (Hu et al. 2020) over many frames: what sounds is found, and what is silent stays dark. */

import { dsolSuccess, noSoundingArea } from '../../metrics/dsol.ts';
import { successAuc } from '../../metrics/success.ts';
import { mean } from '../../metrics/sum.ts';

/** One frame, by class. */
export interface DsolFrame {
  /** cIoU of each class that sounds in sight. */
  cious: ReadonlyMap<number, number>;
  /** Share of the map that is dark, of each class that does not sound. */
  dark: ReadonlyMap<number, number>;
}

/** Shares, 0..1. */
export interface DsolFigures {
  success: number;
  auc: number;
  /** Null where every class sounds in every frame. */
  nsa: number | null;
}

export class DsolTally {
  readonly #cious: number[] = [];
  readonly #areas: number[] = [];

  /** @param open classes whose maps are shown, the others being off and dark; null: all */
  add({ cious, dark }: DsolFrame, open: readonly boolean[] | null): void {
    const shows = (index: number): boolean => open === null || open[index] === true;
    this.#cious.push(mean([...cious].map(([index, ciou]) => (shows(index) ? ciou : 0))));
    const area = noSoundingArea([...dark].map(([index, share]) => (shows(index) ? share : 1)));
    if (area !== null) this.#areas.push(area);
  }

  figures(): DsolFigures {
    return {
      success: dsolSuccess(this.#cious),
      auc: successAuc(this.#cious),
      nsa: this.#areas.length === 0 ? null : mean(this.#areas),
    };
  }
}

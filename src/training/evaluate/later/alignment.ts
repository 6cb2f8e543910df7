/** SSLalignment (Senocak et al. 2023) over many sources: cut at the median, and at as many pixels as the truth has. */

import { binarise } from '../../metrics/binarise.ts';
import { consensusIou } from '../../metrics/ciou.ts';
import { adaptiveIou, interactiveAuc, interactiveIou } from '../../metrics/interactive.ts';
import { successAuc, successShare } from '../../metrics/success.ts';
import type { Success } from '../results.ts';

/** cIoU of a source's map, 0..1. */
export interface AlignedSource {
  /** Above its median. */
  median: number;
  /** The hottest pixels, as many as the truth has. */
  adaptive: number;
}

export function alignedSource(map: Float32Array, mask: Uint8Array | Float32Array): AlignedSource {
  return {
    median: consensusIou(binarise(map, 'median-strict'), mask),
    adaptive: adaptiveIou(map, mask),
  };
}

const CUTS = ['median', 'adaptive'] as const;
type Cuts<T> = Record<(typeof CUTS)[number], T>;

export interface AlignmentFigures {
  /** Sources found, at cIoU 0.5. */
  sources: Cuts<Success>;
  /** IIoU and IAUC: pictures with two sources or more of which all are found; null without any. */
  pictures: Cuts<Success> | null;
}

export class AlignmentTally {
  readonly #pictures = new Map<string, AlignedSource[]>();

  /** @param picture a key, the same for all sources of one picture */
  add(picture: string, source: AlignedSource): void {
    const known = this.#pictures.get(picture) ?? [];
    this.#pictures.set(picture, known);
    known.push(source);
  }

  get sources(): number {
    return [...this.#pictures.values()].reduce((count, sources) => count + sources.length, 0);
  }

  /** Those with two sources or more. */
  get pictures(): number {
    return this.#several().length;
  }

  #several(): AlignedSource[][] {
    return [...this.#pictures.values()].filter((sources) => sources.length >= 2);
  }

  figures(): AlignmentFigures {
    const all = [...this.#pictures.values()].flat();
    const several = this.#several();
    const each = (of: (cut: (typeof CUTS)[number]) => Success): Cuts<Success> => ({
      median: of('median'),
      adaptive: of('adaptive'),
    });
    return {
      sources: each((cut) => {
        const cious = all.map((source) => source[cut]);
        return { success: successShare(cious, 0.5), auc: successAuc(cious) };
      }),
      pictures:
        several.length === 0
          ? null
          : each((cut) => {
              const cious = several.map((sources) => sources.map((source) => source[cut]));
              return { success: interactiveIou(cious), auc: interactiveAuc(cious) };
            }),
    };
  }
}

/** Interaction of sources (Senocak et al. 2023, SSLalignment): IIoU, where a picture counts only if all of it is right. */

import { largest } from './binarise.ts';
import { consensusIou } from './ciou.ts';
import { areaUnder, SUCCESS_THRESHOLDS } from './success.ts';

/** cIoU of the map cut so that as many pixels are on as the truth has: judges the order of pixels, not the threshold. */
export function adaptiveIou(map: Float32Array, truth: Uint8Array | Float32Array): number {
  let count = 0;
  for (const value of truth) if (value !== 0) count++;
  return consensusIou(largest(map, count), truth);
}

/**
 * Share of pictures of which every source reaches the threshold.
 * @param pictures cIoU of each source of each picture
 */
export function interactiveIou(pictures: readonly (readonly number[])[], threshold = 0.5): number {
  return pictures.filter((sources) => sources.every((ciou) => ciou >= threshold)).length / pictures.length;
}

/** Area under {@link interactiveIou} over the 21 thresholds. */
export function interactiveAuc(pictures: readonly (readonly number[])[]): number {
  return areaUnder(SUCCESS_THRESHOLDS.map((threshold) => interactiveIou(pictures, threshold)));
}

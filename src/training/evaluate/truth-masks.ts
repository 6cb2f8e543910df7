/** What is true of an example, in pixels of the side that its protocol judges at. */

import {
  type BoxRule,
  consensusOfBoxes,
  LVS_SIDE,
  QIAN_SIDE,
  resampleMask,
  unionOfBoxes,
} from '../metrics/raster.ts';
import type { SampleTruth } from '../sample.ts';

/** How boxes become pixels. */
export interface BoxProtocol {
  /** Pixels of the square that maps and truth are compared on. */
  side: number;
  rule: BoxRule;
  /** Every box is one annotator's vote, and two make a pixel count in full (SoundNet-Flickr). */
  consensus: boolean;
}

/** Eq. 9's: 256 pixels, the union of boxes. */
export const CLASS_PROTOCOL: BoxProtocol = { side: QIAN_SIDE, rule: 'lvs', consensus: false };

/** The protocol that a published set is judged by; `kind` as in the data set's choice. */
export function boxProtocol(kind: string | null): BoxProtocol {
  if (kind === 'flickr') return { side: QIAN_SIDE, rule: 'qian', consensus: true };
  if (kind !== null && (/^(vgg|is3|avs)/.test(kind) || kind === 'music-duet' || kind === 'music-solo')) {
    return { side: LVS_SIDE, rule: 'lvs', consensus: false };
  }
  return CLASS_PROTOCOL;
}

/** Masks of the classes that sound (or, with `sounding` false, that are silent) in sight; unnamed ones left out. */
export function classMasks(
  truth: SampleTruth,
  sounding: boolean,
  { side, rule }: BoxProtocol,
): Map<number, Uint8Array<ArrayBuffer>> {
  const masks = new Map<number, Uint8Array<ArrayBuffer>>();
  const named = [...truth.boxes, ...(truth.masks ?? [])].filter(
    (object) => object.sounding === sounding && object.classIndex >= 0,
  );
  for (const classIndex of new Set(named.map((object) => object.classIndex))) {
    const boxes = truth.boxes.filter((box) => box.sounding === sounding && box.classIndex === classIndex);
    const mask = unionOfBoxes(boxes, side, rule);
    for (const fine of truth.masks ?? []) {
      if (fine.sounding !== sounding || fine.classIndex !== classIndex) continue;
      const pixels = resampleMask(fine, side);
      for (let i = 0; i < mask.length; i++) if (pixels[i] !== 0) mask[i] = 1;
    }
    masks.set(classIndex, mask);
  }
  return masks;
}

/** All that sounds in sight, whatever its class, 0..1 a pixel; null where nothing does. */
export function sceneMask(
  truth: SampleTruth,
  { side, rule, consensus }: BoxProtocol,
): Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> | null {
  const boxes = truth.boxes.filter(({ sounding }) => sounding);
  const masks = (truth.masks ?? []).filter(({ sounding }) => sounding);
  if (boxes.length + masks.length === 0) return null;
  if (consensus) return consensusOfBoxes(boxes, side, rule);
  const whole = unionOfBoxes(boxes, side, rule);
  for (const mask of masks) {
    const pixels = resampleMask(mask, side);
    for (let i = 0; i < whole.length; i++) if (pixels[i] !== 0) whole[i] = 1;
  }
  return whole;
}

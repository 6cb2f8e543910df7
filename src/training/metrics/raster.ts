/** Boxes to pixels, by the two rules in use; the published figures depend on them. */

/** Corners as shares of the picture, 0..1. */
export interface ShareBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/**
 * - `qian`: corners are 1-based, rows `[ymin - 1, ymax - 1)` of a square of 256 (Qian et al.'s code for SoundNet-Flickr).
 * - `lvs`: rows `[y0, y1)` after truncating `side * share`; LVS and all that follow it, with 224, and AudioSet's boxes
 *   with 256.
 */
export type BoxRule = 'qian' | 'lvs';

/** The sides that the two rules are published with. */
export const QIAN_SIDE = 256;
export const LVS_SIDE = 224;

/** Calls `paint` with the half-open range of each row of the box; none for a box without area. */
function eachRow(
  box: ShareBox,
  side: number,
  rule: BoxRule,
  paint: (from: number, to: number) => void,
): void {
  const shift = rule === 'qian' ? 1 : 0;
  const pixel = (share: number): number =>
    Math.min(side, Math.max(0, Math.trunc(side * Math.min(1.1, Math.max(-0.1, share))) - shift));
  const [left, right] = [pixel(box.x0), pixel(box.x1)];
  if (right <= left) return;
  const bottom = pixel(box.y1);
  for (let row = pixel(box.y0); row < bottom; row++) paint(row * side + left, row * side + right);
}

/** `[side, side]` 1 inside any of the boxes, else 0: VGG-SS, AudioSet-instrument and all class-aware protocols. */
export function unionOfBoxes(
  boxes: readonly ShareBox[],
  side: number,
  rule: BoxRule,
): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(side * side);
  for (const box of boxes) eachRow(box, side, rule, (from, to) => mask.fill(1, from, to));
  return mask;
}

/** Votes that make a pixel count in full. */
const CONSENSUS = 2;

/**
 * `[side, side]` min(votes / 2, 1), where every box is one vote: what one annotator alone marked counts half
 * (SoundNet-Flickr).
 */
export function consensusOfBoxes(
  boxes: readonly ShareBox[],
  side: number,
  rule: BoxRule,
): Float32Array<ArrayBuffer> {
  const votes = new Float32Array(side * side);
  for (const box of boxes) {
    eachRow(box, side, rule, (from, to) => {
      for (let i = from; i < to; i++) votes[i]!++;
    });
  }
  for (let i = 0; i < votes.length; i++) votes[i] = Math.min(votes[i]! / CONSENSUS, 1);
  return votes;
}

/** A mask over the whole picture to `[side, side]`, by the nearest pixel. */
export function resampleMask(
  mask: { width: number; height: number; data: Uint8Array },
  side: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / side) * mask.width;
    for (let x = 0; x < side; x++) {
      out[y * side + x] = mask.data[row + Math.floor(((x + 0.5) * mask.width) / side)] === 0 ? 0 : 1;
    }
  }
  return out;
}

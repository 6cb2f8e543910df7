/** Tells a thing from what is around it where the ground is not plain: by colour, place and edges. */

import { FrameResizer } from '../../pipeline/prep/resize.ts';
import type { Photo } from '../media/photo.ts';
import { agreement, boundsOfMask, fillHoles, largestPiece, type Mask, type ShareBox } from './cut-out.ts';

/** Longer side at which it is done: outlines are shown at about this size. */
const SIDE = 72;
const COLOURS = 20;
const ROUNDS = 4;
/** What the place alone may make of the odds. */
const WEAK = 0.28;
/**
 * A colour that is this many times more common within than without may be the thing's. Each is tried: too low, and
 * the ground around the thing comes along; too high, and parts of it are lost. An outline is trusted where two in a
 * row give about the same (intersection over union).
 */
const DOUBTS = [1.4, 2, 2.8, 3.9, 5.5] as const;
const MIN_STABLE = 0.65;
/** Reach of the edge-keeping smoothing in working pixels, and what counts as an edge (variance of grey, 0..1). */
const REACH = 4;
const EDGE = 0.004;

/** The outline must lie on edges this many times as strong as those all around. */
const MIN_CONTRAST = 1.5;
/** What was found must agree with a known box by this much (intersection over union). */
const MIN_BOX_AGREEMENT = 0.75;
const MIN_AREA_SHARE = 0.04;
const MAX_AREA_SHARE = 0.75;
/** The main piece must hold this much of all that was found. */
const MIN_MAIN_SHARE = 0.75;

/** The working picture: planes of 0..1. */
interface Small {
  width: number;
  height: number;
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
  grey: Float32Array;
}

/**
 * The mask of a thing before any ground, at the photo's size; null where no outline is to be trusted. The rounds of
 * GrabCut (Rother et al. 2004) with a histogram over the photo's own colours for the mixture, and the guided filter
 * (He et al. 2013) for the graph cut: what is of the colours of the middle and not of the rim's, in pieces with the
 * photo's edges. `box`: the thing is within, and nearly fills it.
 */
export function segment(photo: Photo, box: ShareBox | null): Mask | null {
  const small = shrunk(photo);
  const { width, height } = small;
  const prior = placePrior(width, height, box);
  const label = colourLabels(small);
  let stable: Mask | null = null;
  let most = MIN_STABLE;
  let before: Mask | null = null;
  for (const doubt of DOUBTS) {
    const piece = mainPiece(shareOf(small, prior, label, doubt), width, height);
    const alike = piece === null || before === null ? 0 : overlap(piece, before);
    if (alike > most) {
      most = alike;
      stable = before;
    }
    before = piece;
  }
  if (stable === null || edgeContrast(small, stable) < MIN_CONTRAST) return null;
  if (box !== null && agreement(boundsOfMask(stable, width, height), box) < MIN_BOX_AGREEMENT) return null;
  return enlarged(stable, width, height, photo.width, photo.height);
}

/** How much each pixel belongs to the thing, 0..1. */
function shareOf(small: Small, prior: Float32Array, label: Uint8Array, doubt: number): Float32Array {
  const count = label.length;
  const share = prior.slice();
  const inside = new Float64Array(COLOURS);
  const outside = new Float64Array(COLOURS);
  for (let round = 0; round < ROUNDS; round++) {
    inside.fill(1e-3);
    outside.fill(1e-3);
    let insideSum = 0;
    let outsideSum = 0;
    for (let i = 0; i < count; i++) {
      const p = share[i]!;
      inside[label[i]!] = inside[label[i]!]! + p;
      outside[label[i]!] = outside[label[i]!]! + 1 - p;
      insideSum += p;
      outsideSum += 1 - p;
    }
    for (let i = 0; i < count; i++) {
      const colour = label[i]!;
      // After the first guess, place says little: things are of many shapes.
      const place = WEAK + (1 - 2 * WEAK) * prior[i]!;
      const own = (inside[colour]! / insideSum) * place;
      const other = doubt * (outside[colour]! / outsideSum) * (1 - place);
      share[i] = own / (own + other);
    }
    guidedFilter(small, share);
  }
  return share;
}

/** Intersection over union of two masks. */
function overlap(a: Mask, b: Mask): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== 0 && b[i] !== 0) both++;
    if (a[i] !== 0 || b[i] !== 0) either++;
  }
  return either === 0 ? 0 : both / either;
}

function shrunk({ rgb, width, height }: Photo): Small {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const w = Math.max(4, Math.round(width * scale));
  const h = Math.max(4, Math.round(height * scale));
  const small = new Uint8Array(w * h * 3);
  new FrameResizer({ width: w, height: h, resampler: 'area' }).writeRgb(rgb, width, height, small, 0);
  const plane = (channel: number): Float32Array =>
    Float32Array.from({ length: w * h }, (_, i) => small[3 * i + channel]! / 255);
  const [red, green, blue] = [plane(0), plane(1), plane(2)];
  const grey = red.map((r, i) => 0.3 * r + 0.59 * green[i]! + 0.11 * blue[i]!);
  return { width: w, height: h, red, green, blue, grey };
}

/** High in the middle, low at the rim; next to nothing outside of a known box. */
function placePrior(width: number, height: number, box: ShareBox | null): Float32Array {
  const prior = new Float32Array(width * height);
  const { x0, y0, x1, y1 } = box ?? { x0: 0, y0: 0, x1: 1, y1: 1 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // -1..1 within the box.
      const u = (2 * ((x + 0.5) / width - x0)) / (x1 - x0) - 1;
      const v = (2 * ((y + 0.5) / height - y0)) / (y1 - y0) - 1;
      const far = Math.max(Math.abs(u), Math.abs(v));
      const round = u * u + v * v;
      const rim = box === null ? 0.08 : 0.02;
      prior[y * width + x] =
        far > 1 ? rim : box === null ? Math.max(rim, 0.85 - 0.8 * round) : Math.max(0.15, 0.85 - 0.4 * round);
    }
  }
  return prior;
}

/** Which of the photo's own colours each pixel is nearest to (k-means from evenly spread pixels in order of grey). */
function colourLabels({ red, green, blue, grey }: Small): Uint8Array {
  const count = grey.length;
  const order = Uint16Array.from({ length: count }, (_, i) => i).sort((a, b) => grey[a]! - grey[b]!);
  const centres = Array.from({ length: COLOURS }, (_, c) => {
    const i = order[Math.floor(((c + 0.5) * count) / COLOURS)]!;
    return [red[i]!, green[i]!, blue[i]!];
  });
  const label = new Uint8Array(count);
  for (let round = 0; round < 6; round++) {
    const sums = centres.map(() => [0, 0, 0, 0]);
    for (let i = 0; i < count; i++) {
      let best = 0;
      let least = Infinity;
      for (let c = 0; c < COLOURS; c++) {
        const centre = centres[c]!;
        const distance =
          (red[i]! - centre[0]!) ** 2 + (green[i]! - centre[1]!) ** 2 + (blue[i]! - centre[2]!) ** 2;
        if (distance < least) {
          least = distance;
          best = c;
        }
      }
      label[i] = best;
      const sum = sums[best]!;
      sum[0] = sum[0]! + red[i]!;
      sum[1] = sum[1]! + green[i]!;
      sum[2] = sum[2]! + blue[i]!;
      sum[3] = sum[3]! + 1;
    }
    sums.forEach(([r = 0, g = 0, b = 0, n = 0], c) => {
      if (n > 0) centres[c] = [r / n, g / n, b / n];
    });
  }
  return label;
}

/** Smooths `share` in place, but not across the edges of the grey picture. */
function guidedFilter({ width, height, grey }: Small, share: Float32Array): void {
  const mean = (values: Float32Array): Float32Array => boxMean(values, width, height);
  const product = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value * b[i]!);
  const meanGrey = mean(grey);
  const meanShare = mean(share);
  const variance = mean(product(grey, grey));
  const slope = mean(product(grey, share));
  for (let i = 0; i < slope.length; i++) {
    const spread = variance[i]! - meanGrey[i]! ** 2;
    slope[i] = (slope[i]! - meanGrey[i]! * meanShare[i]!) / (spread + EDGE);
    meanShare[i] = meanShare[i]! - slope[i]! * meanGrey[i]!;
  }
  const a = mean(slope);
  const b = mean(meanShare);
  for (let i = 0; i < share.length; i++) share[i] = Math.min(1, Math.max(0, a[i]! * grey[i]! + b[i]!));
}

/** Mean over squares of `2 * REACH + 1`, at the rim over what there is of them. */
function boxMean(values: Float32Array, width: number, height: number): Float32Array {
  const rows = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) runMean(values, rows, y * width, 1, width);
  for (let x = 0; x < width; x++) runMean(rows, out, x, width, height);
  return out;
}

function runMean(from: Float32Array, to: Float32Array, start: number, step: number, length: number): void {
  let sum = 0;
  for (let i = 0; i < Math.min(REACH, length); i++) sum += from[start + i * step]!;
  for (let i = 0; i < length; i++) {
    if (i + REACH < length) sum += from[start + (i + REACH) * step]!;
    if (i - REACH - 1 >= 0) sum -= from[start + (i - REACH - 1) * step]!;
    to[start + i * step] = sum / (Math.min(length - 1, i + REACH) - Math.max(0, i - REACH) + 1);
  }
}

/** 255 in the largest piece of what is more thing than not, without holes; null where that is no sane thing. */
function mainPiece(share: Float32Array, width: number, height: number): Mask | null {
  const ground = Uint8Array.from(share, (value) => (value > 0.5 ? 0 : 1));
  const { piece, area, total } = largestPiece(width, height, ground);
  const areaShare = area / share.length;
  if (areaShare < MIN_AREA_SHARE || areaShare > MAX_AREA_SHARE || area < MIN_MAIN_SHARE * total) return null;
  return fillHoles(piece, width, height);
}

/** Mean step of colour across the outline, against the mean step between all neighbours. */
function edgeContrast({ width, height, red, green, blue }: Small, mask: Mask): number {
  let across = 0;
  let acrossCount = 0;
  let all = 0;
  let allCount = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      for (const j of [x + 1 < width ? i + 1 : -1, y + 1 < height ? i + width : -1]) {
        if (j < 0) continue;
        const step =
          Math.abs(red[i]! - red[j]!) + Math.abs(green[i]! - green[j]!) + Math.abs(blue[i]! - blue[j]!);
        all += step;
        allCount++;
        if (mask[i] === mask[j]) continue;
        across += step;
        acrossCount++;
      }
    }
  }
  return acrossCount === 0 || all === 0 ? 0 : across / acrossCount / (all / allCount);
}

/** Bilinear, with an edge of about a working pixel's softness made crisper. */
function enlarged(mask: Mask, width: number, height: number, toWidth: number, toHeight: number): Mask {
  const out = new Uint8Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const v = Math.min(height - 1, Math.max(0, ((y + 0.5) * height) / toHeight - 0.5));
    const top = Math.floor(v) * width;
    const below = Math.min(height - 1, Math.floor(v) + 1) * width;
    const fv = v - Math.floor(v);
    for (let x = 0; x < toWidth; x++) {
      const u = Math.min(width - 1, Math.max(0, ((x + 0.5) * width) / toWidth - 0.5));
      const left = Math.floor(u);
      const right = Math.min(width - 1, left + 1);
      const fu = u - left;
      const upper = mask[top + left]! + (mask[top + right]! - mask[top + left]!) * fu;
      const lower = mask[below + left]! + (mask[below + right]! - mask[below + left]!) * fu;
      const value = upper + (lower - upper) * fv;
      out[y * toWidth + x] = Math.max(0, Math.min(255, (value - 110) * 2));
    }
  }
  return out;
}

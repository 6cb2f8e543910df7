/** Anti-aliased polygon filling on an RGB picture: exact area coverage by accumulating signed edge areas. */

import type { Paint } from './paint.ts';
import type { Matrix, Path, PixelRect, Surface } from './pen.ts';

/**
 * A picture to draw on. Coverage of a pixel is the running sum along its row of the signed areas that the edges
 * leave in it, so cost grows with outline length and filled area, not with a number of sub-samples.
 */
export class Raster implements Surface {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` RGB. */
  readonly rgb: Uint8Array;
  /** `[height, width]`: how much of each pixel the drawn thing covers, 0..255; null unless asked for. */
  readonly mask: Uint8Array | null;
  /** Everything touched since {@link resetTouched}, shadows included. Empty when right <= left. */
  readonly touched: PixelRect = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  private readonly area: Float32Array;
  private readonly rowFirst: Int32Array;
  private readonly rowLast: Int32Array;
  private readonly span: Float32Array;

  constructor(width: number, height: number, options: { mask?: boolean } = {}) {
    this.width = width;
    this.height = height;
    this.rgb = new Uint8Array(width * height * 3);
    this.mask = options.mask === true ? new Uint8Array(width * height) : null;
    this.area = new Float32Array((width + 2) * height);
    this.rowFirst = new Int32Array(height);
    this.rowLast = new Int32Array(height);
    this.span = new Float32Array(width);
  }

  resetTouched(): void {
    this.touched.left = this.touched.top = Infinity;
    this.touched.right = this.touched.bottom = -Infinity;
  }

  fill(path: Path, paint: Paint, matrix: Matrix, clip: PixelRect | null, part: boolean): void {
    const bounds = boundsOf(path, clip, this.width, this.height);
    if (bounds === null) return;
    const touched = this.touched;
    touched.left = Math.min(touched.left, bounds.left);
    touched.top = Math.min(touched.top, bounds.top);
    touched.right = Math.max(touched.right, bounds.right);
    touched.bottom = Math.max(touched.bottom, bounds.bottom);
    this.rowFirst.fill(0x7fffffff, bounds.top, bounds.bottom);
    this.rowLast.fill(-1, bounds.top, bounds.bottom);
    let start = 0;
    for (const end of path.ends) {
      let x0 = path.points[end - 2]!;
      let y0 = path.points[end - 1]!;
      for (let i = start; i < end; i += 2) {
        const x1 = path.points[i]!;
        const y1 = path.points[i + 1]!;
        this.addEdge(x0, y0, x1, y1, bounds);
        x0 = x1;
        y0 = y1;
      }
      start = end;
    }
    const brush = createBrush(paint, matrix);
    for (let y = bounds.top; y < bounds.bottom; y++) {
      const first = this.rowFirst[y]!;
      const last = Math.min(this.rowLast[y]!, bounds.right - 1);
      if (first <= this.rowLast[y]!) this.paintRow(y, first, last, brush, part);
    }
  }

  /** Adds the signed area between the edge and everything to its right, row by row; x is clamped to the bounds. */
  private addEdge(xa: number, ya: number, xb: number, yb: number, bounds: PixelRect): void {
    if (ya === yb) return;
    const sign = ya < yb ? 1 : -1;
    const top = sign > 0 ? ya : yb;
    const bottom = Math.min(sign > 0 ? yb : ya, bounds.bottom);
    const slope = (xb - xa) / (yb - ya);
    let x = sign > 0 ? xa : xb;
    let y = top;
    if (y < bounds.top) {
      x += (bounds.top - y) * slope;
      y = bounds.top;
    }
    const area = this.area;
    const stride = this.width + 2;
    for (let row = Math.floor(y); row < bottom; row++) {
      const height = Math.min(row + 1, bottom) - Math.max(row, y);
      const xNext = x + slope * height;
      const signed = sign * height;
      let left = x < xNext ? x : xNext;
      let right = x < xNext ? xNext : x;
      x = xNext;
      if (left < bounds.left) left = bounds.left;
      else if (left > bounds.right) left = bounds.right;
      if (right < bounds.left) right = bounds.left;
      else if (right > bounds.right) right = bounds.right;
      const first = Math.floor(left);
      const past = Math.ceil(right);
      const at = row * stride + first;
      if (past <= first + 1) {
        const share = 0.5 * (left + right) - first;
        area[at] = area[at]! + signed * (1 - share);
        area[at + 1] = area[at + 1]! + signed * share;
      } else {
        // The edge crosses several pixels of the row: a triangle at each end, trapezia of equal gain between.
        const gain = 1 / (right - left);
        const headRoom = 1 - (left - first);
        const tailRoom = right - (past - 1);
        const head = 0.5 * gain * headRoom * headRoom;
        const tail = 0.5 * gain * tailRoom * tailRoom;
        area[at] = area[at]! + signed * head;
        let before = head;
        for (let i = 1; i < past - first - 1; i++) {
          const covered = gain * (headRoom + i - 0.5);
          area[at + i] = area[at + i]! + signed * (covered - before);
          before = covered;
        }
        const end = at + past - first - 1;
        area[end] = area[end]! + signed * (1 - tail - before);
        area[end + 1] = area[end + 1]! + signed * tail;
      }
      if (first < this.rowFirst[row]!) this.rowFirst[row] = first;
      const lastTouched = past <= first + 1 ? first + 1 : past;
      if (lastTouched > this.rowLast[row]!) this.rowLast[row] = lastTouched;
    }
  }

  /** Sums the row's areas up to coverage, paints by it, and leaves the areas zero for the next shape. */
  private paintRow(y: number, first: number, last: number, brush: Brush, part: boolean): void {
    const { area, rgb, span } = this;
    const rowStart = y * (this.width + 2);
    const mask = part ? this.mask : null;
    const flat = brush.kind === 'flat';
    if (!flat) brush.ramp(y, first, last, span);
    const { red, green, blue, alpha, redRange, greenRange, blueRange, alphaRange } = brush;
    let r = red;
    let g = green;
    let b = blue;
    let covered = 0;
    let coverage = 0;
    let weight = 0;
    let at = (y * this.width + first) * 3;
    for (let x = first; x <= last; x++, at += 3) {
      // Inside a shape no edge changes the coverage: half the time per pixel is saved by not recomputing it.
      const change = area[rowStart + x]!;
      if (change !== 0) {
        area[rowStart + x] = 0;
        covered += change;
        coverage = covered < 0 ? -covered : covered;
        if (coverage > 1) coverage = 1;
        weight = coverage * alpha;
      }
      if (coverage < 1 / 512) continue;
      if (!flat) {
        const share = span[x]!;
        r = red + redRange * share;
        g = green + greenRange * share;
        b = blue + blueRange * share;
        weight = coverage * (alpha + alphaRange * share);
      }
      if (weight > 0.998) {
        rgb[at] = r + 0.5;
        rgb[at + 1] = g + 0.5;
        rgb[at + 2] = b + 0.5;
      } else {
        const oldRed = rgb[at]!;
        const oldGreen = rgb[at + 1]!;
        const oldBlue = rgb[at + 2]!;
        rgb[at] = oldRed + (r - oldRed) * weight + 0.5;
        rgb[at + 1] = oldGreen + (g - oldGreen) * weight + 0.5;
        rgb[at + 2] = oldBlue + (b - oldBlue) * weight + 0.5;
      }
      if (mask !== null) {
        const pixel = y * this.width + x;
        const value = Math.round(weight * 255);
        if (value > mask[pixel]!) mask[pixel] = value;
      }
    }
    area.fill(0, rowStart + last + 1, rowStart + this.rowLast[y]! + 1);
  }
}

/** A paint resolved to pixels: value = base + range * share, where the share of a pixel is 0..1. */
interface Brush {
  kind: 'flat' | 'linear' | 'radial';
  red: number;
  green: number;
  blue: number;
  alpha: number;
  redRange: number;
  greenRange: number;
  blueRange: number;
  alphaRange: number;
  /** Writes the shares of row `y` from `first` to `last` at the same places of `out`. */
  ramp(y: number, first: number, last: number, out: Float32Array): void;
}

const noRamp = (): void => undefined;

function createBrush(paint: Paint, m: Matrix): Brush {
  if (typeof paint === 'number') return brushOf('flat', paint, paint, 1, 1, noRamp);
  if (paint.kind === 'flat')
    return brushOf('flat', paint.color, paint.color, paint.alpha, paint.alpha, noRamp);
  if (paint.kind === 'linear') {
    const x0 = m.a * paint.x0 + m.c * paint.y0 + m.e;
    const y0 = m.b * paint.x0 + m.d * paint.y0 + m.f;
    const dx = m.a * paint.x1 + m.c * paint.y1 + m.e - x0;
    const dy = m.b * paint.x1 + m.d * paint.y1 + m.f - y0;
    const norm = 1 / Math.max(1e-9, dx * dx + dy * dy);
    return brushOf('linear', paint.from, paint.to, paint.fromAlpha, paint.toAlpha, (y, first, last, out) => {
      let share = ((first + 0.5 - x0) * dx + (y + 0.5 - y0) * dy) * norm;
      for (let x = first; x <= last; x++, share += dx * norm) out[x] = share < 0 ? 0 : share > 1 ? 1 : share;
    });
  }
  const cx = m.a * paint.x + m.c * paint.y + m.e;
  const cy = m.b * paint.x + m.d * paint.y + m.f;
  const norm = 1 / (paint.radius * Math.sqrt(Math.abs(m.a * m.d - m.b * m.c)));
  return brushOf('radial', paint.from, paint.to, paint.fromAlpha, paint.toAlpha, (y, first, last, out) => {
    const dy = y + 0.5 - cy;
    for (let x = first; x <= last; x++) {
      const dx = x + 0.5 - cx;
      const share = Math.sqrt(dx * dx + dy * dy) * norm;
      out[x] = share > 1 ? 1 : share;
    }
  });
}

function brushOf(
  kind: Brush['kind'],
  from: number,
  to: number,
  fromAlpha: number,
  toAlpha: number,
  ramp: Brush['ramp'],
): Brush {
  const red = (from >> 16) & 255;
  const green = (from >> 8) & 255;
  const blue = from & 255;
  return {
    kind,
    red,
    green,
    blue,
    alpha: fromAlpha,
    redRange: ((to >> 16) & 255) - red,
    greenRange: ((to >> 8) & 255) - green,
    blueRange: (to & 255) - blue,
    alphaRange: toAlpha - fromAlpha,
    ramp,
  };
}

/** The whole pixels that a path can touch inside the picture and the clip; null when there are none. */
export function boundsOf(
  path: Path,
  clip: PixelRect | null,
  width: number,
  height: number,
): PixelRect | null {
  const end = path.ends[path.ends.length - 1] ?? 0;
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < end; i += 2) {
    const x = path.points[i]!;
    const y = path.points[i + 1]!;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  const bounds = {
    left: Math.max(0, clip?.left ?? 0, Math.floor(left)),
    top: Math.max(0, clip?.top ?? 0, Math.floor(top)),
    right: Math.min(width, clip?.right ?? width, Math.ceil(right)),
    bottom: Math.min(height, clip?.bottom ?? height, Math.ceil(bottom)),
  };
  return bounds.right > bounds.left && bounds.bottom > bounds.top ? bounds : null;
}

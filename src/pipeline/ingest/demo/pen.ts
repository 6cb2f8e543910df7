/** The drawing vocabulary of the cast: smooth shapes in local units, flattened to polygons for a {@link Surface}. */

import type { Paint } from './paint.ts';

/** Maps the pen's units to pixels: x' = a x + c y + e, y' = b x + d y + f. */
export interface Matrix {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

/** A rectangle in pixels; right and bottom are exclusive. */
export interface PixelRect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Closed polygons in pixels. Reused by the pen: a surface must not keep it. */
export interface Path {
  /** x, y, x, y, ... */
  points: Float64Array;
  /** For each contour, the index in `points` after its last coordinate. */
  ends: number[];
}

/** Where a pen draws. Implementers: `Raster` (pixels), `Extent` (bounding box only). */
export interface Surface {
  /** Fills with the non-zero rule. `part` is false for shadows and props that are not part of the drawn thing. */
  fill(path: Path, paint: Paint, matrix: Matrix, clip: PixelRect | null, part: boolean): void;
}

const ELLIPSE_TOLERANCE_PX = 0.08;

/** Draws on a surface. Lists of points are flat: x, y, x, y, ... in local units; y points down. */
export class Pen {
  private readonly surface: Surface;
  private matrix: Matrix;
  private clip: PixelRect | null = null;
  private part = true;
  private readonly path: Path = { points: new Float64Array(4096), ends: [] };
  private count = 0;
  private contourStart = 0;

  /** `scale` pixels per unit. */
  constructor(surface: Surface, scale = 1) {
    this.surface = surface;
    this.matrix = { a: scale, b: 0, c: 0, d: scale, e: 0, f: 0 };
  }

  /** Draws with the origin moved to (x, y), turned clockwise by `angle` radians and scaled (negative mirrors). */
  within(x: number, y: number, draw: () => void, angle = 0, scaleX = 1, scaleY = Math.abs(scaleX)): void {
    const outer = this.matrix;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    this.matrix = {
      a: (outer.a * cos + outer.c * sin) * scaleX,
      b: (outer.b * cos + outer.d * sin) * scaleX,
      c: (outer.c * cos - outer.a * sin) * scaleY,
      d: (outer.d * cos - outer.b * sin) * scaleY,
      e: outer.a * x + outer.c * y + outer.e,
      f: outer.b * x + outer.d * y + outer.f,
    };
    draw();
    this.matrix = outer;
  }

  /** Draws only inside a rectangle, which must be upright on the surface. */
  clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    const outer = this.clip;
    const { a, b, c, d, e, f } = this.matrix;
    const xs = [a * x + c * y + e, a * (x + width) + c * (y + height) + e];
    const ys = [b * x + d * y + f, b * (x + width) + d * (y + height) + f];
    this.clip = {
      left: Math.max(outer?.left ?? -Infinity, Math.round(Math.min(...xs))),
      top: Math.max(outer?.top ?? -Infinity, Math.round(Math.min(...ys))),
      right: Math.min(outer?.right ?? Infinity, Math.round(Math.max(...xs))),
      bottom: Math.min(outer?.bottom ?? Infinity, Math.round(Math.max(...ys))),
    };
    draw();
    this.clip = outer;
  }

  /** Draws what is not part of the thing itself (its shadow, its stool): outside its box and mask. */
  aside(draw: () => void): void {
    const outer = this.part;
    this.part = false;
    draw();
    this.part = outer;
  }

  polygon(points: readonly number[], paint: Paint): void {
    this.begin();
    for (let i = 0; i + 1 < points.length; i += 2) this.add(points[i]!, points[i + 1]!);
    this.close();
    this.fill(paint);
  }

  /** A smooth closed outline through the points (centripetal enough: Catmull-Rom with tension 1/2). */
  blob(points: readonly number[], paint: Paint): void {
    this.begin();
    this.smooth(points, true, (x, y) => this.add(x, y));
    this.close();
    this.fill(paint);
  }

  ellipse(x: number, y: number, radiusX: number, radiusY: number, paint: Paint, angle = 0): void {
    this.begin();
    this.addEllipse(x, y, radiusX, radiusY, angle);
    this.fill(paint);
  }

  circle(x: number, y: number, radius: number, paint: Paint): void {
    this.ellipse(x, y, radius, radius, paint);
  }

  /** `radius` is cut to half the shorter side. */
  roundRect(x: number, y: number, width: number, height: number, radius: number, paint: Paint): void {
    const r = Math.min(radius, width / 2, height / 2);
    this.begin();
    for (let corner = 0; corner < 4; corner++) {
      const cx = corner === 0 || corner === 3 ? x + width - r : x + r;
      const cy = corner < 2 ? y + height - r : y + r;
      const steps = r === 0 ? 0 : 5;
      for (let i = 0; i <= steps; i++) {
        const angle = (corner + (steps === 0 ? 0 : i / steps)) * (Math.PI / 2);
        this.add(cx + r * Math.cos(angle), cy + r * Math.sin(angle));
      }
    }
    this.close();
    this.fill(paint);
  }

  /** Straight pieces with round joints and ends. */
  line(points: readonly number[], width: number, paint: Paint): void {
    this.begin();
    this.addStroke(points, width, width);
    this.fill(paint);
  }

  /** A smooth stroke through the points, `startWidth` wide at the first and `endWidth` at the last. */
  curve(points: readonly number[], startWidth: number, paint: Paint, endWidth = startWidth): void {
    const smooth: number[] = [];
    this.smooth(points, false, (x, y) => smooth.push(x, y));
    this.begin();
    this.addRibbon(smooth, startWidth, endWidth);
    this.fill(paint);
  }

  /** A circle's outline. */
  ring(x: number, y: number, radius: number, width: number, paint: Paint): void {
    this.begin();
    this.addEllipse(x, y, radius + width / 2, radius + width / 2, 0);
    this.addEllipse(x, y, radius - width / 2, -(radius - width / 2), 0);
    this.fill(paint);
  }

  private begin(): void {
    this.count = 0;
    this.contourStart = 0;
    this.path.ends.length = 0;
  }

  private add(x: number, y: number): void {
    if (this.count + 2 > this.path.points.length) {
      const grown = new Float64Array(this.path.points.length * 2);
      grown.set(this.path.points);
      this.path.points = grown;
    }
    const { a, b, c, d, e, f } = this.matrix;
    this.path.points[this.count++] = a * x + c * y + e;
    this.path.points[this.count++] = b * x + d * y + f;
  }

  private close(): void {
    if (this.count > this.contourStart) this.path.ends.push(this.count);
    this.contourStart = this.count;
  }

  private fill(paint: Paint): void {
    this.surface.fill(this.path, paint, this.matrix, this.clip, this.part);
  }

  private addEllipse(x: number, y: number, radiusX: number, radiusY: number, angle: number): void {
    const { a, b, c, d } = this.matrix;
    const radiusPx = Math.max(Math.abs(radiusX), Math.abs(radiusY)) * Math.sqrt(Math.abs(a * d - b * c));
    const steps = Math.max(
      8,
      Math.min(64, Math.ceil(Math.PI * Math.sqrt(radiusPx / (2 * ELLIPSE_TOLERANCE_PX)))),
    );
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    for (let i = 0; i < steps; i++) {
      const turn = (2 * Math.PI * i) / steps;
      const px = radiusX * Math.cos(turn);
      const py = radiusY * Math.sin(turn);
      this.add(x + px * cos - py * sin, y + px * sin + py * cos);
    }
    this.close();
  }

  /** One quad per piece and one disc per point, all turning the same way, so that the non-zero rule joins them. */
  private addStroke(points: readonly number[], startWidth: number, endWidth: number): void {
    const pieces = points.length / 2 - 1;
    const halfWidth = (i: number): number =>
      (startWidth + (endWidth - startWidth) * (pieces > 0 ? i / pieces : 0)) / 2;
    for (let i = 0; i <= pieces; i++) {
      const x0 = points[2 * i]!;
      const y0 = points[2 * i + 1]!;
      const half0 = halfWidth(i);
      if (half0 > 0.3) this.addEllipse(x0, y0, half0, half0, 0);
      if (i === pieces) break;
      const x1 = points[2 * i + 2]!;
      const y1 = points[2 * i + 3]!;
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (length === 0) continue;
      const half1 = halfWidth(i + 1);
      const nx = -(y1 - y0) / length;
      const ny = (x1 - x0) / length;
      this.add(x0 + nx * half0, y0 + ny * half0);
      this.add(x0 - nx * half0, y0 - ny * half0);
      this.add(x1 - nx * half1, y1 - ny * half1);
      this.add(x1 + nx * half1, y1 + ny * half1);
      this.close();
    }
  }

  /** One outline down the left side and back up the right, with a half disc at each end. */
  private addRibbon(points: readonly number[], startWidth: number, endWidth: number): void {
    const last = points.length / 2 - 1;
    const side = (i: number, sign: number): void => {
      const before = Math.max(0, i - 1);
      const after = Math.min(last, i + 1);
      const dx = points[2 * after]! - points[2 * before]!;
      const dy = points[2 * after + 1]! - points[2 * before + 1]!;
      const half =
        (sign * (startWidth + ((endWidth - startWidth) * i) / last)) / 2 / (Math.hypot(dx, dy) || 1);
      this.add(points[2 * i]! - dy * half, points[2 * i + 1]! + dx * half);
    };
    const cap = (i: number, radius: number, heading: number): void => {
      for (let step = 1; step < 6; step++) {
        const angle = heading + Math.PI * (0.5 - step / 6);
        this.add(points[2 * i]! + radius * Math.cos(angle), points[2 * i + 1]! + radius * Math.sin(angle));
      }
    };
    for (let i = 0; i <= last; i++) side(i, 1);
    const end = 2 * last;
    cap(last, endWidth / 2, Math.atan2(points[end + 1]! - points[end - 1]!, points[end]! - points[end - 2]!));
    for (let i = last; i >= 0; i--) side(i, -1);
    cap(0, startWidth / 2, Math.atan2(points[1]! - points[3]!, points[0]! - points[2]!));
    this.close();
  }

  private smooth(points: readonly number[], closed: boolean, emit: (x: number, y: number) => void): void {
    const count = points.length / 2;
    const at = (i: number, axis: 0 | 1): number => {
      const index = closed ? (i + count) % count : Math.max(0, Math.min(count - 1, i));
      return points[2 * index + axis]!;
    };
    const { a, b, c, d } = this.matrix;
    const scale = Math.sqrt(Math.abs(a * d - b * c));
    const pieces = closed ? count : count - 1;
    for (let i = 0; i < pieces; i++) {
      const lengthPx = scale * Math.hypot(at(i + 1, 0) - at(i, 0), at(i + 1, 1) - at(i, 1));
      const steps = Math.max(2, Math.min(12, Math.ceil(lengthPx / 5)));
      for (let step = 0; step < steps; step++) {
        const t = step / steps;
        emit(
          spline(t, at(i - 1, 0), at(i, 0), at(i + 1, 0), at(i + 2, 0)),
          spline(t, at(i - 1, 1), at(i, 1), at(i + 1, 1), at(i + 2, 1)),
        );
      }
    }
    if (!closed) emit(at(count - 1, 0), at(count - 1, 1));
  }
}

/** Catmull-Rom between p1 and p2. */
function spline(t: number, p0: number, p1: number, p2: number, p3: number): number {
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
}

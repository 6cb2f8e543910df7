import { describe, expect, it } from 'vitest';
import { Extent } from './extent.ts';
import { linear, translucent } from './paint.ts';
import { Pen } from './pen.ts';
import { Raster } from './raster.ts';

/** The red channel as rows of numbers, for shapes drawn in 0xff0000 on black: coverage times 255. */
function coverage(raster: Raster): number[][] {
  return Array.from({ length: raster.height }, (_, y) =>
    Array.from({ length: raster.width }, (_, x) => raster.rgb[(y * raster.width + x) * 3]!),
  );
}

function total(raster: Raster): number {
  return (
    coverage(raster)
      .flat()
      .reduce((sum, value) => sum + value, 0) / 255
  );
}

describe('Raster', () => {
  it('covers the pixels of an aligned rectangle wholly and no others', () => {
    const raster = new Raster(5, 4);
    new Pen(raster).polygon([1, 1, 4, 1, 4, 3, 1, 3], 0xff0000);
    expect(coverage(raster)).toEqual([
      [0, 0, 0, 0, 0],
      [0, 255, 255, 255, 0],
      [0, 255, 255, 255, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('weighs pixels at the edge by the area that is covered', () => {
    const raster = new Raster(3, 3);
    new Pen(raster).polygon([0.5, 0.25, 2.5, 0.25, 2.5, 2, 0.5, 2], 0xff0000);
    const rows = coverage(raster);
    expect(rows[0]).toEqual([96, 191, 96]);
    expect(rows[1]).toEqual([128, 255, 128]);
    expect(rows[2]).toEqual([0, 0, 0]);
  });

  it('has the area of the shape, whichever way round it is given', () => {
    const cases: { area: number; draw: (pen: Pen) => void }[] = [
      { area: Math.PI * 20 * 20, draw: (pen) => pen.circle(32.3, 31.7, 20, 0xff0000) },
      { area: 585, draw: (pen) => pen.polygon([10, 10, 50, 13, 40, 41.5], 0xff0000) },
      { area: 585, draw: (pen) => pen.polygon([40, 41.5, 50, 13, 10, 10], 0xff0000) },
      { area: 40 * 6 + Math.PI * 9, draw: (pen) => pen.line([12, 30.4, 52, 30.4], 6, 0xff0000) },
      { area: 40 * 6 + Math.PI * 9, draw: (pen) => pen.curve([12, 30.4, 32, 30.4, 52, 30.4], 6, 0xff0000) },
      { area: 2 * Math.PI * 20 * 4, draw: (pen) => pen.ring(32, 32, 20, 4, 0xff0000) },
      { area: 30 * 20 - (4 - Math.PI) * 25, draw: (pen) => pen.roundRect(10, 10, 30, 20, 5, 0xff0000) },
    ];
    for (const { area, draw } of cases) {
      const raster = new Raster(64, 64);
      draw(new Pen(raster));
      expect(Math.abs(total(raster) - area) / area).toBeLessThan(0.012);
    }
  });

  it('joins overlapping pieces of a stroke without a seam', () => {
    const raster = new Raster(40, 40);
    new Pen(raster).line([5, 20, 20, 20, 20, 35], 8, translucent(0xff0000, 0.5));
    expect(new Set(coverage(raster)[20]!.slice(6, 23))).toEqual(new Set([128]));
  });

  it('keeps what lies outside the picture or the clip untouched', () => {
    const raster = new Raster(20, 10);
    const pen = new Pen(raster);
    pen.clipped(4, 2, 6, 5, () => pen.circle(5, 4, 300, 0xff0000));
    expect(total(raster)).toBe(30);
    expect(coverage(raster)[2]!.slice(3, 11)).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(raster.touched).toEqual({ left: 4, top: 2, right: 10, bottom: 7 });
    pen.circle(-50, -50, 20, 0xff0000);
    expect(total(raster)).toBe(30);
  });

  it('leaves no trace of one shape in the next', () => {
    const raster = new Raster(32, 32);
    const pen = new Pen(raster);
    pen.clipped(3, 3, 9, 9, () => pen.blob([0, 0, 31, 4, 28, 31, 2, 25], translucent(0xff0000, 0)));
    pen.polygon([0, 0, 32, 0, 32, 32, 0, 32], 0xff0000);
    expect(total(raster)).toBe(32 * 32);
  });

  it('runs a gradient from its first to its last colour', () => {
    const raster = new Raster(64, 1);
    new Pen(raster).polygon([0, 0, 64, 0, 64, 1, 0, 1], linear(0, 0, 64, 0, 0x000000, 0xff0000));
    const row = coverage(raster)[0]!;
    expect(row[0]).toBe(2);
    expect(row[63]).toBe(253);
    expect(row.every((value, x) => x === 0 || value > row[x - 1]!)).toBe(true);
  });

  it('puts the thing, but not what stands aside, into mask and box', () => {
    const raster = new Raster(20, 20, { mask: true });
    const extent = new Extent(20, 20);
    for (const surface of [raster, extent]) {
      const pen = new Pen(surface);
      pen.aside(() => pen.roundRect(0, 15, 20, 5, 0, 0x333333));
      pen.within(10, 10, () => pen.roundRect(-2, -4, 4, 8, 0, 0xff0000), Math.PI / 2);
    }
    const covered: number[] = [];
    raster.mask?.forEach((value, i) => {
      if (value === 255) covered.push(i);
    });
    expect(covered.length).toBe(32);
    expect(extent.take()).toEqual({ x: 0.3, y: 0.4, width: 0.4, height: 0.2 });
    expect(extent.take()).toBeNull();
  });
});

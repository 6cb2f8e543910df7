/** Shares of cells that boxes and masks cover. */

import { describe, expect, it } from 'vitest';
import { CoverageRaster } from './coverage.ts';

function cells(paint: (raster: CoverageRaster) => void): number[] {
  const raster = new CoverageRaster({ rows: 2, cols: 2 });
  raster.paintBox(0, 0, 1, 1);
  raster.clear();
  paint(raster);
  const out = new Float32Array(5).fill(9);
  raster.write(out, 1);
  expect(out[0]).toBe(9);
  return [...out.subarray(1)];
}

describe('CoverageRaster', () => {
  it('gives the share of each cell', () => {
    expect(cells((raster) => raster.paintBox(0, 0, 0.5, 0.5))).toEqual([1, 0, 0, 0]);
    expect(cells((raster) => raster.paintBox(0.25, 0, 0.75, 0.5))).toEqual([0.5, 0.5, 0, 0]);
    expect(cells((raster) => raster.paintBox(0.25, 0.25, 0.75, 0.75))).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('counts what overlaps once', () => {
    const overlap = (raster: CoverageRaster): void => {
      raster.paintBox(0, 0, 0.25, 0.5);
      raster.paintBox(0.125, 0, 0.375, 0.5);
    };
    expect(cells(overlap)).toEqual([0.75, 0, 0, 0]);
  });

  it('takes boxes over the edge to the edge, and boxes without area for nothing', () => {
    expect(cells((raster) => raster.paintBox(-1, -1, 2, 0.5))).toEqual([1, 1, 0, 0]);
    expect(cells((raster) => raster.paintBox(0.5, 0.2, 0.5, 0.9))).toEqual([0, 0, 0, 0]);
    expect(cells((raster) => raster.paintBox(0.6, 0.2, 0, 0.9))).toEqual([0, 0, 0, 0]);
  });

  it('takes masks of any size', () => {
    const data = Uint8Array.of(1, 0, 0, 1, 1, 0, 0, 0);
    expect(cells((raster) => raster.paintMask({ width: 4, height: 2, data }))).toEqual([0.5, 0.5, 0.5, 0]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minMaxMap } from './paper.ts';
import { HotSpotFinder } from './peak.ts';
import { quantise } from './quantise.ts';

const GRID = { rows: 10, cols: 14 };

/** A Gaussian spot centred on `(x, y)` in cell units. */
function gaussian(x: number, y: number, sigma: number): Float32Array {
  return Float32Array.from({ length: GRID.rows * GRID.cols }, (_, cell) => {
    const dx = (cell % GRID.cols) + 0.5 - x;
    const dy = Math.floor(cell / GRID.cols) + 0.5 - y;
    return Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
  });
}

describe('the hottest point', () => {
  test('of a Gaussian spot is found within a tenth of a cell', () => {
    const finder = new HotSpotFinder(GRID, 0.3);
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: GRID.cols - 2, noNaN: true }),
        fc.double({ min: 2, max: GRID.rows - 2, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        (x, y, sigma) => {
          const { peak } = finder.find(gaussian(x, y, sigma))!;
          expect(Math.abs(peak.x * GRID.cols - x)).toBeLessThan(0.1);
          expect(Math.abs(peak.y * GRID.rows - y)).toBeLessThan(0.1);
        },
      ),
    );
  });

  test('lies between cells by the parabola through three of them', () => {
    // (1, 3, 2): top at 0.5 * (1 - 2) / (1 - 6 + 2) = 1/6 of a cell to the right of the second of three.
    const { peak } = new HotSpotFinder({ rows: 1, cols: 3 }, 0.9).find(Float32Array.of(0.1, 0.3, 0.2))!;
    expect(peak.x).toBeCloseTo((1.5 + 1 / 6) / 3, 5);
    expect(peak.y).toBe(0.5);
    expect(peak.value).toBeCloseTo(0.3, 6);
  });

  test('of a plateau is its centre', () => {
    const heat = Float32Array.from([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    const { peak } = new HotSpotFinder({ rows: 4, cols: 5 }, 0.5).find(heat)!;
    expect([peak.x, peak.y]).toEqual([0.5, 0.5]);
  });

  test('at the border is the border cell, and always inside the picture', () => {
    const corner = new HotSpotFinder({ rows: 2, cols: 2 }, 0.5).find(Float32Array.of(0, 0, 0, 1))!;
    expect(corner.peak).toEqual({ x: 0.75, y: 0.75, value: 1 });
    const cell = fc.float({ min: 0, max: 1, noNaN: true });
    const map = fc.array(cell, { minLength: 12, maxLength: 12 });
    const finder = new HotSpotFinder({ rows: 3, cols: 4 }, 0.4);
    fc.assert(
      fc.property(map, (values) => {
        const spot = finder.find(Float32Array.from(values));
        if (spot === null) return values.every((v) => v < 0.002);
        const { peak, box } = spot;
        return box.x0 < peak.x && peak.x < box.x1 && box.y0 < peak.y && peak.y < box.y1;
      }),
    );
  });

  test('of nothing is null', () => {
    expect(new HotSpotFinder({ rows: 2, cols: 2 }, 0.5).find(new Float32Array(4))).toBeNull();
    expect(new HotSpotFinder({ rows: 1, cols: 2 }, 0.5).find(Float32Array.of(0.0019, 0))).toBeNull();
  });
});

describe('the box', () => {
  // The spot at the top left reaches down and right; the one at the right touches it by a corner only.
  const heat = Float32Array.from(
    [
      [0.0, 0.4, 0.0, 0.9],
      [0.4, 1.0, 0.5, 0.0],
      [0.0, 0.3, 0.0, 0.0],
    ].flat(),
  );
  const boxAt = (threshold: number) => new HotSpotFinder({ rows: 3, cols: 4 }, threshold).find(heat)!.box;

  test('holds the connected cells above the share of the maximum, and no others', () => {
    expect(boxAt(0.45)).toEqual({ x0: 0.25, y0: 1 / 3, x1: 0.75, y1: 2 / 3 });
    expect(boxAt(0.35)).toEqual({ x0: 0, y0: 0, x1: 0.75, y1: 2 / 3 });
    expect(boxAt(0.25)).toEqual({ x0: 0, y0: 0, x1: 0.75, y1: 1 });
  });
});

describe('the paper map', () => {
  const paper = (values: number[]): number[] => {
    const out = new Float32Array(values.length);
    minMaxMap(Float32Array.from(values), out);
    return [...out];
  };

  test('stretches whatever there is to 0..1', () => {
    expect(paper([-0.5, 0, 0.5])).toEqual([0, 0.5, 1]);
    expect(paper([0.25, 0.375, 0.5])).toEqual([0, 0.5, 1]);
  });

  test('is nothing where the formula is undefined', () => {
    expect(paper([0.3, 0.3])).toEqual([0, 0]);
    expect(paper([0.3, Number.NaN])).toEqual([0, 0]);
  });
});

test('quantise rounds 0..1 to 0..255 into a fresh array', () => {
  const heat = Float32Array.of(0, 0.5, 1, 0.001, 0.003);
  expect([...quantise(heat)]).toEqual([0, 128, 255, 0, 1]);
  expect(quantise(heat).buffer).not.toBe(quantise(heat).buffer);
});

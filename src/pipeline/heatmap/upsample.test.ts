import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MapUpsampler } from './upsample.ts';

const enlarge = (map: number[], from: [number, number], to: [number, number]): number[] => {
  const out = new Float32Array(to[0] * to[1]);
  const upsampler = new MapUpsampler({ rows: from[0], cols: from[1] }, { rows: to[0], cols: to[1] });
  upsampler.write(Float32Array.from(map), out);
  return [...out];
};

test('a row of two cells becomes four: a quarter of the way, and border cells reach to the border', () => {
  expect(enlarge([0, 4], [1, 2], [1, 4])).toEqual([0, 1, 3, 4]);
  expect(enlarge([0, 4], [2, 1], [4, 1])).toEqual([0, 1, 3, 4]);
});

test('rows and columns are enlarged apart', () => {
  expect(enlarge([0, 4, 8, 12], [2, 2], [4, 2])).toEqual([0, 4, 2, 6, 6, 10, 8, 12]);
  // One cell is all there is to see, however many are made of it.
  expect(enlarge([7], [1, 1], [2, 3])).toEqual([7, 7, 7, 7, 7, 7]);
});

test('a plane stays a plane between the outer centres, and nothing leaves the range', () => {
  const size = fc.integer({ min: 2, max: 6 });
  const slope = fc.integer({ min: -5, max: 5 });
  fc.assert(
    fc.property(
      size,
      size,
      fc.integer({ min: 1, max: 4 }),
      slope,
      slope,
      (rows, cols, factor, down, across) => {
        const at = (row: number, col: number): number => down * row + across * col;
        const map = Array.from({ length: rows * cols }, (_, i) => at(Math.floor(i / cols), i % cols));
        const fine = enlarge(map, [rows, cols], [rows * factor, cols * factor]);
        const place = (i: number, cells: number): number =>
          Math.min(Math.max((i + 0.5) / factor - 0.5, 0), cells - 1);
        fine.forEach((value, i) => {
          const row = place(Math.floor(i / (cols * factor)), rows);
          expect(value).toBeCloseTo(at(row, place(i % (cols * factor), cols)), 4);
        });
      },
    ),
    { numRuns: 50 },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOnes, centreBox, centredGaussian } from './baseline-maps.ts';
import { type BinarisationName, binarise, cut, largest, shareOfMaximum } from './binarise.ts';
import { adaptiveIou, interactiveAuc, interactiveIou } from './interactive.ts';
import { MapResizer } from './resize-map.ts';
import { selectRank } from './select.ts';
import { mean, sum } from './sum.ts';

/** Exact in float32: its maximum is 8, a tenth of it 0.8. */
const MAP = Float32Array.of(-1, 0, 0.5, 0.875, 4, 8);
const on = (name: BinarisationName, map = MAP): string => binarise(map, name).join('');

describe('a map is on', () => {
  it('from a tenth of its maximum (qian), from a half or a thousandth (simplified)', () => {
    expect(on('qian')).toBe('000111');
    expect(on('eq9')).toBe('000111');
    expect(on('simplified-0.5')).toBe('000001');
    expect(on('simplified-0.001')).toBe('001111');
    expect(shareOfMaximum(MAP, 0.5, 'at-least').join('')).toBe('000011');
  });

  it('from the element in the middle, or above it', () => {
    expect(on('median')).toBe('000111');
    expect(on('median-strict')).toBe('000011');
    expect(on('median', Float32Array.of(1, 1, 1, 1))).toBe('1111');
    expect(on('median-strict', Float32Array.of(1, 1, 1, 1))).toBe('0000');
  });

  it('nowhere without a value above zero', () => {
    expect(on('qian', Float32Array.of(0, 0))).toBe('00');
    expect(on('eq9', Float32Array.of(-2, -1))).toBe('00');
  });

  it('above a fixed value, or on as many pixels as the truth has', () => {
    expect(cut(MAP, 0.5, 'above').join('')).toBe('000111');
    expect(cut(MAP, 0.5, 'at-least').join('')).toBe('001111');
    expect(largest(MAP, 2).join('')).toBe('000001');
  });
});

describe('selection', () => {
  it('finds what sorting would', () => {
    const value = fc.float({ noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat(), (values, any) => {
        const rank = any % values.length;
        const sorted = Float32Array.from(values).sort();
        expect(selectRank(Float32Array.from(values), rank) === sorted[rank]).toBe(true);
      }),
    );
  });
});

describe('several sources', () => {
  it('adaptive cIoU judges the order of pixels alone', () => {
    const truth = Uint8Array.of(0, 0, 0, 1, 1, 1);
    expect(adaptiveIou(MAP, truth)).toBe(2 / 3);
    expect(
      adaptiveIou(
        Float32Array.from(MAP, (value) => value / 100 - 3),
        truth,
      ),
    ).toBe(2 / 3);
  });

  it('IIoU counts a picture only when all of its sources are found', () => {
    const pictures = [[0.5, 0.9], [0.6, 0.49], [1]];
    expect(interactiveIou(pictures)).toBe(2 / 3);
    expect(interactiveAuc([[1, 1]])).toBeCloseTo(1, 12);
    expect(interactiveAuc([[1, 0]])).toBeCloseTo(0.025, 12);
  });
});

describe('maps that look at nothing', () => {
  it('are everything, a quarter in the middle, and a hill in the middle', () => {
    expect(mean(allOnes(8))).toBe(1);
    expect(sum(centreBox(8))).toBe(16);
    expect([...centreBox(4)].join('')).toBe('0000011001100000');
    const hill = centredGaussian(9);
    expect(Math.max(...hill)).toBe(hill[40]);
    expect(hill[0]).toBeCloseTo(hill[80]!, 7);
    expect(hill[0]).toBeLessThan(hill[4]!);
  });
});

describe('enlarging', () => {
  /** One row of two cells to four pixels; every output row is the same. */
  const row = (name: ConstructorParameters<typeof MapResizer>[2]): number[] => [
    ...new MapResizer({ rows: 1, cols: 2 }, 4, name).resize(Float32Array.of(0, 1)).subarray(4, 8),
  ];

  it('is linear between centres, or from corner to corner', () => {
    expect(row('bilinear')).toEqual([0, 0.25, 0.75, 1]);
    const corners = row('align-corners');
    for (const [i, value] of [0, 1 / 3, 2 / 3, 1].entries()) expect(corners[i]).toBeCloseTo(value, 6);
  });

  it('overshoots when cubic, as torch does with a = -0.75', () => {
    expect(row('bicubic')).toEqual([-0.10546875, 0.2265625, 0.7734375, 1.10546875]);
    const corners = row('bicubic-align-corners');
    expect([corners[0], corners[3]]).toEqual([0, 1]);
    expect(corners[1]! + corners[2]!).toBeCloseTo(1, 6);
  });

  it('keeps rows and columns apart and reads from the offset', () => {
    const cells = Float32Array.of(9, 0, 1, 2, 3);
    const out = new MapResizer({ rows: 2, cols: 2 }, 2, 'bilinear').resize(cells, 1);
    expect([...out]).toEqual([0, 1, 2, 3]);
  });
});

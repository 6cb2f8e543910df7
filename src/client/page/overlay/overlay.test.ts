/** The overlay's kernels: what is drawn follows from the heat alone. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blendLayers } from './blend-layers.ts';
import { buildRamp, heatAlpha, parseColour } from './heat-ramp.ts';
import { isoContour } from './iso-contour.ts';
import { type LabelBox, placeLabels } from './label-layout.ts';
import { createUpscaler } from './upscaler.ts';

const ratio = fc.double({ min: 0, max: 1, noNaN: true });

describe('createUpscaler', () => {
  it('passes through the value of every cell at its centre', () => {
    const grid = { rows: 3, cols: 5 };
    // Nine pixels a cell: the fifth lies on the centre.
    const upscaler = createUpscaler(grid, { width: 45, height: 27 });
    const bytes = fc.uint8Array({ minLength: 15, maxLength: 15 });
    fc.assert(
      fc.property(bytes, (heat) => {
        const field = new Float32Array(45 * 27);
        upscaler.upscale(heat, field);
        for (let r = 0; r < 3; r++) {
          for (let c = 0; c < 5; c++) {
            expect(field[(r * 9 + 4) * 45 + c * 9 + 4]).toBeCloseTo(heat[r * 5 + c]! / 255, 5);
          }
        }
        expect(Math.min(...field)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...field)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('keeps an even field even, up to the borders, and for a single cell', () => {
    for (const grid of [
      { rows: 10, cols: 10 },
      { rows: 1, cols: 1 },
    ]) {
      const field = new Float32Array(16 * 12);
      const heat = new Uint8Array(grid.rows * grid.cols).fill(102);
      createUpscaler(grid, { width: 16, height: 12 }).upscale(heat, field);
      for (const value of field) expect(value).toBeCloseTo(0.4, 5);
    }
  });

  it('does not mix up rows and columns', () => {
    const heat = new Uint8Array(6);
    heat[2] = 255; // row 0, column 2 of 2 x 3
    const field = new Float32Array(30 * 20);
    createUpscaler({ rows: 2, cols: 3 }, { width: 30, height: 20 }).upscale(heat, field);
    const hottest = field.indexOf(Math.max(...field));
    expect(hottest % 30).toBeGreaterThanOrEqual(20);
    expect(Math.floor(hottest / 30)).toBeLessThan(10);
  });

  it('refuses heat of another size', () => {
    const upscaler = createUpscaler({ rows: 2, cols: 2 }, { width: 4, height: 4 });
    expect(() => upscaler.upscale(new Uint8Array(5), new Float32Array(16))).toThrow(RangeError);
  });
});

describe('heat ramp', () => {
  it('shows nothing up to the threshold, the full opacity at 1, and never less for more heat', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        ratio,
        ratio,
        ratio,
        (threshold, opacity, a, b) => {
          const look = { threshold, opacity };
          expect(heatAlpha(threshold, look)).toBe(0);
          expect(heatAlpha(1, look)).toBeCloseTo(opacity, 6);
          expect(heatAlpha(Math.min(a, b), look)).toBeLessThanOrEqual(
            heatAlpha(Math.max(a, b), look) + 1e-12,
          );
        },
      ),
    );
  });

  it('has the colour of its class', () => {
    const ramp = buildRamp('#204060', { threshold: 0, opacity: 1 });
    expect([...ramp.subarray(4 * 40, 4 * 40 + 3)]).toEqual([0x20, 0x40, 0x60]);
    expect(ramp[255 * 4 + 3]).toBe(255);
    expect(parseColour('none')).toEqual([255, 255, 255]);
  });

  it('shows nothing at all with the threshold at 1', () => {
    const ramp = buildRamp('#ffffff', { threshold: 1, opacity: 1 });
    for (let level = 0; level < 256; level++) expect(ramp[level * 4 + 3]).toBe(0);
  });
});

describe('blendLayers', () => {
  const red = buildRamp('#ff0000', { threshold: 0, opacity: 0.5 });
  const blue = buildRamp('#0000ff', { threshold: 0, opacity: 0.5 });

  it('does not depend on the order of the classes', () => {
    const fields = fc.tuple(
      fc.array(ratio, { minLength: 4, maxLength: 4 }),
      fc.array(ratio, { minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(fields, ([a, b]) => {
        const layers = [
          { field: Float32Array.from(a), ramp: red },
          { field: Float32Array.from(b), ramp: blue },
        ];
        const [one, other] = [new Uint8ClampedArray(16), new Uint8ClampedArray(16)];
        blendLayers(layers, one);
        blendLayers(layers.toReversed(), other);
        for (let i = 0; i < 16; i++) expect(Math.abs(one[i]! - other[i]!)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the single layer where the other has no heat', () => {
    const alone = new Uint8ClampedArray(4);
    const together = new Uint8ClampedArray(4);
    const hot = { field: Float32Array.of(0.7), ramp: red };
    blendLayers([hot], alone);
    blendLayers([hot, { field: Float32Array.of(0), ramp: blue }], together);
    expect([...together]).toEqual([...alone]);
    expect(alone[3]).toBeGreaterThan(0);
  });

  it('leaves nothing of what was there before', () => {
    const out = new Uint8ClampedArray(8).fill(99);
    blendLayers([], out);
    expect([...out]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('isoContour', () => {
  it('goes round a disc at the distance of its level', () => {
    const size = 41;
    const field = new Float32Array(size * size);
    for (let i = 0; i < field.length; i++) {
      field[i] = 1 - Math.hypot((i % size) - 20, Math.floor(i / size) - 20) / 20;
    }
    const pieces = isoContour(field, size, size, 0.5);
    expect(pieces.length).toBeGreaterThan(4 * 30);
    for (let i = 0; i < pieces.length; i += 2) {
      const distance = Math.hypot(pieces[i]! * size - 20.5, pieces[i + 1]! * size - 20.5);
      expect(distance).toBeGreaterThan(9.8);
      expect(distance).toBeLessThan(10.2);
    }
  });

  it('closes: every end meets another one', () => {
    fc.assert(
      fc.property(fc.array(ratio, { minLength: 36, maxLength: 36 }), (values) => {
        // A cold rim keeps every line inside.
        const field = new Float32Array(64);
        values.forEach((value, i) => (field[(Math.floor(i / 6) + 1) * 8 + (i % 6) + 1] = value));
        const ends = new Map<string, number>();
        const pieces = isoContour(field, 8, 8, 0.5);
        for (let i = 0; i < pieces.length; i += 2) {
          const key = `${pieces[i]!.toFixed(9)} ${pieces[i + 1]!.toFixed(9)}`;
          ends.set(key, (ends.get(key) ?? 0) + 1);
        }
        for (const count of ends.values()) expect(count % 2).toBe(0);
      }),
    );
  });
});

describe('placeLabels', () => {
  it('keeps labels inside the picture and, while there is room, clear of each other', () => {
    const anchors = fc.array(fc.tuple(ratio, ratio), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anchors, (points) => {
        const labels = points.map(([x, y]): LabelBox => {
          return { anchor: { x: x * 400, y: y * 300 }, width: 90, height: 22, x: 0, y: 0 };
        });
        placeLabels(labels, { width: 400, height: 300 }, 10);
        labels.forEach((label, i) => {
          expect(label.x).toBeGreaterThanOrEqual(0);
          expect(label.x + label.width).toBeLessThanOrEqual(400);
          expect(label.y).toBeGreaterThanOrEqual(0);
          expect(label.y + label.height).toBeLessThanOrEqual(300);
          for (const other of labels.slice(0, i)) {
            const apart =
              Math.abs(label.x - other.x) >= label.width || Math.abs(label.y - other.y) >= label.height;
            expect(apart).toBe(true);
          }
        });
      }),
      // Boxes that lie across two steps at the picture's edge.
      {
        examples: [
          [
            [
              [0, 0.0067],
              [0, 0],
            ],
          ],
          [
            [
              [0, 0.00999],
              [0, 0],
            ],
          ],
        ],
      },
    );
  });
});

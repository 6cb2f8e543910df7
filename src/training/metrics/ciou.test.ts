/** cIoU, boxes to pixels, success and its area: small vectors worked out by hand. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consensusIou } from './ciou.ts';
import { classAwareIou, successThreshold } from './class-aware.ts';
import { consensusOfBoxes, resampleMask, unionOfBoxes } from './raster.ts';
import { SUCCESS_THRESHOLDS, shareAbove, successAuc, successShare } from './success.ts';
import { mean, sum } from './sum.ts';

/** Top-left 2x2 of 4x4, and the bottom-right corner. */
const ON = Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
/** Rows 0 and 1; columns 0 and 1 in both boxes, column 2 in one. */
const BOXES = [
  { x0: 0, y0: 0, x1: 0.5, y1: 0.5 },
  { x0: 0, y0: 0, x1: 0.75, y1: 0.5 },
];

describe('cIoU', () => {
  it('of two overlapping boxes is 4 / (5 + 1): a pixel of one box counts half', () => {
    const truth = consensusOfBoxes(BOXES, 4, 'lvs');
    expect([...truth]).toEqual([1, 1, 0.5, 0, 1, 1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(consensusIou(ON, truth)).toBe(4 / 6);
  });

  it('of the same boxes as a union is 4 / (6 + 1)', () => {
    expect(consensusIou(ON, unionOfBoxes(BOXES, 4, 'lvs'))).toBe(4 / 7);
  });

  it('is 0 without truth, without a map, and without either', () => {
    const none = new Uint8Array(16);
    expect([consensusIou(ON, none), consensusIou(none, ON), consensusIou(none, none)]).toEqual([0, 0, 0]);
  });

  it('is the intersection over the union where the truth is a mask', () => {
    const bits = fc.uint8Array({ minLength: 12, maxLength: 12, max: 1 });
    fc.assert(
      fc.property(bits, bits, (on, truth) => {
        const both = on.filter((value, i) => value * truth[i]! === 1).length;
        const either = on.filter((value, i) => value + truth[i]! > 0).length;
        expect(consensusIou(on, truth)).toBeCloseTo(either === 0 ? 0 : both / either, 12);
      }),
    );
  });

  it('of a frame is the mean over its sounding classes (eq. 9); three classes need only 0.3', () => {
    const classes = [
      { on: Uint8Array.of(1, 1, 0, 0), truth: Uint8Array.of(1, 0, 0, 0) },
      { on: new Uint8Array(4), truth: Uint8Array.of(0, 0, 1, 1) },
      { on: Uint8Array.of(0, 1, 1, 0), truth: Uint8Array.of(0, 1, 1, 0) },
    ];
    expect(classAwareIou(classes)).toBe((0.5 + 0 + 1) / 3);
    expect([1, 2, 3].map(successThreshold)).toEqual([0.5, 0.5, 0.3]);
  });
});

describe('boxes', () => {
  it("Qian's rule takes one pixel off every corner, and cuts at the picture", () => {
    const box = { x0: 2 / 8, y0: 1 / 8, x1: 9 / 8, y1: 4 / 8 };
    const rows = (rule: 'qian' | 'lvs'): string[] => {
      const mask = unionOfBoxes([box], 8, rule);
      return Array.from({ length: 8 }, (_, y) => mask.subarray(8 * y, 8 * y + 8).join(''));
    };
    const none = '00000000';
    expect(rows('qian')).toEqual(['01111110', '01111110', '01111110', none, none, none, none, none]);
    expect(rows('lvs')).toEqual([none, '00111111', '00111111', '00111111', none, none, none, none]);
  });

  it('without area, or with a coordinate from a damaged file, paint nothing and break nothing', () => {
    const boxes = [
      { x0: 0.5, y0: 0.5, x1: 0.5, y1: 0.9 },
      { x0: 0.2, y0: 0.2, x1: -2.88e16, y1: 0.9 },
    ];
    expect(sum(unionOfBoxes(boxes, 16, 'lvs'))).toBe(0);
  });

  it('masks are taken over by the nearest pixel', () => {
    const mask = { width: 2, height: 1, data: Uint8Array.of(0, 7) };
    expect([...resampleMask(mask, 4)]).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]);
  });
});

describe('success', () => {
  it('of {.5, 1, 0, .3}: half at 0.5, and .45625 under the curve, since 0.3 misses 0.05 * 6', () => {
    const values = [0.5, 1, 0, 0.3];
    expect(SUCCESS_THRESHOLDS[6]).toBe(0.30000000000000004);
    expect([successShare(values, 0.5), successShare(values, 0.3)]).toEqual([0.5, 0.75]);
    expect(successAuc(values)).toBe(0.45625000000000004);
    expect(shareAbove(values, 0.5)).toBe(0.25);
  });

  it('has an area between the mean less one step and the mean plus one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        expect(Math.abs(successAuc(values) - mean(values))).toBeLessThanOrEqual(0.0250001);
      }),
    );
  });
});

describe('sum', () => {
  it('adds whole numbers exactly at every length, and loses no digits over a million tenths', () => {
    for (const count of [1, 7, 8, 9, 127, 128, 129, 1000]) {
      expect(sum(Array.from({ length: count }, (_, i) => i))).toBe((count * (count - 1)) / 2);
    }
    const tenths = new Float64Array(1e6).fill(0.1);
    let naive = 0;
    for (const value of tenths) naive += value;
    expect(Math.abs(naive - 1e5)).toBeGreaterThan(1e-7);
    expect(Math.abs(sum(tenths) - 1e5)).toBeLessThan(1e-9);
  });
});

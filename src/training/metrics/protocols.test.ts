/** The protocols of later papers on vectors small enough to work out by hand. */

import { describe, expect, it } from 'vitest';
import { assignedIous, countedRight } from './assignment.ts';
import { averagePrecision, averagePrecisionOf, meanOfKnown } from './average-precision.ts';
import { ConfusionTable } from './confusion.ts';
import { darkShare, dsolBinarise, dsolSuccess, noSoundingArea } from './dsol.ts';
import { fLoc, imageArea, imageAreaAuc, universalThreshold } from './negatives.ts';
import { hottest, pointsInside } from './pointing.ts';
import { rankedPixels } from './rank-pixels.ts';
import { FMeasure, frameIou, meanIou } from './segmentation.ts';
import {
  type Judged,
  slavcAveragePrecision,
  slavcConfidence,
  slavcLocAcc,
  slavcMaxF1,
  slavcSize,
} from './slavc.ts';
import {
  classAveragePrecision,
  permutationInvariantAp,
  pixelAp,
  sourceAveragePrecision,
  sourcesFound,
} from './source-wise.ts';

describe('average precision', () => {
  it("is scikit-learn's: its own example gives 0.8333", () => {
    expect(averagePrecision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBeCloseTo(0.5 + (0.5 * 2) / 3, 12);
  });

  it('takes equal scores as one step, and has no value without positives', () => {
    expect(averagePrecision([1, 1, 1, 1], [1, 0, 0, 0])).toBe(0.25);
    expect(averagePrecision([0.3, 0.2], [0, 0])).toBeNull();
    expect(meanOfKnown([0.5, null, 1])).toBe(0.75);
    expect(meanOfKnown([null])).toBeNull();
  });

  it('does not depend on how pixels were sorted', () => {
    const map = Float32Array.from({ length: 1000 }, (_, i) => Math.round(20 * Math.sin(i * 1.7)) / 10);
    const truth = Uint8Array.from({ length: 1000 }, (_, i) => (i % 7 < 2 ? 1 : 0));
    const { order } = rankedPixels(map);
    expect(order.every((at, rank) => rank === 0 || map[order[rank - 1]!]! >= map[at]!)).toBe(true);
    expect(new Set(order).size).toBe(1000);
    expect(averagePrecisionOf(rankedPixels(map), truth)).toBe(averagePrecision(map, truth));
    expect(averagePrecisionOf(rankedPixels(truth), truth)).toBe(1);
  });
});

describe('SLAVC, with negatives', () => {
  const example = (visible: number, ciou: number, confidence: number): Judged => ({
    visible: visible === 1,
    ciou,
    confidence,
  });
  const examples = [
    example(1, 0.6, 0.9),
    example(1, 0.7, 0.4),
    example(1, 0.2, 0.8),
    example(0, 0, 0.7),
    example(0, 0, 0.1),
  ];

  it('AP 0.25, max-F1 0.6667, LocAcc 0.6667', () => {
    expect(slavcAveragePrecision(examples)).toBeCloseTo(0.25, 12);
    expect(slavcMaxF1(examples)).toBeCloseTo(2 / 3, 12);
    expect(slavcLocAcc(examples)).toBe(2 / 3);
  });

  it('confidence is the mean of the largest quarter, over the fixed range', () => {
    const map = Float32Array.of(20, 10, 0, 0, 0, 0, 0, -30);
    expect(slavcConfidence(map)).toBeCloseTo((15 * 0.03 + 1) / 2, 6);
  });

  it('sizes are those of an object of that many pixels square', () => {
    expect([1023, 1024, 9216, 20_736].map(slavcSize)).toEqual(['small', 'medium', 'large', 'huge']);
  });
});

describe('DSOL', () => {
  it('silent classes are dark up to 0.2, and a frame without any says nothing', () => {
    const dark = [Float32Array.of(0, 0.1, 0.3, 1), Float32Array.of(0, 0, 0, 0)].map(darkShare);
    expect(noSoundingArea(dark)).toBe(0.75);
    expect(noSoundingArea([])).toBeNull();
  });

  it('cuts duets at a fifth of the maximum, synthetic scenes at half', () => {
    const map = Float32Array.of(0.125, 0.25, 0.5, 1);
    expect(dsolBinarise(map, 'solo').join('')).toBe('1111');
    expect(dsolBinarise(map, 'duet').join('')).toBe('0111');
    expect(dsolBinarise(map, 'synthetic').join('')).toBe('0001');
  });

  it('success starts at the seventh threshold, which 0.3 itself falls short of', () => {
    expect(dsolSuccess([0.3, 0.31, 0, 1])).toBe(0.5);
  });
});

describe('sources one at a time', () => {
  it("AVGN's AP has truth and map swapped, T-VSL's has not", () => {
    const map = rankedPixels(Float32Array.of(0.9, 0.6, 0.7, 0.1));
    const truth = rankedPixels(Uint8Array.of(1, 1, 0, 0));
    const on = Uint8Array.of(1, 0, 1, 0);
    // Swapped: scores are the truth, so the first two tie: precision 1/2 at recall 1/2, then 2/4 at 1.
    expect(pixelAp('avgn', { map, on, truth })).toBe(0.5);
    expect(pixelAp('map', { map, on, truth })).toBeCloseTo(0.5 + (0.5 * 2) / 3, 12);
    expect(pixelAp('map', { map, on, truth: rankedPixels(new Uint8Array(4)) })).toBe(0);
  });

  it('CAP averages classes, AP sources, CIoU@0.3 is strict', () => {
    const sources = [
      { classIndex: 0, ciou: 0.3, pixelAp: 0.2 },
      { classIndex: 0, ciou: 0.31, pixelAp: 0.4 },
      { classIndex: 4, ciou: 0.9, pixelAp: 0.9 },
    ];
    expect(classAveragePrecision(sources)).toBeCloseTo((0.3 + 0.9) / 2, 12);
    expect(classAveragePrecision([])).toBeNull();
    expect(sourceAveragePrecision(sources)).toBeCloseTo(0.5, 12);
    expect(sourcesFound(sources)).toBe(2 / 3);
  });

  it('PIAP takes the assignment that suits best', () => {
    const ap = [
      [0.2, 0.9],
      [0.8, 0.85],
    ];
    expect(permutationInvariantAp(ap)).toBeCloseTo(0.85, 12);
  });

  it('greedy assignment takes the best pair first, Hungarian the best whole; a missing map is 0', () => {
    const iou = [
      [0.9, 0.8],
      [0.7, 0.1],
    ];
    expect(assignedIous('greedy', iou, 2)).toEqual([0.9, 0.1]);
    expect(assignedIous('best', iou, 2)).toEqual([0.7, 0.8]);
    expect(assignedIous('greedy', [[0.2, 0.6]], 2)).toEqual([0, 0.6]);
    expect(assignedIous('best', [[0.2, 0.6]], 2)).toEqual([0, 0.6]);
    expect(assignedIous('best', [], 2)).toEqual([0, 0]);
    expect(
      countedRight([
        { said: 2, sounding: 2 },
        { said: 0, sounding: 1 },
      ]),
    ).toBe(0.5);
  });
});

describe('negatives', () => {
  it('pIA is the area that is on; its curve counts who stays below', () => {
    expect(imageArea(Uint8Array.of(0, 1, 0, 0))).toBe(0.25);
    expect(imageAreaAuc([0])).toBeCloseTo(1, 12);
    expect(imageAreaAuc([1])).toBeCloseTo(0.025, 12);
  });

  it('one threshold for a model: largest, mean of ten, third quartile', () => {
    const maxima = [0.1, 0.5, 0.2, 0.4, 0.3];
    expect(universalThreshold(maxima, 'max')).toBe(0.5);
    expect(universalThreshold(maxima, 'max10')).toBeCloseTo(0.3, 12);
    expect(universalThreshold(maxima, 'q3')).toBeCloseTo(0.4, 12);
    // numpy.percentile([0, 1], 75)
    expect(universalThreshold([1, 0], 'q3')).toBe(0.75);
  });

  it('F_LOC is the harmonic mean of what is found and what stays dark', () => {
    expect(fLoc(0.5, 0)).toBeCloseTo(2 / 3, 12);
    expect(fLoc(0, 1)).toBe(0);
  });
});

describe('segmentation', () => {
  it('IoU above 0.5; of an empty mask the share that is off', () => {
    const map = Float32Array.of(0.9, 0.6, 0.5, 0.1);
    expect(frameIou({ map, truth: Uint8Array.of(1, 0, 1, 0) })).toBe(1 / 3);
    expect(frameIou({ map, truth: new Uint8Array(4) })).toBe(0.5);
    expect(
      meanIou([
        { map, truth: Uint8Array.of(1, 1, 0, 0) },
        { map, truth: new Uint8Array(4) },
      ]),
    ).toBe(0.75);
  });

  it('F takes the best threshold of the mean over all frames, and passes over empty masks', () => {
    const measure = new FMeasure();
    measure.add({ map: Float32Array.of(1, 1, 0, 0), truth: new Uint8Array(4) });
    measure.add({ map: Float32Array.of(1, 1, 0, 0), truth: Uint8Array.of(1, 0, 0, 0) });
    // Precision 1/2, recall 1.
    const one = (1.3 * 0.5) / (0.3 * 0.5 + 1);
    expect(measure.value()).toBeCloseTo(one, 12);
    // Right above 0.5 alone; together the best threshold is any above 0.5.
    measure.add({ map: Float32Array.of(0.8, 0.5, 0, 0), truth: Uint8Array.of(1, 0, 0, 0) });
    expect(measure.value()).toBeCloseTo((one + 1) / 2, 12);
  });
});

describe('pointing game', () => {
  it('the first hottest pixel counts, and a cold map points nowhere', () => {
    expect(hottest([0, 2, 5, 5])).toBe(2);
    expect(hottest([0, -1])).toBeNull();
    expect(pointsInside([0, 2, 5], [0, 0, 1])).toBe(true);
    expect(pointsInside([0, 7, 5], [0, 0, 1])).toBe(false);
    expect(pointsInside([0, 0, 0], [1, 1, 1])).toBe(false);
  });
});

describe('confusion', () => {
  it('a missed class goes to the strongest wrong answer, or to none', () => {
    const confusion = new ConfusionTable(3);
    const half = [0.5, 0.5, 0.5];
    confusion.add([true, false, false], [0.9, 0.8, 0.1], half);
    confusion.add([true, false, false], [0.2, 0.6, 0.7], half);
    confusion.add([true, true, false], [0.1, 0.6, 0.2], half);
    confusion.add([false, false, false], [0.1, 0.6, 0.2], half);
    confusion.add([false, false, false], [0.1, 0.2, 0.2], half);
    expect(confusion.table).toEqual([
      [1, 0, 1, 1],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
      [0, 1, 0, 1],
    ]);
  });
});

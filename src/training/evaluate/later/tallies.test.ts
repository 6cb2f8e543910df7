/** Each protocol of a later paper on examples small enough to work out by hand: perfect, empty and misplaced maps. */

import { describe, expect, it } from 'vitest';
import { cut } from '../../metrics/binarise.ts';
import { consensusIou } from '../../metrics/ciou.ts';
import { imageArea, imageAreaAuc, universalThreshold } from '../../metrics/negatives.ts';
import { successAuc } from '../../metrics/success.ts';
import { mean } from '../../metrics/sum.ts';
import { AlignmentTally, alignedSource } from './alignment.ts';
import { AvgnTally } from './avgn.ts';
import { AvsbenchTally } from './avsbench.ts';
import { DsolTally } from './dsol.ts';
import { SlavcTally, sizeOf } from './slavc.ts';
import { STATISTICS, VsslTally } from './vssl.ts';

/** The left two of eight pixels. */
const TRUTH = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
const PERFECT = Float32Array.of(0.9, 0.8, 0, 0, 0, 0, 0, 0);
const MISPLACED = Float32Array.of(0, 0, 0, 0, 0, 0, 0.8, 0.9);
const EMPTY = new Float32Array(8);
const ALL = new Float32Array(8).fill(1);

describe('DSOL', () => {
  const frame = {
    cious: new Map([
      [0, 1],
      [1, 0],
    ]),
    dark: new Map([
      [2, 1],
      [3, 0.5],
    ]),
  };

  it('averages a frame over its classes, and frames; 0.3 does not reach the threshold of 0.3', () => {
    const tally = new DsolTally();
    tally.add(frame, null);
    tally.add({ cious: new Map([[4, 0.3]]), dark: new Map() }, null);
    const { success, auc, nsa } = tally.figures();
    expect(success).toBe(0.5);
    // 1 up to 0.25, one half up to 0.5, falling between.
    expect(auc).toBeCloseTo(0.25 + 0.0375 + 0.1 + 0.0125, 12);
    expect(nsa).toBe(0.75);
  });

  it('takes a class that is not shown for off and dark', () => {
    const tally = new DsolTally();
    tally.add(frame, [false, true, false, false, true]);
    expect(tally.figures()).toEqual({ success: 0, auc: 0.025, nsa: 1 });
  });

  it('has no NSA where everything sounds', () => {
    const tally = new DsolTally();
    tally.add({ cious: new Map([[0, 1]]), dark: new Map() }, null);
    expect(tally.figures().nsa).toBeNull();
  });
});

describe('SLAVC', () => {
  it('counts the negatives in AP and F1, and sizes among what is visible', () => {
    const tally = new SlavcTally();
    tally.add({ visible: true, ciou: 0.6, confidence: 0.9 }, 'small');
    tally.add({ visible: true, ciou: 0.7, confidence: 0.4 }, 'huge');
    tally.add({ visible: true, ciou: 0.2, confidence: 0.8 }, 'huge');
    tally.add({ visible: false, ciou: 0, confidence: 0.7 }, null);
    tally.add({ visible: false, ciou: 0, confidence: 0.1 }, null);
    const { ap, maxF1, locAcc, sizes } = tally.figures();
    expect(ap).toBeCloseTo(0.25, 12);
    expect(maxF1).toBeCloseTo(2 / 3, 12);
    expect(locAcc).toBe(2 / 3);
    expect(sizes).toEqual({ small: 1, medium: null, large: null, huge: 0.5 });
  });

  it('a map that is as sure of everything has no AP, right or wrong', () => {
    const tally = new SlavcTally();
    for (const visible of [true, false, true, false]) {
      tally.add({ visible, ciou: visible ? 1 : 0, confidence: 1 }, visible ? 'large' : null);
    }
    // F1 of calling everything: precision one half, recall 1.
    expect(tally.figures()).toMatchObject({ ap: 0, maxF1: 2 / 3, locAcc: 1 });
  });

  it('sizes are of the truth, half pixels counted half', () => {
    expect(sizeOf(new Uint8Array(1024).fill(1))).toBe('medium');
    expect(sizeOf(new Float32Array(1024).fill(0.5))).toBe('small');
  });
});

describe('AVGN', () => {
  const source = (classIndex: number, ciou: number, own: number, other: [number, number][] = []) => ({
    classIndex,
    ciou,
    aps: new Map(
      [[classIndex, own] as const, ...other].map(([index, ap]) => [index, { avgn: ap, map: ap / 2 }]),
    ),
  });

  it('averages classes for CAP, sources for AP, and the best dealing of a mixture for PIAP', () => {
    const tally = new AvgnTally();
    // Each map lies on the other source.
    tally.add(
      { key: 'a', sources: 2 },
      [source(0, 0.3, 0.2, [[1, 0.8]]), source(1, 0.31, 0.4, [[0, 1]])],
      null,
    );
    tally.add({ key: 'b', sources: 1 }, [source(0, 0.9, 0.6)], null);
    const { cap, ap, piap, success, auc } = tally.figures();
    expect(cap.avgn).toBeCloseTo(0.4, 12);
    expect(cap.map).toBeCloseTo(0.2, 12);
    expect(ap.avgn).toBeCloseTo(1.2 / 3, 12);
    expect(piap.avgn).toBeCloseTo(0.9, 12);
    expect(piap.map).toBeCloseTo(0.45, 12);
    expect(success).toBe(2 / 3);
    expect(auc).toBe(successAuc([0.3, 0.31, 0.9]));
    expect(tally.mixtures).toBe(1);
  });

  it('joins the pictures of a mixture, and leaves out one of which a picture is missing', () => {
    const tally = new AvgnTally();
    tally.add({ key: 'a', sources: 2 }, [source(0, 1, 0.5, [[1, 0.1]])], null);
    tally.add({ key: 'b', sources: 2 }, [source(0, 1, 0.9, [[2, 0]])], null);
    tally.add({ key: 'a', sources: 2 }, [source(1, 1, 0.7, [[0, 0.1]])], null);
    expect(tally.mixtures).toBe(1);
    expect(tally.figures().piap.avgn).toBeCloseTo(0.6, 12);
  });

  it('what is not shown finds nothing', () => {
    const tally = new AvgnTally();
    tally.add({ key: 'a', sources: 1 }, [source(0, 1, 1)], [false, true]);
    expect(tally.figures()).toEqual({
      cap: { avgn: 0, map: 0 },
      ap: { avgn: 0, map: 0 },
      piap: { avgn: null, map: null },
      success: 0,
      auc: 0.025,
    });
  });
});

describe('SSLalignment', () => {
  it('perfect, misplaced, empty and whole maps', () => {
    // As many pixels as the truth has, less the last one, which is not above itself.
    expect(alignedSource(PERFECT, TRUTH)).toEqual({ median: 1, adaptive: 0.5 });
    expect(alignedSource(MISPLACED, TRUTH)).toEqual({ median: 0, adaptive: 0 });
    expect(alignedSource(EMPTY, TRUTH)).toEqual({ median: 0, adaptive: 0 });
    expect(alignedSource(ALL, TRUTH)).toEqual({ median: 0, adaptive: 0 });
  });

  it('IIoU counts pictures of two sources or more, all of which must be found', () => {
    const tally = new AlignmentTally();
    tally.add('a', { median: 0.5, adaptive: 1 });
    tally.add('b', { median: 0.9, adaptive: 0.1 });
    tally.add('a', { median: 0.6, adaptive: 0.4 });
    tally.add('c', { median: 1, adaptive: 1 });
    tally.add('b', { median: 0.4, adaptive: 0.1 });
    expect([tally.sources, tally.pictures]).toEqual([5, 2]);
    const { sources, pictures } = tally.figures();
    expect(sources.median).toEqual({ success: 4 / 5, auc: successAuc([0.5, 0.9, 0.6, 1, 0.4]) });
    expect(pictures!.median.success).toBe(0.5);
    expect(pictures!.adaptive.success).toBe(0);
    const lone = new AlignmentTally();
    lone.add('a', { median: 1, adaptive: 1 });
    expect(lone.figures().pictures).toBeNull();
  });
});

describe('AVSBench', () => {
  it('perfect, misplaced and empty maps, and frames without truth', () => {
    const figures = (...frames: [Float32Array, Uint8Array][]) => {
      const tally = new AvsbenchTally();
      for (const [map, truth] of frames) tally.add({ map, truth });
      return tally.figures();
    };
    const none = new Uint8Array(8);
    expect(figures([PERFECT, TRUTH]).miou).toBe(1);
    expect(figures([PERFECT, TRUTH]).f).toBeCloseTo(1, 12);
    expect(figures([EMPTY, TRUTH]).miou).toBe(0);
    // Everything is on at the lowest threshold: precision a quarter, recall 1.
    expect(figures([MISPLACED, TRUTH]).f).toBeCloseTo((1.3 * 0.25) / (0.3 * 0.25 + 1), 12);
    expect(figures([EMPTY, none])).toEqual({ miou: 1, f: null });
    expect(figures([ALL, none])).toEqual({ miou: 0, f: null });
    expect(figures([PERFECT, TRUTH], [MISPLACED, TRUTH], [PERFECT, none]).miou).toBeCloseTo(
      (1 + 0 + 0.75) / 3,
      12,
    );
  });
});

describe('vssl_eval', () => {
  const truth = Uint8Array.of(1, 0, 0, 0);

  it('cuts every map at what the negatives reach', () => {
    const tally = new VsslTally(true);
    tally.addPositive(Float32Array.of(0.75, 0.5, 0, 0), truth);
    tally.addNegative('silence', Float32Array.of(0.25, 0, 0, 0));
    tally.addNegative('noise', Float32Array.of(0.5, 0.25, 0, 0));
    expect(tally.figures('max')).toEqual({
      threshold: 0.5,
      ciou: 1,
      auc: expect.closeTo(1, 12) as number,
      negatives: [
        { kind: 'silence', area: 0, aoc: expect.closeTo(1, 12) as number },
        { kind: 'noise', area: 0, aoc: expect.closeTo(1, 12) as number },
      ],
      fLoc: 1,
    });
    // Three quarters of the way from 0.25 to 0.5; of the positive two pixels are on, of the noise one.
    const q3 = tally.figures('q3')!;
    expect(q3).toMatchObject({ threshold: 0.4375, ciou: 0.5 });
    expect(q3.negatives.map(({ area }) => area)).toEqual([0, 0.25]);
    expect(q3.negatives[1]!.aoc).toBeCloseTo(imageAreaAuc([0.25]), 12);
    expect(q3.fLoc).toBeCloseTo((2 * 0.5 * 0.875) / (0.5 + 0.875), 12);
    expect(tally.figures('max10')).toMatchObject({ threshold: 0.375, ciou: 0.5 });
  });

  it('misplaced and empty maps find nothing; a map that is always the same neither', () => {
    const loc = (positive: Float32Array, negative: Float32Array) => {
      const tally = new VsslTally(true);
      tally.addPositive(positive, TRUTH);
      tally.addNegative('noise', negative);
      return tally.figures('q3')!;
    };
    expect(loc(MISPLACED, EMPTY)).toMatchObject({ threshold: 0, ciou: 0, fLoc: 0 });
    expect(loc(EMPTY, EMPTY)).toMatchObject({ threshold: 0, ciou: 0, fLoc: 0 });
    expect(loc(ALL, ALL)).toMatchObject({ threshold: 1, ciou: 0, fLoc: 0 });
    expect(loc(PERFECT, EMPTY)).toMatchObject({ threshold: 0, ciou: 1, fLoc: 1 });
    expect(loc(ALL, EMPTY)).toMatchObject({ threshold: 0, ciou: 0.25 });
  });

  it('maps without a largest value keep their scale', () => {
    const tally = new VsslTally(false);
    tally.addPositive(Float32Array.of(7, 3, 0, 0), truth);
    tally.addNegative('noise', Float32Array.of(3, 1, 0, 0));
    expect(tally.figures('max')).toMatchObject({ threshold: 3, ciou: 1 });
  });

  it('says nothing without negatives, or without positives', () => {
    const tally = new VsslTally(true);
    tally.addPositive(PERFECT, TRUTH);
    expect(tally.figures('q3')).toBeNull();
    const other = new VsslTally(true);
    other.addNegative('noise', PERFECT);
    expect(other.figures('q3')).toBeNull();
  });

  it('counts what the definitions give, map by map', () => {
    const side = 64;
    const noise = (seed: number, height: number): Float32Array =>
      Float32Array.from({ length: side }, (_, i) => height * Math.abs(Math.sin(seed * 12.9 + i * 78.2)));
    const positives = Array.from({ length: 9 }, (_, n) => noise(n, 1));
    const truths = positives.map((_, n) =>
      Float32Array.from({ length: side }, (__, i) => (i % (n + 2) === 0 ? 1 : i % 7 === 0 ? 0.5 : 0)),
    );
    const negatives = Array.from({ length: 14 }, (_, n) => noise(n + 50, 0.3 + n / 30));
    const tally = new VsslTally(true);
    positives.forEach((map, n) => tally.addPositive(map, truths[n]!));
    for (const map of negatives) tally.addNegative('noise', map);
    for (const statistic of STATISTICS) {
      const found = tally.figures(statistic)!;
      const exact = universalThreshold(
        negatives.map((map) => Math.max(...map)),
        statistic,
      );
      expect(found.threshold).toBeGreaterThanOrEqual(exact);
      expect(found.threshold - exact).toBeLessThan(1 / 1024);
      const cious = positives.map((map, n) => consensusIou(cut(map, found.threshold, 'above'), truths[n]!));
      const areas = negatives.map((map) => imageArea(cut(map, found.threshold, 'above')));
      expect(found.ciou).toBeCloseTo(mean(cious), 12);
      expect(found.auc).toBeCloseTo(successAuc(cious), 12);
      expect(found.negatives[0]!.area).toBeCloseTo(mean(areas), 12);
      expect(found.negatives[0]!.aoc).toBeCloseTo(imageAreaAuc(areas), 12);
    }
  });
});

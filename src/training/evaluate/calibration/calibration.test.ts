/** Calibration recovers what was put in, and chooses what is better. */

import { beforeAll, describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../../model/manifest.ts';
import { ClassMaps } from '../../../pipeline/heatmap/class-map.ts';
import { createRandom } from '../../../pipeline/ingest/demo/random.ts';
import { unionOfBoxes } from '../../metrics/raster.ts';
import type { Example } from '../example.ts';
import { calibrationOf } from './calibrate.ts';
import { chooseMap, type MapChoice } from './choose-map.ts';
import { classWidths } from './class-widths.ts';
import { chooseGate } from './gates.ts';
import { MapJudge, merit } from './judge-map.ts';
import { fitLogistic } from './logistic-fit.ts';
import { fitPlatt } from './platt.ts';
import { SEARCH_SIDE, type SoundingClass, ValidationRecords } from './records.ts';

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const GRID = { rows: 8, cols: 8 };
const AS_IS = { slope: 1, intercept: 0 };

describe('logistic regression', () => {
  it('recovers the weights that soft targets were made with', () => {
    const random = createRandom(1);
    const x = Float64Array.from({ length: 500 }, () => random.between(-2, 2));
    const y = Float64Array.from({ length: 500 }, () => random.between(-1, 3));
    const target = x.map((value, i) => logistic(1.5 * value - 0.7 * y[i]! + 0.3));
    const weights = fitLogistic({ features: [x, y, new Float64Array(500).fill(1)], target }, [0, 0, 0], 0);
    for (const [i, expected] of [1.5, -0.7, 0.3].entries()) expect(weights[i]).toBeCloseTo(expected, 4);
  });

  it('stays finite where the data are separable', () => {
    const x = Float64Array.of(-2, -1, 1, 2);
    const [weight] = fitLogistic({ features: [x], target: Float64Array.of(0, 0, 1, 1) }, [0], 0.01);
    expect(weight).toBeGreaterThan(1);
    expect(weight).toBeLessThan(100);
  });
});

describe('Platt scaling', () => {
  it('undoes what distorted probabilities', () => {
    const random = createRandom(2);
    const raw: number[] = [];
    const labels: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const odds = random.between(-4, 4);
      labels.push(random.chance(logistic(odds)) ? 1 : 0);
      // The network says half the log-odds, and one too many.
      raw.push(logistic(odds / 2 + 1));
    }
    const { slope, intercept } = fitPlatt(raw, labels);
    expect(slope).toBeCloseTo(2, 0);
    expect(intercept).toBeCloseTo(-2, 0);
  });

  it('never turns scores round, and leaves a class without examples nearly as it is', () => {
    expect(fitPlatt([0.9, 0.8, 0.1, 0.2], [0, 0, 1, 1]).slope).toBeGreaterThan(0);
    expect(fitPlatt([], []).slope).toBe(1);
  });
});

describe('records', () => {
  it('keep the map of a class whose place is known, by box or by mask, or that is off screen', () => {
    const records = new ValidationRecords();
    const localization = {
      audioProbability: new Float32Array(4),
      visualProbability: new Float32Array(4),
      similarity: new Float32Array(16),
      activation: null,
    };
    const example = { index: 0, localization } as unknown as Example;
    const truth = {
      boxes: [{ classIndex: 0, sounding: true, x0: 0, y0: 0, x1: 1, y1: 0.5 }],
      masks: [{ classIndex: 1, sounding: true, width: 2, height: 1, data: Uint8Array.of(1, 0) }],
      offScreen: [2],
      note: '',
    };
    const labels = { truth, heard: new Float32Array(4).fill(1), seen: new Float32Array(4), kind: null };
    for (const located of [false, true]) records.add(example, { ...labels, located });
    const share = (mask: Uint8Array | null): number | null =>
      mask === null ? null : mask.reduce((a, b) => a + b, 0) / SEARCH_SIDE ** 2;
    const kept = records.sounding.map((found) =>
      found.map(({ classIndex, level, mask }) => [classIndex, level, share(mask)]),
    );
    const known = [
      [0, 2, 0.5],
      [1, 2, 0.5],
      [2, 2, null],
    ];
    // The last is known to be elsewhere only where the truth is whole.
    expect(kept).toEqual([known, [...known, [3, 2, null]]]);
  });
});

describe('gates', () => {
  const example = (heard: number[], ...sounds: number[]) => ({
    heard: Float64Array.from(heard),
    sounds: heard.map((_, c) => sounds.includes(c)),
  });

  it('open where everything that sounds is heard and nothing is imagined', () => {
    const quiet = Array.from({ length: 100 }, (_, i) => example([i / 200, 0.01]));
    const loud = [example([0.9, 0.05], 0), example([0.8, 0.9], 0, 1)];
    const { on, off, falseOpens, allHeard } = chooseGate([...quiet, ...loud]);
    // Nothing is missed up to 0.8, nothing imagined from 0.5 on; the highest of all that are as good.
    expect(on).toBe(0.8);
    expect(off).toBeCloseTo(1 / (1 + Math.exp(0.8 - Math.log(4))), 2);
    expect(falseOpens).toBe(0);
    expect(allHeard.slice(0, 2)).toEqual([1, 1]);
    expect(allHeard[2]).toBeNaN();
  });

  it('weigh what is imagined against what is missed where both cannot be had', () => {
    const quiet = Array.from({ length: 100 }, (_, i) => example([i < 20 ? 0.6 : 0.1]));
    const clear = Array.from({ length: 60 }, () => example([0.9], 0));
    const faint = (count: number) => Array.from({ length: count }, () => example([0.5], 0));
    // 16 % too many imagined weigh 0.48. A third faint misses 0.24 too many, six in seven 0.76.
    expect(chooseGate([...quiet, ...clear, ...faint(31)]).on).toBe(0.9);
    expect(chooseGate([...quiet, ...clear, ...faint(360)]).on).toBe(0.5);
  });
});

/** Objects at random places; K knows where they are by `similar`, class activation by `active` (of 0 to 1). */
function scenes(count: number, similar: number, active: number | null): SoundingClass[][] {
  const random = createRandom(7);
  return Array.from({ length: count }, (_, index) => {
    const level = 1 + (index % 3);
    return Array.from({ length: level }, (__, classIndex): SoundingClass => {
      const offScreen = index % 10 === 9;
      const [x0, y0] = [random.between(0, 0.5), random.between(0, 0.5)];
      const box = { x0, y0, x1: x0 + 0.4, y1: y0 + 0.4 };
      const inside = Float32Array.from({ length: 64 }, (___, cell) => {
        const [x, y] = [((cell % 8) + 0.5) / 8, (Math.floor(cell / 8) + 0.5) / 8];
        return !offScreen && x > box.x0 && x < box.x1 && y > box.y0 && y < box.y1 ? 1 : 0;
      });
      const noisy = (know: number): Float32Array =>
        inside.map((value) => know * value + (1 - know) * random.next());
      return {
        classIndex,
        level: offScreen ? 0 : level,
        similarity: noisy(similar).map((value) => 0.8 * value),
        activation: active === null ? null : noisy(active).map((value) => 5 * value),
        mask: offScreen ? null : unionOfBoxes([box], SEARCH_SIDE, 'lvs'),
        seen: offScreen ? 0.05 : 0.9,
      };
    });
  });
}

describe('the shown map', () => {
  const seen = [AS_IS, AS_IS, AS_IS];
  let choice: MapChoice;
  beforeAll(() => {
    choice = chooseMap(GRID, [scenes(60, 0.35, 0.65)], seen);
  });

  it('is no worse than class activation at any cut of any level', () => {
    const { judgement, cam, name } = choice;
    expect(name).toContain('CAM');
    judgement.success.forEach((cuts, level) =>
      cuts.forEach((success, cut) => expect(success).toBeGreaterThanOrEqual(cam!.success[level]![cut]!)),
    );
    expect(judgement.peak.inSight).toBeGreaterThan(0.5);
    expect(judgement.peak.offScreen).toBeLessThan(judgement.peak.inSight);
  });

  it('may be class activation alone, with an outline of its own', () => {
    const { candidates, cam } = choice;
    expect(candidates).toHaveLength(6);
    const { cells, judgement } = candidates.find(({ name }) => name === 'CAM')!;
    expect(cells).toMatchObject({ similarity: 0, seen: 0 });
    expect(cells.activation).toBeGreaterThan(0);
    // The order of the cells is that of class activation, but for what lies between them: so is what is pointed at.
    judgement.pointing.forEach((share, level) =>
      expect(Math.abs(share - cam!.pointing[level]!)).toBeLessThan(0.03),
    );
    for (const cut of [0, 2]) {
      judgement.success.forEach((cuts, level) =>
        expect(cuts[cut]).toBeGreaterThanOrEqual(cam!.success[level]![cut]!),
      );
    }
  });

  it('is judged on the sort of scenes that it is worst on', () => {
    const sorts = [scenes(30, 0.1, 0.95), scenes(15, 0.1, 0.25)];
    const [chosen] = chooseMap(GRID, sorts, seen).candidates;
    const { cells, widths, merit: own } = chosen!;
    const shownAs = { similarity: { low: 0, high: 1 }, cells, classes: widths.map((width) => ({ width })) };
    const merits = sorts.map((sort) => {
      const cam = new MapJudge(GRID, sort).judge(({ activation }, out) => out.set(activation!));
      const maps = new ClassMaps(shownAs, GRID);
      const shown = new MapJudge(maps.grid, sort).judge(
        ({ similarity, activation, seen: odds, classIndex }, out) => {
          const probability = Float32Array.of(odds);
          // The maps of one class, in its place.
          const placed = (map: Float32Array): Float32Array => {
            const all = new Float32Array(map.length * (classIndex + 1));
            all.set(map, map.length * classIndex);
            return all;
          };
          const localization = { audioProbability: probability, visualProbability: probability };
          maps.write(
            { ...localization, similarity: placed(similarity), activation: placed(activation!) },
            classIndex,
            { seen: odds, gain: 1 },
            out,
          );
        },
      );
      return merit(shown, cam);
    });
    expect(own).toBeCloseTo(merits[1]!, 6);
    expect(merits[0]).toBeGreaterThan(merits[1]! + 0.5);
  });

  it('does without class activation where the network gives none', () => {
    const { cells, cam, candidates, similarity, mapThreshold } = chooseMap(
      GRID,
      [scenes(30, 0.7, null)],
      seen,
    );
    expect(cam).toBeNull();
    expect(cells.activation).toBe(0);
    expect(cells.similarity).toBeGreaterThan(0);
    expect(candidates).toHaveLength(2);
    expect(candidates[0]!.merit).toBeGreaterThanOrEqual(candidates[1]!.merit);
    expect(similarity.low).toBeLessThan(similarity.high);
    expect(mapThreshold).toBeGreaterThan(0);
  });
});

describe('widths of classes', () => {
  /** Odds fall by 1 for each eighth of the picture from the middle; the mask is a disc. */
  const disc = (classIndex: number, radius: number): SoundingClass => {
    const distance = (i: number, side: number): number =>
      Math.hypot(((i % side) + 0.5) / side - 0.5, (Math.floor(i / side) + 0.5) / side - 0.5);
    return {
      classIndex,
      level: 1,
      similarity: Float32Array.from({ length: 1024 }, (_, i) => -8 * distance(i, 32)),
      activation: null,
      mask: Uint8Array.from({ length: SEARCH_SIDE ** 2 }, (_, i) =>
        distance(i, SEARCH_SIDE) < radius ? 1 : 0,
      ),
      seen: 1,
    };
  };
  const widthsOf = (examples: SoundingClass[]): number[] =>
    classWidths({ rows: 32, cols: 32 }, examples, 3, ({ similarity }, out) => {
      out.set(similarity);
      return Math.max(...similarity);
    });

  it('are apart by what the objects are, and shrink towards all where examples are few', () => {
    const many = (count: number) => [
      ...Array.from({ length: count }, () => disc(0, 0.125)),
      ...Array.from({ length: count }, () => disc(2, 0.375)),
    ];
    // Edges lie 1 and 3 below the middle, 1 from their mean; 300 examples count three quarters of what they say.
    const [small, none, large] = widthsOf(many(300));
    expect(small).toBeCloseTo(-0.75, 0);
    expect(large).toBeCloseTo(0.75, 0);
    expect(large! - small!).toBeCloseTo(1.5, 1);
    expect(none).toBe(0);
    const [few] = widthsOf(many(10));
    expect(few).toBeLessThan(0);
    expect(few).toBeGreaterThan(-0.15);
  });

  it('are none where nothing is in sight', () => {
    expect(widthsOf([{ ...disc(0, 0.1), mask: null }])).toEqual([0, 0, 0]);
    expect(widthsOf([])).toEqual([0, 0, 0]);
  });
});

it('a whole calibration is what a manifest holds', () => {
  const records = new ValidationRecords();
  const random = createRandom(5);
  for (const classes of scenes(30, 0.6, 0.6)) {
    const heard = Float32Array.of(0, 0, 0);
    for (const { classIndex } of classes) heard[classIndex] = 1;
    const says = (labels: Float32Array): Float32Array =>
      labels.map((label) => logistic((label === 1 ? 1.5 : -1.5) + random.between(-2, 2)));
    records.probabilities.push({ audio: says(heard), visual: says(heard), heard, seen: heard, kind: null });
    records.sounding.push(classes);
  }
  const { calibration, examples } = calibrationOf([records], ['a', 'b', 'c'], GRID, 'thirty made up.');
  expect(examples).toBe(30);
  expect(calibrationSchema.parse(calibration)).toEqual(calibration);
  expect(new Set(calibration.classes.map(({ heard }) => heard.on)).size).toBe(1);
});

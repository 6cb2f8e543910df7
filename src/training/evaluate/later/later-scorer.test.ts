/** Examples made by hand through every protocol at once: counts, rows that look at nothing, rows that know the truth. */

import { describe, expect, it } from 'vitest';
import { sum } from '../../metrics/sum.ts';
import type { SampleShape, SampleTruth } from '../../sample.ts';
import { type Example, exampleOf, uncalibrated } from '../example.ts';
import type { MapOutputs } from '../map-model.ts';
import { METHODS, rowsOf } from '../methods.ts';
import type { Labels } from '../scorer.ts';
import { textOf } from '../tables.ts';
import { LaterScorer } from './later-scorer.ts';
import { inSight, laterProtocol, sceneOf } from './protocol.ts';
import type { LaterResult } from './results.ts';
import { laterTables } from './tables.ts';

const shape: SampleShape = {
  classes: ['dog', 'tuba', 'clock'],
  frame: { width: 8, height: 8 },
  logmel: { columns: 2, mels: 2 },
  grid: { rows: 8, cols: 8 },
};
const CELLS = 64;
const calibration = uncalibrated(3);
const rows = rowsOf(METHODS);

const LEFT = { x0: 0, y0: 0, x1: 0.5, y1: 1 };
const RIGHT = { x0: 0.5, y0: 0, x1: 1, y1: 1 };
const CORNER = { x0: 0, y0: 0, x1: 0.5, y1: 0.5 };

interface Thing {
  classIndex: number;
  sounding: boolean;
  at: typeof LEFT;
}

interface Scene {
  things: Thing[];
  offScreen?: number[];
  kind?: string;
  located?: boolean;
  group?: string;
  /** Classes that are said to be heard; those that are unless told. */
  says?: number[];
}

/** What a network says that knows the truth, but for what it is told to say. */
function sceneExample(scene: Scene, index: number, gives = true): [Example, Labels] {
  const { things, offScreen = [], says } = scene;
  const sounding = things.filter((thing) => thing.sounding);
  const heard = Float32Array.from(shape.classes, (_, c) =>
    offScreen.includes(c) || sounding.some(({ classIndex }) => classIndex === c) ? 1 : 0,
  );
  const covered = (list: readonly Thing[], c: number | null): Float32Array =>
    Float32Array.from({ length: CELLS }, (_, cell) => {
      const x = ((cell % 8) + 0.5) / 8;
      const y = (Math.floor(cell / 8) + 0.5) / 8;
      return list.some(
        ({ classIndex, at }) =>
          (c === null || classIndex === c) && x > at.x0 && x < at.x1 && y > at.y0 && y < at.y1,
      )
        ? 1
        : 0;
    });
  const activation = Float32Array.from(shape.classes.flatMap((_, c) => [...covered(sounding, c)]));
  const outputs: MapOutputs = {
    audioProbability: heard.map((value, c) => ((says?.includes(c) ?? value > 0.5) ? 0.9 : 0.05)),
    visualProbability: new Float32Array(3).fill(0.5),
    similarity: activation.map((value) => 2 * value - 1),
    activation: gives ? activation.map((value) => 5 * value) : null,
    matchMap: gives ? covered(sounding, null) : null,
  };
  const truth: SampleTruth = {
    boxes: things.map(({ classIndex, sounding: sounds, at }) => ({ classIndex, sounding: sounds, ...at })),
    offScreen,
    note: '',
    ...(scene.group === undefined ? {} : { group: scene.group }),
  };
  return [
    exampleOf(outputs, gives ? outputs : null, { size: 1, slot: 0, index }, calibration),
    { truth, heard, seen: heard, kind: scene.kind ?? null, located: scene.located ?? true },
  ];
}

function judged(
  scenes: readonly Scene[],
  kind: Parameters<typeof laterProtocol>[0] = null,
  gives = true,
): LaterResult {
  const scorer = new LaterScorer({ shape, rows, calibration, protocol: laterProtocol(kind), seed: 1 });
  scenes.forEach((scene, index) => scorer.add(...sceneExample(scene, index, gives)));
  return scorer.result();
}

const dog = (at: typeof LEFT, sounding = true): Thing => ({ classIndex: 0, sounding, at });
const tuba = (at: typeof LEFT, sounding = true): Thing => ({ classIndex: 1, sounding, at });

const SUITE: Scene[] = [
  { things: [dog(CORNER), tuba(RIGHT, false)] },
  { things: [dog(LEFT), tuba(RIGHT)], says: [0] },
  { things: [dog(LEFT, false)], kind: 'silence' },
  { things: [dog(LEFT, false)], offScreen: [2] },
  // Somewhere in the picture, and nobody knows where.
  { things: [], located: false, says: [0] },
];

describe('composed scenes', () => {
  const result = judged(SUITE);

  it('counts what each protocol has examples of', () => {
    expect(result.dsol).toMatchObject({ n: 2, silent: 2 });
    expect(result.slavc).toMatchObject({
      visible: 2,
      negatives: 2,
      sizes: { small: 0, medium: 0, large: 1, huge: 1 },
    });
    expect(result.avgn).toMatchObject({ sources: 3, mixtures: 1 });
    expect(result.whole).toMatchObject({ n: 2 });
    expect(result.interactive).toMatchObject({ sources: 3, pictures: 1 });
    expect(result.vssl).toMatchObject({
      positives: 2,
      negatives: [
        { kind: 'silence', n: 1 },
        { kind: 'off screen', n: 1 },
      ],
    });
    expect(result.avsbench).toMatchObject({ n: 4, empty: 2, masked: 0 });
    expect(result.remarks).toEqual([]);
    expect(result.protocol.dsolSet).toBe('synthetic');
  });

  it('all ones: nothing is dark, nothing stands out, the swapped order is pleased', () => {
    const of = rowOf(result, 'all-ones');
    // cIoU 0.25 of the corner, and of the two halves 0.5.
    expect(of.dsol).toEqual({ success: 0.5, auc: expect.closeTo(0.4, 12) as number, nsa: 0 });
    // Four detections, one of them right and none missed; rightly placed is what fills the picture.
    expect(of.slavc).toMatchObject({ ap: 0, maxF1: 0.4, locAcc: 0.5 });
    expect(of.avgn!.cap.avgn).toBe(1);
    expect(of.avgn!.cap.map).toBeCloseTo((0.375 + 0.5) / 2, 12);
    expect(of.whole!.sources.median).toEqual({ success: 0, auc: 0.025 });
    expect(of.vssl).toMatchObject({ threshold: 1, ciou: 0, fLoc: 0 });
    expect(of.avsbench!.miou).toBeCloseTo((0.25 + 1 + 0 + 0) / 4, 12);
  });

  it('a hill in the middle is dark outside a circle', () => {
    // exp(-r^2 / (2 x 0.25^2)) = 0.2 at r^2 = 0.2012.
    expect(rowOf(result, 'centre').dsol!.nsa).toBeCloseTo(1 - Math.PI * 0.2012, 2);
  });

  it('a map that knows the truth finds all of it, and a gate that stays shut loses its class', () => {
    for (const id of ['cam', 'multi-task', 'paper']) {
      const of = rowOf(result, id);
      expect(of.dsol).toMatchObject({ success: 1 });
      expect(of.dsol!.auc).toBeGreaterThan(0.85);
      expect(of.avgn!.cap.map).toBeGreaterThan(0.99);
      expect(of.interactive!.pictures!.median.success).toBe(1);
    }
    expect(rowOf(result, 'cam').dsol!.nsa).toBe(1);
    expect(rowOf(result, 'cam').vssl!.fLoc).toBeGreaterThan(0.8);
    // Sure of what is in sight alone.
    expect(rowOf(result, 'cam').slavc!.maxF1).toBeCloseTo(2 / 3, 12);
    const gated = rowOf(result, 'cam-gated');
    expect(gated.dsol!.success).toBe(1);
    expect(gated.dsol!.auc).toBeLessThan(rowOf(result, 'cam').dsol!.auc - 0.2);
    expect(gated.interactive!.pictures!.median.success).toBe(0);
    expect(gated.slavc).toBeUndefined();
  });

  it('K alone is stretched where it is judged by place, and not where examples are compared', () => {
    const { vssl, dsol } = rowOf(result, 'paper');
    // K is -1 wherever nothing sounds.
    expect(vssl!.threshold).toBeLessThan(0.01);
    expect(dsol!.nsa).toBe(1);
  });

  it('is laid out with counts and with what its figures stand for', () => {
    const text = laterTables(result, rows).map(textOf).join('\n');
    expect(text).toMatch(/^DSOL: .*\(2 examples; NSA 2\)$/m);
    expect(text).toMatch(/above 0\.5 of its\s+maximum: DSOL's share for synthetic scenes/);
    expect(text).toMatch(/^SLAVC, .*\(2 examples in sight, 2 negatives\)$/m);
    expect(text).toMatch(/^method +threshold .* silence \(1\) +off screen \(1\) /m);
    expect(text.match(/^vssl_eval at /gm)).toHaveLength(3);
    expect(text).toMatch(/boxes, not masks/);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('what a set lacks', () => {
  it('is told in place of a table', () => {
    const { slavc, vssl, interactive, dsol, remarks } = judged([SUITE[0]!]);
    expect([slavc, vssl, interactive]).toEqual([null, null, null]);
    expect(dsol).not.toBeNull();
    expect(remarks.map((remark) => remark.split(':')[0])).toEqual([
      'SLAVC (AP, max-F1, LocAcc)',
      'vssl_eval (pIA, F_LOC)',
      'SSLalignment, IIoU',
    ]);
    expect(laterTables(judged([]), rows)).toEqual([]);
    expect(judged([]).remarks).toHaveLength(7);
  });

  it('and what a network does not give is left out', () => {
    const served = judged(SUITE, null, false);
    expect(served.dsol!.rows['cam']).toBeNull();
    expect(served.avsbench!.rows['avc']).toBeNull();
    expect(served.vssl!.statistics[0]!.rows['multi-task']).toBeNull();
    const labels = laterTables(served, rows).flatMap((table) => table.rows.map(([label]) => label));
    expect(new Set(labels)).not.toContain('CAM');
    expect(new Set(labels)).toContain('ours');
  });
});

describe('published sets', () => {
  it("IS3: a picture's sounds come one by one, each with its one map", () => {
    const scenes = [
      { things: [dog(LEFT), tuba(RIGHT, false)], group: 'p' },
      { things: [dog(LEFT, false), tuba(RIGHT)], group: 'p' },
      { things: [dog(LEFT)], group: 'q' },
    ];
    const { interactive } = judged(scenes, 'is3');
    expect(interactive).toMatchObject({ sources: 3, pictures: 1 });
    expect(interactive!.rows['cam']!.pictures!.median.success).toBe(1);
    expect(interactive!.rows['cam-gated']).toBeNull();
  });

  it('pairs: the pictures of a mixture make one', () => {
    const scenes = [
      { things: [dog(LEFT)], offScreen: [1], group: 'p' },
      { things: [tuba(CORNER)], offScreen: [0], group: 'p' },
      { things: [tuba(CORNER)], offScreen: [0], group: 'q' },
    ];
    const { avgn, interactive, slavc, protocol } = judged(scenes, 'vggsound-duet');
    expect(protocol).toMatchObject({ dsolSet: 'duet', isDsolSet: false });
    expect(avgn).toMatchObject({ sources: 3, mixtures: 1 });
    expect(avgn!.rows['cam']!.piap.map).toBeGreaterThan(0.95);
    expect(interactive).toMatchObject({ sources: 3, pictures: 1 });
    expect(slavc).toBeNull();
  });

  it('examples of one clip are no scene', () => {
    const labels = sceneExample({ things: [dog(LEFT)], offScreen: [1], group: 'clip' }, 0)[1];
    expect(sceneOf(labels, laterProtocol('music-duet'))).toBeNull();
    expect(sceneOf(labels, laterProtocol('jsonl'))).toBe('clip');
    expect(laterProtocol('music-solo')).toMatchObject({ dsolSet: 'solo', isDsolSet: true });
    expect(laterProtocol('flickr').box.consensus).toBe(true);
  });
});

describe('what is in sight', () => {
  const seen = (scene: Scene, change: Partial<Labels> = {}): ReturnType<typeof inSight> =>
    inSight({ ...sceneExample(scene, 0)[1], ...change }, laterProtocol(null));

  it('is a mask, a negative by name, or not known', () => {
    expect(sum(seen({ things: [dog(LEFT)] })!.mask!)).toBe(224 * 112);
    expect(seen({ things: [], kind: 'noise' })).toEqual({ mask: null, negative: 'noise' });
    expect(seen({ things: [], offScreen: [1], located: false })).toEqual({
      mask: null,
      negative: 'off screen',
    });
    expect(seen({ things: [dog(LEFT, false)] })).toEqual({ mask: null, negative: 'not in sight' });
    expect(seen({ things: [], located: false })).toBeNull();
  });

  it('an empty mask is a negative, an empty box an object that nobody finds', () => {
    const mask = { classIndex: 0, sounding: true, width: 2, height: 2, data: new Uint8Array(4) };
    const truth = { boxes: [], masks: [mask], offScreen: [], note: '' };
    expect(seen({ things: [] }, { truth })).toEqual({ mask: null, negative: 'not in sight' });
    const full = { ...truth, masks: [{ ...mask, data: Uint8Array.of(1, 0, 0, 0) }] };
    expect(seen({ things: [] }, { truth: full })!.mask).not.toBeNull();
    expect(seen({ things: [dog({ ...LEFT, x1: 0 })] })!.mask).not.toBeNull();
  });
});

/** One row's figures in every protocol; vssl_eval's at its largest threshold. */
function rowOf(result: LaterResult, id: string) {
  const { dsol, slavc, avgn, whole, interactive, vssl, avsbench } = result;
  return {
    dsol: dsol!.rows[id],
    slavc: slavc!.rows[id],
    avgn: avgn!.rows[id],
    whole: whole!.rows[id],
    interactive: interactive!.rows[id],
    vssl: vssl!.statistics.find(({ statistic }) => statistic === 'max')!.rows[id],
    avsbench: avsbench!.rows[id],
  };
}

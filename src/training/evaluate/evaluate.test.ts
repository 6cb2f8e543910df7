/** A network that knows the truth, and one that knows nothing, through the whole evaluation. */

import { describe, expect, it } from 'vitest';
import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import { HeatStage } from '../../pipeline/heatmap/heat-stage.ts';
import { quantise } from '../../pipeline/heatmap/quantise.ts';
import type { CastClass } from '../../pipeline/ingest/demo/actor.ts';
import { shareOfMaximum } from '../metrics/binarise.ts';
import { consensusIou } from '../metrics/ciou.ts';
import { cutIous } from '../metrics/cut-ious.ts';
import type { SampleBatch, SampleShape } from '../sample.ts';
import { drawnClasses } from '../scenes/spec.ts';
import { MapMaker } from './class-maps.ts';
import { exampleOf, uncalibrated } from './example.ts';
import type { MapModel, MapOutputs } from './map-model.ts';
import { METHODS, rowsOf } from './methods.ts';
import { FigureCollector } from './overlay.ts';
import { pageOf } from './page.ts';
import { type EvaluationResult, shareOf } from './results.ts';
import { runEvaluation } from './run.ts';
import { Scorer } from './scorer.ts';
import { sceneSuite } from './suite.ts';
import { confusionTable, markdownOf, tablesOf, textOf } from './tables.ts';
import { boxProtocol, CLASS_PROTOCOL, classMasks, sceneMask } from './truth-masks.ts';

const names: CastClass[] = ['dog', 'guitar', 'clock', 'speech', 'helicopter'];
const shape: SampleShape = {
  classes: names,
  frame: { width: 64, height: 64 },
  logmel: { columns: 51, mels: 64 },
  grid: { rows: 16, cols: 16 },
};

/** Answers with the labels; `without` leaves out what only an evaluation graph gives. */
class Oracle implements MapModel {
  readonly shape = shape;
  readonly #without: boolean;

  constructor(without = false) {
    this.#without = without;
  }

  run({ heard, seen, coverage, size }: SampleBatch): Promise<MapOutputs> {
    const sure = (labels: Float32Array): Float32Array => labels.map((label) => (label >= 0.5 ? 0.95 : 0.05));
    const cells = shape.grid.rows * shape.grid.cols;
    const sounding = coverage.map((share, at) => (heard[Math.floor(at / cells)]! >= 0.5 ? share : 0));
    const match = new Float32Array(size * cells);
    sounding.forEach((share, at) => {
      const example = Math.floor(at / (cells * names.length));
      match[example * cells + (at % cells)]! += share;
    });
    return Promise.resolve({
      audioProbability: sure(heard),
      visualProbability: sure(seen),
      similarity: sounding.map((share) => 2 * share - 1),
      activation: this.#without ? null : sounding.slice(),
      matchMap: this.#without ? null : match,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const calibration: HeatCalibration = {
  ...uncalibrated(names.length),
  cells: { similarity: 6, activation: 0, seen: 0, offset: 0, width: 6, steepness: 1, upsample: 2 },
};

const spec = {
  kind: 'scenes',
  seed: 3,
  split: 'test',
  shape,
  classes: drawnClasses(names),
  bank: null,
  drawnShare: 1,
} as const;

async function evaluated(
  model: MapModel,
  samples: number,
): Promise<{ result: EvaluationResult; figures: FigureCollector }> {
  const parts = await sceneSuite(spec, 'drawn', samples);
  const scorer = new Scorer({
    shape,
    rows: rowsOf(METHODS),
    calibration,
    protocol: boxProtocol(null),
    seed: 3,
  });
  const figures = new FigureCollector(shape, calibration, { every: 5, most: 3, seed: 3 });
  await runEvaluation({
    parts,
    model,
    firstStage: model,
    calibration,
    listeners: [scorer, figures],
    batchSize: 7,
  });
  return { result: scorer.result({ model: 'oracle', data: 'drawn scenes', seed: 3, remarks: [] }), figures };
}

describe('evaluation of a network that knows the truth', async () => {
  const { result, figures } = await evaluated(new Oracle(), 60);

  it('counts every level, and finds everything', () => {
    expect(result.samples).toBe(60);
    expect(result.levels.map(({ n }) => n)).toEqual([15, 15, 15]);
    expect(result.agnostic.n).toBe(45);
    expect([result.heardMap, result.seenMap]).toEqual([1, 1]);
    for (const { rows } of result.levels) {
      for (const id of ['cam', 'ours', 'paper', 'multi-task', 'ours-gated']) {
        // A cell is a sixteenth of the picture; the drawn silhouette is not its box.
        expect(shareOf(rows[id]!.pointing)).toBeGreaterThan(0.95);
        expect(rows[id]!.cuts[1]!.auc).toBeGreaterThan(0.5);
      }
      expect(shareOf(rows['random']!.pointing)).toBeLessThan(0.4);
      expect(rows['all-ones']!.cuts[0]).toEqual(rows['all-ones']!.cuts[2]);
      expect(shareOf(rows['ours']!.silent)).toBe(0);
    }
  });

  it('opens gates where something sounds and nowhere else', () => {
    expect(result.gate.allHeard.map(({ rate }) => shareOf(rate))).toEqual([1, 1, 1]);
    expect(result.gate.falseOpens.map(({ kind, rate }) => [kind, rate])).toEqual([
      ['silence', { n: 3, hits: 0 }],
      ['noise', { n: 3, hits: 0 }],
      ['foreign sound', { n: 3, hits: 0 }],
    ]);
    expect(result.gate.wrong.hits).toBe(0);
    expect(result.peaks.inSight.median).toBeGreaterThan(0.9);
    expect(result.peaks.offScreen.median).toBeLessThan(0.05);
    const sounding = result.confusion.slice(0, -1).map((row, c) => [row[c], row.reduce((a, b) => a + b, 0)]);
    expect(sounding.every(([own, all]) => own === all)).toBe(true);
  });

  it('does not change when it is repeated', async () => {
    const one = await evaluated(new Oracle(), 12);
    const again = await evaluated(new Oracle(), 12);
    expect(again.result).toEqual(one.result);
    expect(again.result.samples).toBe(12);
  });

  it('is laid out for people: terminal, Markdown, page with pictures', () => {
    const text = tablesOf(result).map(textOf).join('\n');
    expect(text).toMatch(/^ours, gated +/m);
    expect(text).toMatch(/^mean +100\.0 +100\.0/m);
    expect(markdownOf(confusionTable(result)).split('\n')).toHaveLength(2 + names.length + 1);
    expect(figures.figures).toHaveLength(3);
    expect(figures.figures[0]!.pictures.map(({ title }) => title.split(',')[0])).toEqual([
      'truth: green sounds',
      'avc',
      'cam',
      'paper',
      'ours',
    ]);
    const page = pageOf({ ...result, model: '<b>' }, [], figures.figures);
    expect(page).toContain('&lt;b&gt;: evaluation');
    expect(page.match(/data:image\/png;base64,iVBOR/g)).toHaveLength(15);
    expect(page).not.toMatch(/src="http|href=/);
  });

  it('leaves out what a served network does not give, and says so', async () => {
    const served = (await evaluated(new Oracle(true), 8)).result;
    expect(served.levels[0]!.rows['cam']).toBeNull();
    expect(served.agnostic.rows['avc']).toBeNull();
    expect(served.remarks).toContain('CAM: left out, the network does not give this map');
    expect(tablesOf(served).map(textOf).join('')).not.toContain('AVC');
    expect(shareOf(served.levels[0]!.rows['ours']!.pointing)).toBeGreaterThan(0.95);
  });
});

describe('maps', () => {
  const outputs: MapOutputs = {
    audioProbability: Float32Array.of(0.9, 0.6, 0.1, 0.1, 0.1),
    visualProbability: new Float32Array(5).fill(0.5),
    similarity: Float32Array.from({ length: 5 * 256 }, (_, i) => Math.sin(i)),
    activation: Float32Array.from({ length: 5 * 256 }, (_, i) => (i < 256 ? 1 : i < 512 ? 4 : 100)),
    matchMap: null,
  };
  const example = exampleOf(outputs, null, { size: 1, slot: 0, index: 0 }, calibration);
  const maker = new MapMaker(shape.grid, 64, calibration, 1);

  it('ours is what the product shows', () => {
    const [dog] = new HeatStage(calibration, shape.grid, { smoothingMs: 0, normalise: 'calibrated' }).process(
      example.localization,
      0,
      0,
    );
    const cells = new Float32Array(4 * 256);
    maker.writeCells('ours', example, 0, cells);
    expect(dog!.heat).toEqual(quantise(cells.map((value) => Math.fround(value * example.heard[0]!))));
  });

  it('of a scene are weighted by the probability of the classes that pass the gate', () => {
    const cells = new Float32Array(256);
    maker.writeSceneCells('cam', example, cells);
    // 0.9 and 0.6 pass 0.3: 1 x 0.6 + 4 x 0.4.
    expect(cells[0]).toBeCloseTo(2.2, 5);
    const quiet = exampleOf(
      { ...outputs, audioProbability: Float32Array.of(0.2, 0.1, 0.1, 0.1, 0.1) },
      null,
      { size: 1, slot: 0, index: 0 },
      calibration,
    );
    // The most probable class alone, as the authors have it; the product shows nothing.
    maker.writeSceneCells('cam', quiet, cells);
    expect(cells[0]).toBe(1);
    const heat = new Float32Array(4 * 256).fill(1);
    maker.writeSceneCells('ours', quiet, heat);
    expect(Math.max(...heat)).toBe(0);
  });

  it('are cut at several shares at once as they are one by one', () => {
    const map = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * 0.7) + 0.3);
    const mask = Uint8Array.from({ length: 400 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const top = map.reduce((a, b) => Math.max(a, b));
    const shares = [0.1, 0.3, 0.5];
    expect(cutIous(map, top, mask, shares)).toEqual(
      shares.map((share) => consensusIou(shareOfMaximum(map, share, 'above'), mask)),
    );
    expect(cutIous(map, 0, mask, shares)).toEqual([0, 0, 0]);
  });
});

describe('truth', () => {
  const box = { sounding: true, x0: 0, y0: 0, x1: 0.5, y1: 0.5 };
  const truth = {
    boxes: [
      { ...box, classIndex: 0 },
      { ...box, classIndex: 0, x0: 0.5, x1: 1 },
      { ...box, classIndex: 1, sounding: false },
      { ...box, classIndex: -1, y0: 0.5, y1: 1 },
    ],
    masks: [{ classIndex: 2, sounding: true, width: 2, height: 2, data: Uint8Array.of(0, 0, 0, 1) }],
    offScreen: [],
    note: '',
  };
  const area = (mask: ArrayLike<number>): number => Array.from(mask).reduce((a, b) => a + b, 0) / mask.length;

  it('is one mask a class, of boxes and masks', () => {
    const sounding = classMasks(truth, true, CLASS_PROTOCOL);
    expect([...sounding].map(([index, mask]) => [index, area(mask)])).toEqual([
      [0, 0.5],
      [2, 0.25],
    ]);
    expect([...classMasks(truth, false, CLASS_PROTOCOL).keys()]).toEqual([1]);
  });

  it('is the union of all that sounds, or the consensus of boxes', () => {
    expect(area(sceneMask(truth, CLASS_PROTOCOL)!)).toBe(1);
    const one = { ...truth, boxes: [{ ...box, classIndex: -1 }], masks: [] };
    const votes = sceneMask(one, { side: 4, rule: 'lvs', consensus: true })!;
    expect(Math.max(...votes)).toBe(0.5);
    expect(sceneMask({ ...one, boxes: [] }, CLASS_PROTOCOL)).toBeNull();
  });

  it('follows the protocol of each published set', () => {
    expect(boxProtocol('flickr')).toEqual({ side: 256, rule: 'qian', consensus: true });
    expect(boxProtocol('vggss').side).toBe(224);
    expect(boxProtocol('audioset-instrument')).toEqual(CLASS_PROTOCOL);
  });
});

/** What heat costs: from the network's answer to one frame to the bytes that viewers get, on the main thread. */

import { fileURLToPath } from 'node:url';
import { loadManifest } from '../src/model/load-manifest.ts';
import { HeatStage } from '../src/pipeline/heatmap/heat-stage.ts';
import type { Localization } from '../src/pipeline/types.ts';
import { median } from './quantiles.ts';
import type { Row } from './table.ts';

const MODEL = fileURLToPath(new URL('../models/studio-10', import.meta.url));
const FRAMES = 300;
const ROUNDS = 9;

/** Microseconds per frame by classes heard, on the network's own cells and on finer ones. */
export async function benchHeat(directory = MODEL): Promise<Row[]> {
  const { manifest } = await loadManifest(directory);
  const { calibration, grid, classes } = manifest;
  const cells = calibration.cells;
  if (cells === undefined) return [];
  const counts = [0, 1, 3, classes.length];
  return [1, 2, 4].flatMap((upsample) => {
    const stage = new HeatStage({ ...calibration, cells: { ...cells, upsample } }, grid, {
      smoothingMs: 100,
      normalise: 'calibrated',
    });
    const row: Row = { heat: `${stage.grid.rows} x ${stage.grid.cols}` };
    for (const heard of counts) {
      const answer = answerOf(classes.length, grid.rows * grid.cols, heard);
      const timesMs = Array.from({ length: ROUNDS }, () => {
        const began = performance.now();
        for (let i = 1; i <= FRAMES; i++) stage.process(answer, i * 33_333, heard);
        return (performance.now() - began) / FRAMES;
      });
      row[`us, ${heard} heard`] = Math.round(1000 * median(timesMs));
    }
    return [row];
  });
}

/** One blob for each class, the first `heard` of which sound. */
function answerOf(classes: number, cells: number, heard: number): Localization {
  const maps = Float32Array.from(
    { length: classes * cells },
    (_, i) => 4 * Math.exp(-(((i % cells) - cells / 2) ** 2) / cells),
  );
  return {
    audioProbability: Float32Array.from({ length: classes }, (_, index) => (index < heard ? 0.99 : 0.001)),
    visualProbability: new Float32Array(classes).fill(0.9),
    similarity: maps.map((value) => value / 5),
    activation: maps,
  };
}

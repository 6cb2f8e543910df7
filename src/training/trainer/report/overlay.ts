/** Example pictures with a map laid over them, as data URIs for the report. */

import type { SampleBatch, SampleShape } from '../../sample.ts';
import type { EvaluationOutput } from '../step-engine.ts';
import { encodePng } from './png.ts';

/** One example: its picture, and a map over it for each branch that has one. */
export interface ExampleFigure {
  /** What is true, and what the network says. */
  caption: string;
  pictures: { title: string; uri: string }[];
}

/** Classes named in a caption. */
const NAMED = 3;

/** @param count of examples, the first of the batch */
export function exampleFigures(
  shape: SampleShape,
  batch: SampleBatch,
  output: EvaluationOutput,
  count: number,
): ExampleFigure[] {
  return Array.from({ length: Math.min(count, batch.size) }, (_, index) =>
    exampleFigure(shape, batch, output, index),
  );
}

function exampleFigure(
  shape: SampleShape,
  batch: SampleBatch,
  output: EvaluationOutput,
  index: number,
): ExampleFigure {
  const { classes, frame, grid } = shape;
  const pixels = frame.width * frame.height * 3;
  const picture = batch.frames.subarray(index * pixels, (index + 1) * pixels);
  const count = classes.length;
  const row = (values: Float32Array) => values.subarray(index * count, (index + 1) * count);
  const uri = (rgb: Uint8Array) =>
    `data:image/png;base64,${encodePng(rgb, frame.width, frame.height).toString('base64')}`;
  const shown = classShown(row(batch.heard), row(batch.seen), row(output.audioProbability));
  const pictures = [{ title: 'picture', uri: uri(picture) }];
  for (const [title, maps] of [
    ['CAM', output.cam],
    ['K', output.similarity],
  ] as const) {
    if (maps.length === 0) continue;
    const cells = grid.rows * grid.cols;
    const at = (index * count + shown) * cells;
    const heated = overlaid(picture, frame, maps.subarray(at, at + cells), grid);
    pictures.push({ title: `${title}, ${classes[shown] ?? ''}`, uri: uri(heated) });
  }
  const caption = [
    `sounds: ${named(classes, row(batch.heard))}`,
    `in sight: ${named(classes, row(batch.seen))}`,
    ...(output.audioProbability.length > 0
      ? [`heard: ${ranked(classes, row(output.audioProbability))}`]
      : []),
    ...(output.visualProbability.length > 0
      ? [`seen: ${ranked(classes, row(output.visualProbability))}`]
      : []),
  ].join('; ');
  return { caption, pictures };
}

/** What sounds in sight, else what is in sight, else what is heard most. */
function classShown(heard: Float32Array, seen: Float32Array, probability: Float32Array): number {
  const both = heard.findIndex((value, index) => value > 0.5 && seen[index]! > 0.5);
  if (both >= 0) return both;
  const visible = seen.findIndex((value) => value > 0.5);
  return visible >= 0 ? visible : Math.max(0, probability.indexOf(Math.max(...probability)));
}

function named(classes: readonly string[], labels: Float32Array): string {
  const names = classes.filter((_, index) => labels[index]! > 0.5);
  return names.length === 0 ? 'nothing' : names.join(', ');
}

function ranked(classes: readonly string[], probabilities: Float32Array): string {
  return classes
    .map((name, index) => ({ name, probability: probabilities[index]! }))
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, NAMED)
    .map(({ name, probability }) => `${name} ${probability.toFixed(2)}`)
    .join(', ');
}

/** The picture under warm colours where the map is high, from nothing at zero or below to its own maximum. */
function overlaid(
  rgb: Uint8Array,
  { width, height }: { width: number; height: number },
  map: Float32Array,
  { rows, cols }: { rows: number; cols: number },
): Uint8Array {
  const peak = map.reduce((a, b) => Math.max(a, b), 0);
  const out = Uint8Array.from(rgb);
  if (peak <= 0) return out;
  const cell = (v: number, u: number): number =>
    Math.max(0, map[Math.min(Math.max(u, 0), rows - 1) * cols + Math.min(Math.max(v, 0), cols - 1)]!) / peak;
  for (let y = 0; y < height; y++) {
    const u = ((y + 0.5) * rows) / height - 0.5;
    const u0 = Math.floor(u);
    for (let x = 0; x < width; x++) {
      const v = ((x + 0.5) * cols) / width - 0.5;
      const v0 = Math.floor(v);
      const top = cell(v0, u0) * (1 - v + v0) + cell(v0 + 1, u0) * (v - v0);
      const bottom = cell(v0, u0 + 1) * (1 - v + v0) + cell(v0 + 1, u0 + 1) * (v - v0);
      const heat = top * (1 - u + u0) + bottom * (u - u0);
      const cover = 0.75 * heat;
      const at = (y * width + x) * 3;
      out[at] = out[at]! * (1 - cover) + 255 * cover;
      out[at + 1] = out[at + 1]! * (1 - cover) + (200 - 170 * heat) * cover;
      out[at + 2] = out[at + 2]! * (1 - cover) + 20 * cover;
    }
  }
  return out;
}

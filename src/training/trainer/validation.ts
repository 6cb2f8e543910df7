/** What the averaged weights achieve on fixed examples: average precision of both branches, pointing of both maps. */

import { createBatch, type SampleBatch, type SampleShape, type SampleSource } from '../sample.ts';
import type { StageKind } from './recipe.ts';
import type { Validation, ValidationClass } from './run-records.ts';
import { meanTerms } from './stage-run.ts';
import type { EvaluationOutput } from './step-engine.ts';
import type { Evaluated } from './step-messages.ts';

/** A cell belongs to the object when at least this share of it is covered. */
const COVERED = 0.25;

/** The fixed examples, composed once. The batches travel to the threads and come back. */
export class ValidationSet {
  readonly shape: SampleShape;
  readonly size: number;
  readonly #batches: SampleBatch[];

  /**
   * Whole batches alone, at least one: graphs are made for one size. A source with less than a batch is gone through
   * again until it is full.
   */
  constructor(source: SampleSource, count: number, batchSize: number) {
    this.shape = source.shape;
    const { length } = source;
    this.size = Math.max(1, Math.floor(Math.min(count, length ?? count) / batchSize)) * batchSize;
    this.#batches = [];
    for (let first = 0; first < this.size; first += batchSize) {
      const batch = createBatch(source.shape, batchSize);
      for (let slot = 0; slot < batchSize; slot++) {
        source.write(length === null ? first + slot : (first + slot) % length, batch, slot);
      }
      this.#batches.push(batch);
    }
  }

  /** The first examples, for pictures in the report; read while no evaluation is under way. */
  get firstBatch(): SampleBatch {
    const [first] = this.#batches;
    if (first === undefined) throw new Error('no validation examples');
    return first;
  }

  async evaluate(
    evaluate: (batch: SampleBatch) => Promise<Evaluated>,
  ): Promise<{ result: Validation; first: EvaluationOutput }> {
    const evaluated = await Promise.all(this.#batches.map((batch) => evaluate(batch)));
    for (const [index, { batch }] of evaluated.entries()) this.#batches[index] = batch;
    const [first] = evaluated;
    if (first === undefined) throw new Error('no validation examples');
    return { result: summarise(this.shape, evaluated), first: first.output };
  }
}

export function summarise(shape: SampleShape, evaluated: readonly Evaluated[]): Validation {
  const rows = shape.classes.map((name, index) => classRow(shape, evaluated, name, index));
  const meanOver = (pick: (row: ValidationClass) => number | null): number | null => {
    const values = rows.flatMap((row) => pick(row) ?? []);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    terms: meanTerms(evaluated.map(({ output }) => output.terms)),
    heardMap: meanOver((row) => row.heardAp),
    seenMap: meanOver((row) => row.seenAp),
    camPointing: meanOver((row) => row.camPointing),
    similarityPointing: meanOver((row) => row.similarityPointing),
    classes: rows,
  };
}

function classRow(
  { classes, grid }: SampleShape,
  evaluated: readonly Evaluated[],
  name: string,
  index: number,
): ValidationClass {
  const count = classes.length;
  const cells = grid.rows * grid.cols;
  const heard: ScoredLabel[] = [];
  const seen: ScoredLabel[] = [];
  const pointing = { cam: tally(), similarity: tally() };
  for (const { batch, output } of evaluated) {
    for (let example = 0; example < batch.size; example++) {
      const at = example * count + index;
      const sounds = batch.heard[at]! > 0.5;
      const visible = batch.seen[at]! > 0.5;
      if (output.audioProbability.length > 0) heard.push([output.audioProbability[at]!, sounds]);
      if (output.visualProbability.length > 0) seen.push([output.visualProbability[at]!, visible]);
      if (!sounds || !visible || batch.located[example] !== 1) continue;
      const covered = batch.coverage.subarray(at * cells, (at + 1) * cells);
      if (!covered.some((share) => share >= COVERED)) continue;
      countPeak(pointing.cam, output.cam, at * cells, covered);
      countPeak(pointing.similarity, output.similarity, at * cells, covered);
    }
  }
  return {
    name,
    heard: heard.filter(([, label]) => label).length,
    seen: seen.filter(([, label]) => label).length,
    heardAp: averagePrecision(heard),
    seenAp: averagePrecision(seen),
    camPointing: shareOf(pointing.cam),
    similarityPointing: shareOf(pointing.similarity),
  };
}

interface Tally {
  hits: number;
  of: number;
}

const tally = (): Tally => ({ hits: 0, of: 0 });
const shareOf = ({ hits, of }: Tally): number | null => (of === 0 ? null : hits / of);

/** Counts whether the map's highest cell is covered; a flat map points nowhere. */
function countPeak(counts: Tally, maps: Float32Array, offset: number, covered: Float32Array): void {
  if (maps.length === 0) return;
  counts.of++;
  let best = 0;
  let lowest = Infinity;
  for (let cell = 0; cell < covered.length; cell++) {
    const value = maps[offset + cell]!;
    if (value > maps[offset + best]!) best = cell;
    lowest = Math.min(lowest, value);
  }
  if (maps[offset + best]! > lowest && covered[best]! >= COVERED) counts.hits++;
}

type ScoredLabel = [score: number, label: boolean];

/**
 * Area under the precision-recall curve as a sum over recall steps; equal scores count as one step, in which
 * precision is that of all of them together. Null without a positive example.
 */
export function averagePrecision(scored: readonly ScoredLabel[]): number | null {
  const ranked = scored.toSorted((a, b) => b[0] - a[0]);
  const positives = ranked.filter(([, label]) => label).length;
  if (positives === 0) return null;
  let found = 0;
  let sum = 0;
  for (let i = 0; i < ranked.length; ) {
    let end = i;
    let here = 0;
    while (end < ranked.length && ranked[end]![0] === ranked[i]![0]) here += Number(ranked[end++]![1]);
    found += here;
    sum += (here * found) / end;
    i = end;
  }
  return sum / positives;
}

/** What best and early stopping go by; absent figures count as nothing. */
export function headlineOf(kind: StageKind, result: Validation): { metric: string; value: number } {
  const { heardMap, seenMap, camPointing, similarityPointing } = result;
  const mean = (...values: (number | null)[]): number =>
    values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length;
  switch (kind) {
    case 'visual':
      return { metric: 'visual mAP', value: mean(seenMap) };
    case 'audio':
      return { metric: 'audio mAP', value: mean(heardMap) };
    case 'multi-task':
      return {
        metric: 'mean of visual mAP, audio mAP and CAM pointing',
        value: mean(seenMap, heardMap, camPointing),
      };
    case 'alignment':
      return {
        metric: 'mean of visual mAP, audio mAP and K pointing',
        value: mean(seenMap, heardMap, similarityPointing),
      };
  }
}

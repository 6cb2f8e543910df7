/** The loop: each example goes through the network once, and everything that scores it sees the same answers. */

import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import { createBatch, type SampleBatch, type SampleTruth } from '../sample.ts';
import { type Example, exampleOf } from './example.ts';
import type { MapModel, MapOutputs } from './map-model.ts';
import type { Labels } from './scorer.ts';
import type { SuitePart } from './suite.ts';

/** Told of each example; its arrays are valid during the call alone. */
export interface ExampleListener {
  add(example: Example, labels: Labels, picture: Uint8Array): void;
}

export interface EvaluationRun {
  parts: readonly SuitePart[];
  model: MapModel;
  /** The first stage's network, for the row `multi-task`. */
  firstStage: MapModel | null;
  calibration: HeatCalibration;
  listeners: readonly ExampleListener[];
  /** Examples the network sees at once; memory grows with it and with nothing else. */
  batchSize: number;
  onProgress?: (done: number, total: number) => void;
  /** Ends the run after the batch under way, by throwing the signal's reason. */
  signal?: AbortSignal;
}

export async function runEvaluation(run: EvaluationRun): Promise<void> {
  const { parts, model, firstStage } = run;
  const counts = parts.map(({ source, count }) => Math.min(count, source.length ?? count));
  const total = counts.reduce((a, b) => a + b, 0);
  let done = 0;
  for (const [number, part] of parts.entries()) {
    const count = counts[number]!;
    for (let first = 0; first < count; first += run.batchSize) {
      run.signal?.throwIfAborted();
      const size = Math.min(run.batchSize, count - first);
      const batch = createBatch(model.shape, size);
      const truths = Array.from({ length: size }, (_, slot) => part.source.write(first + slot, batch, slot));
      const outputs = await model.run(batch);
      const before = firstStage === null ? null : await firstStage.run(batch);
      deliver(run, part, { first, batch, truths, outputs, before });
      done += size;
      run.onProgress?.(done, total);
    }
  }
}

function deliver(
  { calibration, listeners, model: { shape } }: EvaluationRun,
  part: SuitePart,
  done: {
    first: number;
    batch: SampleBatch;
    truths: readonly SampleTruth[];
    outputs: MapOutputs;
    before: MapOutputs | null;
  },
): void {
  const { first, batch, truths, outputs, before } = done;
  const classes = shape.classes.length;
  const pixels = shape.frame.width * shape.frame.height * 3;
  for (const [slot, truth] of truths.entries()) {
    const index = first + slot;
    const example = exampleOf(outputs, before, { size: batch.size, slot, index }, calibration);
    const labels: Labels = {
      truth,
      heard: batch.heard.subarray(slot * classes, (slot + 1) * classes),
      seen: batch.seen.subarray(slot * classes, (slot + 1) * classes),
      kind: part.kindOf(index),
      located: batch.located[slot] === 1,
    };
    const picture = batch.frames.subarray(slot * pixels, (slot + 1) * pixels);
    for (const listener of listeners) listener.add(example, labels, picture);
  }
}

/** Where a stage's examples come from: opened once a run, asked by every stage for training and validation. */

import type { SampleShape, SampleSource } from '../../sample.ts';
import type { StageKind } from '../recipe.ts';
import type { SampleFeed } from '../sample-feed.ts';

/** What a stage asks for. */
export interface StageRequest {
  /** A `visual` stage never looks at the sound of its training examples, an `audio` one not at their pictures. */
  kind: StageKind;
  shape: SampleShape;
  /** Of the stage: other stages see other examples. */
  seed: number;
}

/** Implementers: scene-data, dataset-data. */
export interface StageData {
  /** In the order of the network's outputs. */
  readonly classes: readonly string[];
  /** Training examples from number `first` on, in batches. */
  openFeed(request: StageRequest, first: number, batchSize: number): Promise<SampleFeed>;
  /** Examples to judge by: none of them, nor what they are made of, is ever learnt from. */
  openValidation(request: StageRequest): Promise<SampleSource>;
}

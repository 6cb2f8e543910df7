/** The loss of each stage of training, with its terms by name. */

import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../../model/network/batch-norm.ts';
import { type Mode, type Tensors, weight } from '../../model/network/features.ts';
import { align, type BranchOutput, runBranch } from '../../model/network/forward.ts';
import { classFeatures, matchLogits, project, unitLength } from '../../model/network/heads.ts';
import type { NetworkOptions } from '../../model/network/options.ts';
import type { SampleBatch } from '../sample.ts';
import { contrastiveLoss, mapFollowingLosses } from './contrastive.ts';
import type { LossOptions } from './options.ts';
import { classificationLoss, correspondenceLoss, locatedClassLoss, locatedLoss } from './terms.ts';

/**
 * `visual` and `audio` teach one branch alone, before the two stages of the paper: `multi-task` (classification of
 * both and correspondence, eq. 3) and `alignment` (the same and eq. 7).
 */
export type StageKind = 'visual' | 'audio' | 'multi-task' | 'alignment';

/** A batch's arrays as tensors of their shapes (see {@link SampleBatch}); `frames` may be integers. */
export type BatchTensors = Record<Exclude<keyof SampleBatch, 'size'>, tf.Tensor>;

/** The arrays of a batch that a stage reads. */
export function stageInputs(stage: StageKind): readonly (keyof BatchTensors)[] {
  switch (stage) {
    case 'visual':
      return ['frames', 'seen', 'coverage', 'located'];
    case 'audio':
      return ['logmel', 'heard'];
    case 'multi-task':
    case 'alignment':
      return ['frames', 'logmel', 'heard', 'seen', 'coverage', 'located'];
  }
}

/** Starts of the names of the weights that a stage's loss reaches; to the others it has no gradient. */
export function stageWeights(stage: StageKind, losses: LossOptions): readonly string[] {
  if (stage === 'visual') return ['visual/', 'head/visual/'];
  if (stage === 'audio') return ['audio/', 'head/audio/'];
  const names = ['visual/', 'audio/', 'head/'];
  if (losses.correspondence > 0) names.push('avc/');
  if (stage === 'alignment') names.push('projection/');
  if (stage === 'alignment' && losses.locatedSimilarity > 0) names.push('alignment/');
  return names;
}

export interface StageLoss {
  /** What is minimised: the weighted sum of the terms. */
  loss: tf.Scalar;
  /** The terms, not weighted. */
  terms: Record<string, tf.Scalar>;
  /** Mean and variance of the batch at every normalisation, by the names of the running ones. */
  statistics: Record<string, tf.Tensor1D>;
  /** What the branches read; null for one that the stage leaves alone. */
  audio: BranchOutput | null;
  visual: BranchOutput | null;
}

/**
 * One graph without branches that depend on data: it is traced once and run for ever.
 *
 * @param normalised - by the batch's statistics, to learn; or by the running ones, to judge: then `statistics` is empty
 */
export function stageLoss(
  network: NetworkOptions,
  losses: LossOptions,
  stage: StageKind,
  weights: Tensors,
  batch: BatchTensors,
  normalised: 'training' | 'evaluation' = 'training',
): StageLoss {
  const statistics: Record<string, tf.Tensor1D> = {};
  const mode: Mode = normalised === 'training' ? { kind: normalised, statistics } : { kind: normalised };
  const heard = batch.heard as tf.Tensor2D;
  const seen = batch.seen as tf.Tensor2D;
  const located = batch.located as tf.Tensor1D;
  const sum = new WeightedSum();

  let audio: BranchOutput | null = null;
  if (stage !== 'visual') {
    audio = runBranch('audio', network, weights, batch.logmel, mode);
    sum.add('heard', losses.classification, () => classificationLoss(audio!.logits, heard));
  }
  let visual: BranchOutput | null = null;
  if (stage !== 'audio') {
    visual = runBranch('visual', network, weights, batch.frames, mode);
    const { maps, logits } = visual;
    sum.add('seen', losses.classification, () => classificationLoss(logits, seen));
    sum.add('locatedMaps', losses.locatedMaps, () =>
      locatedLoss(maps, coverageByCell(batch.coverage), located, losses.focus),
    );
    sum.add('locatedClasses', losses.locatedClasses, () =>
      locatedClassLoss(maps, coverageByCell(batch.coverage), located),
    );
  }
  if (audio !== null && visual !== null) {
    const { cells } = visual;
    sum.add('correspondence', losses.correspondence, () =>
      correspondenceLoss(matchLogits(weights, audio.cells, cells), heard, seen),
    );
    if (stage === 'alignment') addAlignment(sum, network, losses, weights, batch, audio, visual);
  }
  return { loss: sum.total(), terms: sum.terms, statistics, audio, visual };
}

function addAlignment(
  sum: WeightedSum,
  network: NetworkOptions,
  losses: LossOptions,
  weights: Tensors,
  batch: BatchTensors,
  audio: BranchOutput,
  visual: BranchOutput,
): void {
  // Class maps choose the features to align; alignment must not bend them (both releases detach them).
  const hears = { ...audio, activation: stopGradient(audio.activation) };
  const sees = { ...visual, activation: stopGradient(visual.activation) };
  const { sound, similarity } = align(network, weights, hears, sees);
  const heard = valid(batch.heard as tf.Tensor2D);
  const both = tf.mul<tf.Tensor2D>(heard, valid(batch.seen as tf.Tensor2D));
  const located = batch.located as tf.Tensor1D;
  sum.add('contrastive', losses.contrastive.weight, () => {
    const pictures = unitLength(
      project('visual', network, weights, classFeatures(sees.activation, sees.cells)),
    );
    return contrastiveLoss(sound, pictures, heard, valid(batch.seen as tf.Tensor2D), losses);
  });
  if (losses.background > 0 || losses.dense > 0) {
    const following = mapFollowingLosses(
      similarity,
      sees.activation,
      both,
      tf.sub(1, located),
      losses.contrastive.margin,
    );
    sum.add('background', losses.background, () => following.background);
    sum.add('dense', losses.dense, () => following.dense);
  }
  sum.add('locatedSimilarity', losses.locatedSimilarity, () => {
    const scale = weight<tf.Rank.R1>(weights, 'alignment/scale');
    const margin = weight<tf.Rank.R1>(weights, 'alignment/margin');
    const logits = tf.mul<tf.Tensor3D>(tf.sub(similarity, margin), scale);
    const coverage = tf.transpose(coverageByCell(batch.coverage), [0, 2, 1]);
    return locatedLoss(logits, tf.mul(coverage, tf.expandDims(batch.heard, 2)), located, losses.focus);
  });
}

/** Labels may be soft; a class counts from one half on. */
const valid = (labels: tf.Tensor2D): tf.Tensor2D => tf.cast(tf.greater(labels, 0.5), 'float32');

/** `[B, C, U, V]` to `[B, U V, C]`. */
function coverageByCell(coverage: tf.Tensor): tf.Tensor3D {
  const [batch = 0, classes = 0, rows = 0, cols = 0] = coverage.shape;
  return tf.transpose(tf.reshape(coverage, [batch, classes, rows * cols]), [0, 2, 1]);
}

/** Terms by name, and their weighted sum. */
class WeightedSum {
  readonly terms: Record<string, tf.Scalar> = {};
  #total: tf.Scalar | null = null;

  /** A term of weight zero is not computed. */
  add(name: string, weightOfTerm: number, compute: () => tf.Scalar): void {
    if (weightOfTerm === 0) return;
    const term = compute();
    this.terms[name] = term;
    const part = weightOfTerm === 1 ? term : tf.mul<tf.Scalar>(term, weightOfTerm);
    this.#total = this.#total === null ? part : tf.add(this.#total, part);
  }

  total(): tf.Scalar {
    if (this.#total === null) throw new RangeError('All terms have weight 0: there is nothing to learn.');
    return this.#total;
  }
}

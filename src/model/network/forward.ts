/** The whole network: everything that losses, evaluation and serving read from it. */

import * as tf from '@tensorflow/tfjs-core';
import { audioFeatures, type Mode, type Tensors, visualFeatures } from './features.ts';
import {
  activationMaps,
  cellsOf,
  classFeatures,
  classLogits,
  classMaps,
  matchMap,
  project,
  similarityMaps,
  unitLength,
} from './heads.ts';
import type { Branch } from './layers.ts';
import { gridOf, type NetworkOptions } from './options.ts';

/** One branch's reading. `N` is the number of its cells in reading order. */
export interface BranchOutput {
  /** `[B, N, D]`, not negative. */
  cells: tf.Tensor3D;
  /** `[B, N, C]`, before clipping. */
  maps: tf.Tensor3D;
  /** `[B, C]`. */
  logits: tf.Tensor2D;
  /** `[B, N, C]`, not negative. */
  activation: tf.Tensor3D;
}

/** @param input - frames `[B, H, W, 3]` of 0..255, or log-mel `[B, T, M]`. */
export function runBranch(
  branch: Branch,
  options: NetworkOptions,
  weights: Tensors,
  input: tf.Tensor,
  mode: Mode,
): BranchOutput {
  const features =
    branch === 'visual'
      ? visualFeatures(options, weights, input as tf.Tensor4D, mode)
      : audioFeatures(options, weights, input as tf.Tensor3D, mode);
  const cells = cellsOf(features);
  const maps = classMaps(branch, weights, cells);
  return {
    cells,
    maps,
    logits: classLogits(branch, options, maps),
    activation: activationMaps(branch, options, maps),
  };
}

/** Unit-length projections and the similarity maps of both branches' readings. */
export function align(
  options: NetworkOptions,
  weights: Tensors,
  audio: BranchOutput,
  visual: BranchOutput,
): {
  /** `[B, C, size]` */ sound: tf.Tensor3D;
  /** `[B, N, size]` */ places: tf.Tensor3D;
  /** `[B, C, N]` */ similarity: tf.Tensor3D;
} {
  const sound = unitLength(project('audio', options, weights, classFeatures(audio.activation, audio.cells)));
  const places = unitLength(project('visual', options, weights, visual.cells), options.damping);
  return { sound, places, similarity: similarityMaps(options, sound, places) };
}

/** The outputs of a served model (see the manifest). */
export interface ServingOutputs {
  /** Heard, `[B, C]`. */
  audio_probability: tf.Tensor2D;
  /** Seen, `[B, C]`. */
  visual_probability: tf.Tensor2D;
  /** `[B, C, U, V]`. */
  similarity: tf.Tensor4D;
  /** Class activation maps of the picture, `[B, C, U, V]`, not negative. */
  activation: tf.Tensor4D;
}

/** All that evaluation compares, in the layout of the served outputs. */
export interface EvaluationOutputs extends ServingOutputs {
  /** Class-agnostic Grad-CAM of the correspondence head, `[B, 1, U, V]`, not negative. */
  match_map: tf.Tensor4D;
}

export interface NetworkInput {
  /** `[B, H, W, 3]`, 0..255. */
  frames: tf.Tensor4D;
  /** `[B, T, M]`. */
  logmel: tf.Tensor3D;
}

/** @param weights - folded (see `foldBatchNorm`). */
export function servingOutputs(
  options: NetworkOptions,
  weights: Tensors,
  input: NetworkInput,
): ServingOutputs {
  return outputs(options, weights, input, { kind: 'serving' }).served;
}

/** @param mode - `evaluation` with weights as trained, `serving` with folded ones. */
export function evaluationOutputs(
  options: NetworkOptions,
  weights: Tensors,
  input: NetworkInput,
  mode: Mode,
): EvaluationOutputs {
  const { served, audio, visual, asMaps } = outputs(options, weights, input, mode);
  return { ...served, match_map: asMaps(matchMap(weights, audio.cells, visual.cells)) };
}

function outputs(options: NetworkOptions, weights: Tensors, { frames, logmel }: NetworkInput, mode: Mode) {
  const visual = runBranch('visual', options, weights, frames, mode);
  const audio = runBranch('audio', options, weights, logmel, mode);
  const { similarity } = align(options, weights, audio, visual);
  const [batch, height, width] = frames.shape;
  const { rows, cols } = gridOf({ width, height });
  const asMaps = (maps: tf.Tensor): tf.Tensor4D => tf.reshape(maps, [batch, -1, rows, cols]);
  const served: ServingOutputs = {
    audio_probability: tf.sigmoid(audio.logits),
    visual_probability: tf.sigmoid(visual.logits),
    similarity: asMaps(similarity),
    activation: asMaps(tf.transpose(visual.activation, [0, 2, 1])),
  };
  return { served, audio, visual, asMaps };
}

/** What a training thread computes, as tfjs code over named arrays: run as it is, or traced once into a graph. */

import * as tf from '@tensorflow/tfjs-core';
import '../../model/network/gradients.ts';
import { align } from '../../model/network/forward.ts';
import type { NetworkOptions } from '../../model/network/options.ts';
import { weightSpecs } from '../../model/network/weights.ts';
import type { LossOptions } from '../losses/options.ts';
import { type BatchTensors, stageInputs, stageLoss, stageWeights } from '../losses/stage-loss.ts';
import type { SampleShape } from '../sample.ts';
import type { StageKind } from './recipe.ts';

/** Structured-cloneable. */
export interface StageProgram {
  network: NetworkOptions;
  losses: LossOptions;
  kind: StageKind;
  shape: SampleShape;
  /** Names of the weights that gradients are wanted of. */
  trained: readonly string[];
  /** Examples of one step of one thread, and of one evaluation. */
  stepSize: number;
  evaluationSize: number;
}

export type NamedTensors = Record<string, tf.Tensor>;

/** What an input looks like; `frames` alone are bytes. */
export interface ProgramInput {
  shape: readonly number[];
  dtype: 'float32' | 'uint8';
}

/** Arrays of the batch come under their own names, weights under theirs (which all hold a slash). */
export type ProgramInputs = Record<string, ProgramInput>;

/** Starts of the names of outputs. */
export const TERM = 'term:';
export const GRADIENT = 'gradient:';
export const STATISTIC = 'statistic:';

export function batchInputs({ kind, shape }: StageProgram, size: number): ProgramInputs {
  const { classes, frame, logmel, grid } = shape;
  const count = classes.length;
  const all: Record<keyof BatchTensors, ProgramInput> = {
    frames: { shape: [size, frame.height, frame.width, 3], dtype: 'uint8' },
    logmel: { shape: [size, logmel.columns, logmel.mels], dtype: 'float32' },
    heard: { shape: [size, count], dtype: 'float32' },
    seen: { shape: [size, count], dtype: 'float32' },
    coverage: { shape: [size, count, grid.rows, grid.cols], dtype: 'float32' },
    located: { shape: [size], dtype: 'float32' },
  };
  return Object.fromEntries(stageInputs(kind).map((name) => [name, all[name]]));
}

/** Those that the stage's loss depends on; running statistics only to evaluate. */
export function weightInputs(program: StageProgram, use: 'step' | 'evaluation'): ProgramInputs {
  const { network, losses, kind } = program;
  const reached = stageWeights(kind, losses);
  const used = weightSpecs(network).filter(
    (spec) =>
      (use === 'evaluation' || spec.kind === 'weight') &&
      reached.some((prefix) => spec.name.startsWith(prefix)),
  );
  return Object.fromEntries(used.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }]));
}

/** Outputs `loss`, and under their prefixes terms, gradients and batch statistics. */
export function stepOutputs(program: StageProgram, inputs: NamedTensors): NamedTensors {
  const { network, losses, kind, trained } = program;
  const outputs: NamedTensors = {};
  const lossOf = (...values: tf.Tensor[]): tf.Scalar => {
    const weights = { ...inputs, ...Object.fromEntries(trained.map((name, i) => [name, values[i]!])) };
    const { loss, terms, statistics } = stageLoss(network, losses, kind, weights, inputs as BatchTensors);
    // Kept: what the forward pass does not return is gone when it ends.
    for (const [name, term] of Object.entries(terms)) outputs[TERM + name] = tf.keep(tf.clone(term));
    for (const [name, statistic] of Object.entries(statistics)) {
      outputs[STATISTIC + name] = tf.keep(tf.clone(statistic));
    }
    return loss;
  };
  const values = trained.map((name) => inputs[name]!);
  const { value, grads } = tf.valueAndGrads(lossOf)(values);
  outputs['loss'] = value;
  for (const [i, gradient] of grads.entries()) outputs[GRADIENT + trained[i]!] = gradient;
  return outputs;
}

/** Outputs the terms, and what the stage's branches give of {@link EvaluationOutput}, under its names. */
export function evaluationOutputs(program: StageProgram, inputs: NamedTensors): NamedTensors {
  const { network, losses, kind, shape } = program;
  const { rows, cols } = shape.grid;
  const batch = inputs as BatchTensors;
  const { terms, audio, visual } = stageLoss(network, losses, kind, inputs, batch, 'evaluation');
  const outputs: NamedTensors = {};
  for (const [name, term] of Object.entries(terms)) outputs[TERM + name] = term;
  const asMaps = (maps: tf.Tensor): tf.Tensor => tf.reshape(maps, [maps.shape[0], -1, rows, cols]);
  if (audio !== null) outputs['audioProbability'] = tf.sigmoid(audio.logits);
  if (visual !== null) {
    outputs['visualProbability'] = tf.sigmoid(visual.logits);
    outputs['cam'] = asMaps(tf.transpose(visual.activation, [0, 2, 1]));
  }
  if (kind === 'alignment' && audio !== null && visual !== null) {
    outputs['similarity'] = asMaps(align(network, inputs, audio, visual).similarity);
  }
  return outputs;
}

/** The losses against numbers worked out by hand and against numerical gradients. */

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  contrastiveLoss,
  mapFollowingLosses,
  squaredDistances,
} from '../../src/training/losses/contrastive.ts';
import { defaultLosses, type LossOptions, paperLosses } from '../../src/training/losses/options.ts';
import { type StageKind, stageLoss, stageWeights } from '../../src/training/losses/stage-loss.ts';
import {
  classificationLoss,
  correspondenceLoss,
  locatedClassLoss,
  locatedLoss,
} from '../../src/training/losses/terms.ts';
import { tensorsOf, tinyBatch, tinyNetwork, unevenWeights } from '../support/network/tiny.ts';

const number = (scalar: tf.Tensor): number => scalar.dataSync()[0]!;

describe('eq. 1', () => {
  test('is the mean binary cross-entropy', () => {
    const loss = classificationLoss(tf.tensor2d([0, 2, -2, 0], [2, 2]), tf.tensor2d([1, 1, 0, 0.5], [2, 2]));
    const expected = (Math.log(2) + Math.log(1 + Math.exp(-2)) * 2 + Math.log(2)) / 4;
    expect(number(loss)).toBeCloseTo(expected, 6);
  });

  test('stays finite for logits beyond what exp can hold', () => {
    const loss = classificationLoss(tf.tensor2d([200, -200], [1, 2]), tf.tensor2d([0, 1], [1, 2]));
    expect(number(loss)).toBeCloseTo(200, 4);
  });
});

describe('eq. 2', () => {
  test('weighs matches and mismatches half each and leaves same-class pairs out', () => {
    const labels = tf.tensor2d([1, 0, 0, 1, 1, 0], [3, 2]);
    const logits = tf.tensor2d([1, -1, 5, -2, 2, -2, 5, -1, 3], [3, 3]);
    const cost = (z: number): number => Math.log(1 + Math.exp(-z));
    const matching = (cost(1) + cost(2) + cost(3)) / 3;
    const differing = (cost(1) + cost(2) + cost(2) + cost(1)) / 4;
    expect(number(correspondenceLoss(logits, labels, labels))).toBeCloseTo((matching + differing) / 2, 5);
  });
});

describe('eq. 7', () => {
  const a = tf.tensor3d([1, 0, 0, 1], [1, 2, 2]);
  const b = tf.tensor3d([0.6, 0.8, 0, 1], [1, 2, 2]);
  const all = tf.ones<tf.Rank.R2>([1, 2]);
  const of = (contrastive: LossOptions['contrastive']): number =>
    number(contrastiveLoss(a, b, all, all, { contrastive, negatives: 'all' }));
  // Squared distances: a0 b0 0.8, a0 b1 2, a1 b0 0.4, a1 b1 0.
  const hinge = (margin: number, squared: number): number => Math.max(margin - Math.sqrt(squared), 0);

  test('distances', () => {
    const squared = squaredDistances(tf.reshape(a, [2, 2]), tf.reshape(b, [2, 2]));
    for (const [i, expected] of [0.8, 2, 0.4, 0].entries())
      expect(squared.dataSync()[i]).toBeCloseTo(expected, 5);
  });
  test('as the paper and the simplified code have it', () => {
    const expected = (0.8 + 0) / 2 + (hinge(1.4, 2) ** 2 + hinge(1.4, 0.4) ** 2) / 2;
    expect(of({ weight: 1, form: 'paper', margin: 1.4 })).toBeCloseTo(expected, 4);
    expect(of({ weight: 1, form: 'simplified', margin: 1.4 })).toBeCloseTo(expected, 4);
  });
  test('as the original code has it: mean squares over the dimensions', () => {
    const expected = (0.4 + 0) / 2 + (Math.max(2 - 1, 0) + Math.max(2 - 0.2, 0)) / 2;
    expect(of({ weight: 1, form: 'original', margin: 2 })).toBeCloseTo(expected, 5);
  });
  test('classes that are not valid count nowhere', () => {
    const first = tf.tensor2d([1, 0], [1, 2]);
    const options = {
      contrastive: { weight: 1, form: 'simplified', margin: 1.4 },
      negatives: 'all',
    } as const;
    expect(number(contrastiveLoss(a, b, first, first, options))).toBeCloseTo(0.8, 5);
  });
  test('the same class of another example is a negative of the paper, not of ours', () => {
    const two = tf.tensor3d([1, 0, 1, 0], [2, 1, 2]);
    const valid = tf.ones<tf.Rank.R2>([2, 1]);
    const loss = (negatives: LossOptions['negatives']): number =>
      number(
        contrastiveLoss(two, two, valid, valid, {
          contrastive: { weight: 1, form: 'simplified', margin: 1.4 },
          negatives,
        }),
      );
    expect(loss('all')).toBeCloseTo((1.4 - 1e-3) ** 2, 3);
    expect(loss('other-class')).toBeCloseTo(0, 5);
  });
});

describe('the added terms', () => {
  test('located: cross-entropy times the squared error, over the covered mass', () => {
    const logits = tf.tensor3d([0, 0, 3, -3], [1, 4, 1]);
    const targets = tf.tensor3d([1, 0.5, 1, 0], [1, 4, 1]);
    const p = 1 / (1 + Math.exp(-3));
    const easy = -Math.log(p) * (1 - p) ** 2;
    const expected = (Math.log(2) * 0.25 + 0 + easy + easy) / 2.5;
    expect(number(locatedLoss(logits, targets, tf.tensor1d([1]), 2))).toBeCloseTo(expected, 5);
    expect(number(locatedLoss(logits, targets, tf.tensor1d([0]), 2))).toBe(0);
  });

  test('located classes: softmax cross-entropy of covered cells, each by what is covered of it', () => {
    const logits = tf.tensor3d([2, 0, 0, 1, 300, 300], [1, 3, 2]);
    const targets = tf.tensor3d([1, 0, 0.25, 0.25, 0, 0], [1, 3, 2]);
    const both = (-Math.log(1 / (1 + Math.E)) - Math.log(Math.E / (1 + Math.E))) / 2;
    const expected = (Math.log(1 + Math.exp(-2)) + 0.5 * both) / 1.5;
    expect(number(locatedClassLoss(logits, targets, tf.tensor1d([1])))).toBeCloseTo(expected, 5);
    expect(number(locatedClassLoss(logits, targets, tf.tensor1d([0])))).toBe(0);
  });

  test('map-following: far from background, near the object', () => {
    const similarity = tf.tensor3d([1, 0.5, 0], [1, 1, 3]);
    const activation = tf.tensor3d([2, 1, 0], [1, 3, 1]);
    const valid = tf.tensor2d([1], [1, 1]);
    const { background, dense } = mapFollowingLosses(similarity, activation, valid, tf.tensor1d([1]), 1.4);
    expect(number(background)).toBeCloseTo(0, 4);
    // Shares 1, 0.5, 0; squared distances 0, 1, 2.
    expect(number(dense)).toBeCloseTo(0.5 / 1.5, 4);
  });
});

describe.each<StageKind>(['visual', 'audio', 'multi-task', 'alignment'])('stage %s', (stage) => {
  test.each([
    ['default', defaultLosses],
    ['paper', paperLosses],
  ] as const)('has the gradient that numbers give, with %s losses', (_, losses) => {
    const network = tinyNetwork({
      width: 2,
      visualPooling: losses === paperLosses ? 'average' : 'log-sum-exp',
    });
    const weights = unevenWeights(network, 11);
    const batch = tinyBatch(network, 48);
    const names = [...weights.keys()].filter(
      (name) =>
        stageWeights(stage, losses).some((prefix) => name.startsWith(prefix)) &&
        !/norm\/(mean|variance)$/.test(name),
    );
    const lossOf = (): number =>
      tf.tidy(() => number(stageLoss(network, losses, stage, tensorsOf(weights), batch).loss));
    const fixed = tensorsOf(weights);
    const gradients = tf.grads((...values: tf.Tensor[]) => {
      const given = { ...fixed, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
      return stageLoss(network, losses, stage, given, batch).loss;
    })(names.map((name) => fixed[name]!));
    // Down and up each weight's own gradient, which must change the loss by the gradient's length: all its elements
    // at once, so that the kinks of relu and the rounding of float32 average out.
    let checked = 0;
    for (const [i, name] of names.entries()) {
      const gradient = gradients[i]!.dataSync();
      const norm = Math.hypot(...gradient);
      // Alignment stops gradients at the class maps, which numbers see through: there, what comes after them counts.
      if (norm < 0.1 || (stage === 'alignment' && /^(visual|audio|head)/.test(name))) continue;
      const { data } = weights.get(name)!;
      const before = data.slice();
      const reach = 3e-4 / Math.max(1, norm);
      for (let at = 0; at < data.length; at++) data[at] = before[at]! + (reach * gradient[at]!) / norm;
      const above = lossOf();
      for (let at = 0; at < data.length; at++) data[at] = before[at]! - (reach * gradient[at]!) / norm;
      const below = lossOf();
      data.set(before);
      const slope = (above - below) / (2 * reach);
      expect(slope / norm, `${name}: ${slope} against ${norm}`).toBeGreaterThan(0.9);
      expect(slope / norm, `${name}: ${slope} against ${norm}`).toBeLessThan(1.1);
      checked++;
    }
    expect(checked).toBeGreaterThan(3);
    for (const gradient of gradients) expect(Number.isFinite(number(tf.sum(gradient)))).toBe(true);
  });
});

test('a term of weight zero is not computed', () => {
  const network = tinyNetwork();
  const batch = tinyBatch(network, 32);
  const { terms } = stageLoss(
    network,
    { ...defaultLosses, correspondence: 0 },
    'multi-task',
    tensorsOf(unevenWeights(network, 1)),
    batch,
  );
  expect(Object.keys(terms)).toEqual(['heard', 'seen', 'locatedMaps', 'locatedClasses']);
});

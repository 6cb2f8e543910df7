import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialWeights, weightSpecs } from '../../model/network/weights.ts';
import { stageWeights } from '../losses/stage-loss.ts';
import { createBatch, type SampleBatch } from '../sample.ts';
import { openScenes } from '../scenes/open-scenes.ts';
import { drawnClasses } from '../scenes/spec.ts';
import { OnnxStepEngine } from './onnx-step-engine.ts';
import { layoutOf, type ParameterLayout, trainedOf, viewsOf } from './parameters.ts';
import type { StageKind } from './recipe.ts';
import { shapeOf } from './setup/prepare-stage.ts';
import { parseLosses, parseNetwork } from './setup/settings.ts';
import type { StageProgram } from './stage-program.ts';
import { TfjsStepEngine } from './tfjs-step-engine.ts';
import { traceStage } from './trace-stage.ts';

const SIZE = 4;
const classes = drawnClasses(['dog', 'guitar', 'clock', 'speech']);
const names = classes.map(({ name }) => name);
const network = parseNetwork(
  { depth: 10, width: 4, visualPooling: 'log-sum-exp', projection: { hidden: 16, size: 8 } },
  names.length,
  'network',
);

function stage(kind: StageKind, train = ['']): { program: StageProgram; layout: ParameterLayout } {
  const losses = parseLosses({}, 'loss');
  const rules = train.map((prefix) => ({ prefix, rateFactor: 1 }));
  const layout = layoutOf(weightSpecs(network), rules, stageWeights(kind, losses));
  const trained = trainedOf(layout).map(({ name }) => name);
  const shape = shapeOf(names, 48);
  return { program: { network, losses, kind, shape, trained, stepSize: SIZE, evaluationSize: SIZE }, layout };
}

async function scenes(program: StageProgram): Promise<SampleBatch> {
  const { shape } = program;
  const source = await openScenes({
    kind: 'scenes',
    seed: 5,
    split: 'train',
    shape,
    purpose: { kind: 'training' },
    classes,
    bank: null,
    drawnShare: 1,
  });
  const batch = createBatch(shape, SIZE);
  for (let slot = 0; slot < SIZE; slot++) source.write(slot, batch, slot);
  // One example of which only the classes are known.
  batch.located[1] = 0;
  return batch;
}

function flatWeights(layout: ParameterLayout): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layout.total);
  const initial = initialWeights(network, 3);
  for (const [name, view] of viewsOf(flat, layout)) {
    view.set(initial.get(name)!.data);
    // Blocks that begin as their shortcut alone would leave half of the network out.
    if (name.endsWith('norm/scale')) view.fill(0.8);
  }
  return flat;
}

/** Largest difference, as a share of the largest expected value. */
function difference(actual: Float32Array | undefined, expected: Float32Array): number {
  expect(actual?.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual![i]!)), 0) / largest;
}

beforeAll(() => tf.setBackend('cpu'));

describe.each<StageKind>(['visual', 'audio', 'multi-task', 'alignment'])('the %s stage, traced', (kind) => {
  it('gives the loss, gradients, statistics and answers that tfjs gives', async () => {
    const { program, layout } = stage(kind);
    const batch = await scenes(program);
    const weights = flatWeights(layout);
    const onnx = new OnnxStepEngine(traceStage(program), layout);
    const eager = new TfjsStepEngine(program, layout);
    await onnx.initialise();
    await eager.initialise();
    const [own, expected] = [await onnx.step(batch, weights), await eager.step(batch, weights)];
    expect(own.loss).toBeCloseTo(expected.loss, 3);
    expect(Object.keys(own.terms)).toEqual(Object.keys(expected.terms));
    expect([...expected.gradients.keys()]).toEqual(program.trained);
    for (const part of ['gradients', 'statistics'] as const) {
      expect(own[part].size).toBe(expected[part].size);
      for (const [name, values] of expected[part]) {
        expect(difference(own[part].get(name), values), name).toBeLessThan(1e-4);
      }
    }
    const [answers, due] = [await onnx.evaluate(batch, weights), await eager.evaluate(batch, weights)];
    for (const name of ['audioProbability', 'visualProbability', 'cam', 'similarity'] as const) {
      expect(difference(answers[name], due[name]), name).toBeLessThan(1e-4);
    }
    expect(due.audioProbability.length).toBe(kind === 'visual' ? 0 : SIZE * names.length);
    expect(due.similarity.length).toBe(kind === 'alignment' ? SIZE * names.length * 9 : 0);
    await onnx.close();
  });
});

it('a frozen branch has no gradient in the graph, and none is asked of it', async () => {
  const { program, layout } = stage('alignment', ['projection/', 'alignment/']);
  const batch = await scenes(program);
  const onnx = new OnnxStepEngine(traceStage(program), layout);
  await onnx.initialise();
  const { gradients } = await onnx.step(batch, flatWeights(layout));
  expect([...gradients.keys()].toSorted()).toEqual([
    'alignment/margin',
    'alignment/scale',
    'projection/audio/hidden/kernel',
    'projection/audio/output/kernel',
    'projection/visual/hidden/kernel',
    'projection/visual/output/kernel',
  ]);
  expect(layout.measured).toBe(layout.trained);
  await onnx.close();
});

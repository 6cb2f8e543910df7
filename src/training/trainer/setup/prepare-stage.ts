/** Makes of a recipe's stage what the loop needs: data, network, layout of the weights, and what the threads run. */

import { gridOf } from '../../../model/network/options.ts';
import { initialWeights, weightSpecs } from '../../../model/network/weights.ts';
import { EarsightError } from '../../../pipeline/errors.ts';
import { hash } from '../../../pipeline/ingest/demo/random.ts';
import { columnCount, QIAN_LOG_MEL } from '../../../pipeline/prep/log-mel-parameters.ts';
import { stageWeights } from '../../losses/stage-loss.ts';
import type { SampleShape } from '../../sample.ts';
import { layoutOf, trainedOf } from '../parameters.ts';
import type { Recipe, RecipeStage } from '../recipe.ts';
import { type StageSetup, VALIDATION_BATCH } from '../run.ts';
import type { StageProgram } from '../stage-program.ts';
import type { DataSettings } from './settings.ts';
import { parseData, parseLosses, parseNetwork } from './settings.ts';
import type { StageData } from './stage-data.ts';

/** What computes: traced graphs in onnxruntime, or the same code on a tfjs back end. */
export type EngineName = 'onnx' | 'tfjs';

/** What stages share. */
export interface Workshop {
  recipe: Recipe;
  engine: EngineName;
  openData: (settings: DataSettings) => Promise<StageData>;
}

/** @throws EarsightError `bad-config`, `bad-dataset` */
export async function prepareStage(
  { recipe, engine, openData }: Workshop,
  stage: RecipeStage,
  threads: number,
): Promise<StageSetup> {
  const settings = parseData({ ...recipe.data, ...stage.data }, `data of stage ${stage.name}`);
  checkPurpose(stage, settings);
  const data = await openData(settings);
  const network = parseNetwork(recipe.network, data.classes.length, 'network');
  const losses = parseLosses(stage.loss, `loss of stage ${stage.name}`);
  const shape = shapeOf(data.classes, stage.frame);
  const rules = stage.train.map(({ prefix, rate }) => ({ prefix, rateFactor: rate }));
  const layout = layoutOf(weightSpecs(network), rules, stageWeights(stage.kind, losses));
  const program: StageProgram = {
    network,
    losses,
    kind: stage.kind,
    shape,
    trained: trainedOf(layout).map(({ name }) => name),
    stepSize: stage.batch / threads,
    evaluationSize: VALIDATION_BATCH,
  };
  const place = recipe.stages.indexOf(stage);
  const training = { kind: stage.kind, shape, seed: hash(recipe.seed, 1, place) };
  // The same for all stages, so that their validations can be compared.
  const judging = { kind: stage.kind, shape, seed: hash(recipe.seed, 2) };
  return {
    shape,
    layout,
    network,
    initialWeights: (seed) =>
      new Map([...initialWeights(network, seed)].map(([name, weight]) => [name, weight.data])),
    ...(await threadsFor(engine, program)),
    openFeed: (first, batchSize) => data.openFeed(training, first, batchSize),
    openValidation: () => data.openValidation(judging),
  };
}

/** Pictures without sound teach the eye alone, sounds without pictures the ear alone. */
function checkPurpose({ name, kind }: RecipeStage, settings: DataSettings): void {
  if (settings.kind !== 'scenes' || settings.purpose === 'training') return;
  const { purpose } = settings;
  const needed = purpose === 'things' ? 'visual' : 'audio';
  if (kind === needed) return;
  throw new EarsightError(
    'bad-config',
    `data of stage ${name}: purpose ${purpose} is for stages of kind ${needed}, and this one is ${kind}: write training there.`,
  );
}

async function threadsFor(
  name: EngineName,
  program: StageProgram,
): Promise<Pick<StageSetup, 'entry' | 'engine'>> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = new URL(`../${name}-step-worker.${extension}`, import.meta.url);
  if (name === 'tfjs') return { entry, engine: program };
  const { traceStage } = await import('../trace-stage.ts');
  return { entry, engine: traceStage(program) };
}

/** The shape of examples for square pictures of `side` pixels; sound as published. */
export function shapeOf(classes: readonly string[], side: number): SampleShape {
  const frame = { width: side, height: side };
  return {
    classes,
    frame,
    logmel: { columns: columnCount(QIAN_LOG_MEL), mels: QIAN_LOG_MEL.mels },
    grid: gridOf(frame),
  };
}

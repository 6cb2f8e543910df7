/** How fast a network is trained, everything included: scenes composed, loss and gradients, weights updated. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipeSchema } from '../src/training/trainer/recipe.ts';
import { recordOf } from '../src/training/trainer/run-records.ts';
import { train } from '../src/training/trainer/train.ts';
import { MatrixProduct } from './matrix-product.ts';
import type { Row } from './table.ts';

/** The half-width ResNet-18 of the default recipe, on drawn scenes, which need no file. */
const STAGES = [
  { name: 'eye', kind: 'visual', frame: 128 },
  { name: 'ear', kind: 'audio', frame: 32 },
  { name: 'both', kind: 'multi-task', frame: 128 },
  { name: 'together', kind: 'alignment', frame: 160 },
] as const;

/**
 * Examples a second of each stage, and what the training threads spend their time on. Machines differ, and one differs
 * from hour to hour: so the rate stands beside that of a plain matrix product on as many threads, before and after.
 */
export async function benchTraining(seconds: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'earsight-bench-training-'));
  const cores = availableParallelism();
  const product = await MatrixProduct.open({ intraOpNumThreads: cores });
  try {
    const before = await product.gflops(20);
    await train({
      recipe: recipeSchema.parse({
        network: { visualPooling: 'log-sum-exp' },
        validationSamples: 16,
        checkpointMinutes: 60,
        stages: STAGES.map((stage) => ({
          ...stage,
          minutes: seconds / 60,
          batch: 16 * cores,
          validations: 1,
        })),
      }),
      folder,
      engine: 'onnx',
      workers: cores,
      producers: cores,
      resume: false,
      start: null,
      say: () => undefined,
      stopRequested: () => false,
    });
    const gflops = (before + (await product.gflops(20))) / 2;
    const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).split('\n');
    const intervals = lines.flatMap((line) => {
      const record = recordOf(line);
      return record?.type === 'interval' ? [record] : [];
    });
    return STAGES.map(({ name, kind, frame }) => {
      const all = intervals.filter(({ stage }) => stage === name);
      // The first half pays for what is done once: threads start, code is compiled, the cast's voices are synthesised.
      const own = all.slice(Math.ceil(all.length / 2));
      const mean = (pick: (record: (typeof own)[number]) => number): number =>
        own.reduce((sum, record) => sum + pick(record), 0) / own.length;
      const percent = (part: string): number => Math.round(mean(({ time }) => time[part] ?? 0) * 100);
      const rateHz = mean(({ samplesPerSecond }) => samplesPerSecond);
      return {
        stage: kind,
        'frame px': frame,
        'examples/s': rateHz,
        'GEMM GFLOP/s': Math.round(gflops),
        'examples per GEMM TFLOP': Math.round((rateHz / gflops) * 1000),
        'compute %': percent('compute'),
        'update %': percent('update'),
        'wait for others %': percent('wait'),
        'wait for scenes %': percent('idle'),
      };
    });
  } finally {
    await product.close();
    await rm(folder, { recursive: true });
  }
}

/** Counts the arithmetic of an ONNX model from the shapes that onnxruntime's profile reports. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';

interface ProfileEvent {
  args?: {
    op_name?: string;
    input_type_shape?: Record<string, number[]>[];
    output_type_shape?: Record<string, number[]>[];
  };
}

/** Floating-point operations (two per multiply-add) of the convolutions and matrix products of one run. */
export async function countFlops(path: string, feeds: Record<string, Tensor>): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'earsight-profile-'));
  try {
    // 'basic' keeps the operators whose shapes tell their cost; later passes fuse and re-block them.
    const session = await InferenceSession.create(path, {
      graphOptimizationLevel: 'basic',
      enableProfiling: true,
      profileFilePrefix: join(directory, 'run'),
    });
    await session.run(feeds);
    session.endProfiling();
    await session.release();
    const [file] = await readdir(directory);
    const events: ProfileEvent[] = JSON.parse(await readFile(join(directory, file!), 'utf8'));
    return events.reduce((sum, event) => sum + flopsOf(event), 0);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function flopsOf({ args }: ProfileEvent): number {
  const output = shapeOf(args?.output_type_shape?.[0]);
  const left = shapeOf(args?.input_type_shape?.[0]);
  const weights = shapeOf(args?.input_type_shape?.[1]);
  switch (args?.op_name) {
    case 'Conv':
      return 2 * product(output) * product(weights.slice(1));
    case 'MatMul':
    case 'Gemm':
      return 2 * product(output) * left.at(-1)!;
    default:
      return 0;
  }
}

const shapeOf = (typed: Record<string, number[]> | undefined): number[] =>
  Object.values(typed ?? {})[0] ?? [];
const product = (sizes: number[]): number => sizes.reduce((a, b) => a * b, 1);

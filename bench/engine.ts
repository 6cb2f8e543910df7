/** The engine alone: time per frame by batch, workers and threads, and against the machine's matrix product. */

import { fileURLToPath } from 'node:url';
import { Tensor } from 'onnxruntime-node';
import { OnnxModel } from '../src/model/engine/onnx/onnx-model.ts';
import { OnnxSession } from '../src/model/engine/onnx/onnx-session.ts';
import { type SessionSettings, sessionOptions } from '../src/model/engine/onnx/providers.ts';
import { loadManifest, type ModelFolder, onnxPath, type Precision } from '../src/model/load-manifest.ts';
import type { ModelBatch, ModelShape } from '../src/pipeline/ports.ts';
import { countFlops } from './count-flops.ts';
import { MatrixProduct } from './matrix-product.ts';
import { median } from './quantiles.ts';
import { printTable, type Row } from './table.ts';

const MODEL = fileURLToPath(new URL('../models/studio-10', import.meta.url));
const ROUNDS = 7;

export interface EngineBench {
  /** One session on the caller's thread: milliseconds per frame at batch 1, 2, 4, in floating point and in bytes. */
  batches: Row[];
  /** Worker threads kept busy: frames a second, and how long one run takes. */
  workers: Row[];
  /** Arithmetic rate of the model beside that of a plain matrix product, measured turn about. */
  arithmetic: Row[];
}

/** Takes about ten seconds; `directory` is a model folder. */
export async function benchEngine(directory = MODEL): Promise<EngineBench> {
  const folder = await loadManifest(directory);
  return {
    batches: await benchBatches(folder),
    workers: await benchWorkers(folder),
    arithmetic: await benchArithmetic(folder),
  };
}

async function benchBatches(folder: ModelFolder): Promise<Row[]> {
  const precisions: Precision[] =
    folder.manifest.files.int8 === undefined ? ['float32'] : ['float32', 'int8'];
  const sessions = await Promise.all(
    precisions.map((precision) => OnnxSession.open(folder, { ...settings(1), precision })),
  );
  const { shape } = new OnnxModel(folder);
  const rows: Row[] = [];
  for (const size of [1, 2, 4]) {
    const batch = blankBatch(shape, size);
    for (const [index, precision] of precisions.entries()) {
      const perRunMs = await medianMs(() => sessions[index]!.run(batch), 20);
      rows.push({ batch: size, precision, 'ms/run': round(perRunMs), 'ms/frame': round(perRunMs / size) });
    }
  }
  await Promise.all(sessions.map((session) => session.release()));
  return rows;
}

async function benchWorkers(folder: ModelFolder): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [workers, intraOpThreads] of [
    [1, 1],
    [1, 2],
    [2, 1],
  ] as const) {
    const model = new OnnxModel(folder, { workers, intraOpThreads });
    await model.initialize();
    const timesMs: number[] = [];
    const began = performance.now();
    const lane = async () => {
      for (let i = 0; i < 100; i++) {
        const batch = blankBatch(model.shape, 1);
        const at = performance.now();
        await model.run(batch);
        timesMs.push(performance.now() - at);
      }
    };
    await Promise.all(Array.from({ length: workers }, lane));
    const seconds = (performance.now() - began) / 1000;
    await model.close();
    rows.push({
      'workers x threads': `${workers} x ${intraOpThreads}`,
      'frames/s': Math.round(timesMs.length / seconds),
      'ms/run p50': round(median(timesMs)),
    });
  }
  return rows;
}

async function benchArithmetic(folder: ModelFolder): Promise<Row[]> {
  const { shape } = new OnnxModel(folder);
  const batch = blankBatch(shape, 1);
  const { tensors } = folder.manifest;
  const flops = await countFlops(onnxPath(folder), {
    [tensors.frames.name]: new Tensor('uint8', batch.frames, [1, shape.frame.height, shape.frame.width, 3]),
    [tensors.logmel.name]: new Tensor('float32', batch.logmel, [
      1,
      1,
      shape.logmel.columns,
      shape.logmel.mels,
    ]),
  });
  const rows: Row[] = [];
  for (const threads of [1, 2]) {
    const session = await openSession(folder, threads);
    const gemm = await MatrixProduct.open(sessionOptions(settings(threads)));
    const modelMs: number[] = [];
    const gemmGflops: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      modelMs.push(await medianMs(() => session.run(batch), 10));
      gemmGflops.push(await gemm.gflops(5));
    }
    await Promise.all([session.release(), gemm.close()]);
    const model = flops / median(modelMs) / 1e6;
    const machine = median(gemmGflops);
    rows.push({
      threads,
      'GFLOP/frame': (flops / 1e9).toFixed(2),
      'model GFLOP/s': Math.round(model),
      'GEMM GFLOP/s': Math.round(machine),
      ratio: (model / machine).toFixed(2),
    });
  }
  return rows;
}

function openSession(folder: ModelFolder, intraOpThreads: number): Promise<OnnxSession> {
  return OnnxSession.open(folder, settings(intraOpThreads));
}

/** Without spinning: two sessions that take turns would slow each other down. */
function settings(intraOpThreads: number): SessionSettings {
  return { provider: 'cpu', deviceId: 0, intraOpThreads, allowSpinning: false, precision: 'float32' };
}

function blankBatch({ frame, logmel }: ModelShape, size: number): ModelBatch {
  return {
    size,
    frames: new Uint8Array(size * frame.width * frame.height * 3).fill(100),
    logmel: new Float32Array(size * logmel.columns * logmel.mels).fill(-7),
  };
}

async function medianMs(run: () => Promise<unknown>, times: number): Promise<number> {
  await run();
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const at = performance.now();
    await run();
    samples.push(performance.now() - at);
  }
  return median(samples);
}

const round = (ms: number): number => Math.round(ms * 100) / 100;

if (import.meta.main) {
  const { batches, workers, arithmetic } = await benchEngine();
  printTable('engine by batch (1 thread)', batches);
  printTable('engine by workers x threads (batch 1)', workers);
  printTable('engine against matrix product', arithmetic);
}

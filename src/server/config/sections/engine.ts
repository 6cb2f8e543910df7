/** What runs the model: the configuration's section `engine`. */

import { z } from 'zod';

export const engineSchema = z.strictObject({
  name: z
    .enum(['onnx', 'tfjs'])
    .default('onnx')
    .describe(
      'onnx: onnxruntime, the quickest on a cpu. tfjs: the network in TensorFlow.js, on @tensorflow/tfjs-node-gpu where that is installed; it needs a model with weights, and takes workers and maxBatch alone.',
    ),
  provider: z
    .enum(['cpu', 'webgpu', 'cuda', 'tensorrt'])
    .default('cpu')
    .describe('What onnxruntime computes on. cuda and tensorrt need their libraries installed.'),
  precision: z
    .enum(['float32', 'int8'])
    .default('float32')
    .describe(
      'int8 computes in bytes: about twice as many results on a cpu, a little less exact. The model must have such a graph.',
    ),
  deviceId: z.int().min(0).max(63).default(0).describe('Which graphics processor; cpu ignores it.'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe(
      'Worker threads, each with its own copy of the model. More answer more streams; null: one for each core up to four on the cpu, one otherwise.',
    ),
  intraOpThreads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Threads inside one run. 1 with several workers gives most results; more with one worker gives the quickest single answer.',
    ),
  maxBatch: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe(
      'Most frames in one run. On a cpu larger batches gain little and cost delay; on a graphics processor 8 or 16 pay.',
    ),
  maxBatchDelayMs: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      'How long a run may wait for company, in milliseconds. Higher fills batches, lower answers sooner.',
    ),
});

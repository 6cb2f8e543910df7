/** How fast this machine multiplies matrices at this moment: what other speeds are held against. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { matmulOnnx } from './matmul-onnx.ts';
import { median } from './quantiles.ts';

const SIZE = 1024;

/** Owns a session of onnxruntime; close it. */
export class MatrixProduct {
  readonly #session: InferenceSession;
  readonly #matrix = new Tensor('float32', new Float32Array(SIZE ** 2).fill(0.5), [SIZE, SIZE]);

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async open(options: InferenceSession.SessionOptions): Promise<MatrixProduct> {
    return new MatrixProduct(await InferenceSession.create(matmulOnnx(SIZE), options));
  }

  /** Median of some runs, in GFLOP/s. */
  async gflops(runs: number): Promise<number> {
    const timesMs: number[] = [];
    for (let i = 0; i < runs; i++) {
      const at = performance.now();
      await this.#session.run({ A: this.#matrix, B: this.#matrix });
      timesMs.push(performance.now() - at);
    }
    return (2 * SIZE ** 3) / median(timesMs) / 1e6;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

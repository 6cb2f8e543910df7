/** Chooses what tfjs computes on: a native back end where one is installed, else WebAssembly, else plain JavaScript. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

export type TfjsBackend = 'tensorflow' | 'wasm' | 'cpu';

/** Not among our dependencies: who has the hardware installs one. */
const NATIVE = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/**
 * @param gradients - WebAssembly has no convolution gradients: it is passed over where they are needed
 * @returns what computes from now on in this thread
 */
export async function chooseBackend(gradients: boolean): Promise<TfjsBackend> {
  for (const name of NATIVE) {
    try {
      await import(name);
    } catch {
      continue;
    }
    if (await tf.setBackend('tensorflow')) return 'tensorflow';
  }
  if (!gradients) {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(entry)}/`);
    if (await tf.setBackend('wasm')) return 'wasm';
  }
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  return 'cpu';
}

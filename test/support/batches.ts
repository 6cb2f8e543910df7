/** Input for models under test. */

import type { ModelBatch, ModelShape } from '../../src/pipeline/ports.ts';

/** Frames that differ by place: batch place `i` is pattern `first + i`. */
export function patternBatch(shape: ModelShape, size: number, first = 0): ModelBatch {
  const frameLength = shape.frame.width * shape.frame.height * 3;
  const logmelLength = shape.logmel.columns * shape.logmel.mels;
  const frames = new Uint8Array(size * frameLength);
  const logmel = new Float32Array(size * logmelLength);
  for (let place = 0; place < size; place++) {
    const seed = first + place + 1;
    for (let i = 0; i < frameLength; i++) frames[place * frameLength + i] = (i * 7 * seed + seed * 31) % 256;
    for (let i = 0; i < logmelLength; i++) {
      logmel[place * logmelLength + i] = -7 + 5 * Math.sin(seed * (0.1 + i * 0.013));
    }
  }
  return { size, frames, logmel };
}

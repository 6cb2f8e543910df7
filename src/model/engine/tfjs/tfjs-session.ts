/** The network in tfjs itself, eagerly: the same code that trains it, on whatever back end is there. */

import * as tf from '@tensorflow/tfjs-core';
import { EarsightError } from '../../../pipeline/errors.ts';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import { columnCount } from '../../../pipeline/prep/log-mel-parameters.ts';
import { type ModelFolder, verifyFiles } from '../../load-manifest.ts';
import type { ModelManifest } from '../../manifest.ts';
import type { Tensors } from '../../network/features.ts';
import { servingOutputs } from '../../network/forward.ts';
import type { NetworkOptions } from '../../network/options.ts';
import { foldBatchNorm, type WeightMap } from '../../network/weights.ts';
import { readWeights } from '../../read-weights.ts';
import type { EngineSession } from '../threads/serve-session.ts';
import { chooseBackend } from './backend.ts';

export class TfjsSession implements EngineSession {
  readonly #manifest: ModelManifest;
  readonly #network: NetworkOptions;
  readonly #weights: Tensors;

  private constructor(manifest: ModelManifest, network: NetworkOptions, weights: WeightMap) {
    this.#manifest = manifest;
    this.#network = network;
    this.#weights = Object.fromEntries(
      [...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
  }

  /** @throws EarsightError `model-missing`, `model-mismatch`, `bad-weights`, and `engine-unavailable` without weights */
  static async open(folder: ModelFolder): Promise<TfjsSession> {
    const { manifest } = folder;
    await verifyFiles(folder);
    const trained = await readWeights(folder);
    if (trained === null) {
      throw new EarsightError(
        'engine-unavailable',
        `The model ${manifest.name} has no weights for the tfjs engine, only a graph: its manifest names no files.weights. ` +
          'Set engine.name to onnx, or export the model anew.',
      );
    }
    const { network, weights } = trained;
    await chooseBackend(false);
    return new TfjsSession(manifest, network, foldBatchNorm(network, weights));
  }

  async run({ size, frames, logmel }: ModelBatch): Promise<ModelOutput> {
    const { frame, logmel: sound } = this.#manifest;
    const outputs = tf.tidy(() => ({
      ...servingOutputs(this.#network, this.#weights, {
        frames: tf.tensor4d(frames, [size, frame.height, frame.width, 3], 'int32'),
        logmel: tf.tensor3d(logmel, [size, columnCount(sound), sound.mels]),
      }),
    }));
    try {
      const read = async (tensor: tf.Tensor): Promise<Float32Array> => Float32Array.from(await tensor.data());
      return {
        audioProbability: await read(outputs.audio_probability),
        visualProbability: await read(outputs.visual_probability),
        similarity: await read(outputs.similarity),
        activation: await read(outputs.activation),
      };
    } finally {
      tf.dispose(Object.values(outputs));
    }
  }

  release(): Promise<void> {
    tf.dispose(Object.values(this.#weights));
    return Promise.resolve();
  }
}

/** One onnxruntime session of a localization model: loaded, checked against its manifest, run. */

import type * as Ort from 'onnxruntime-node';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import { type ModelFolder, onnxPath, verifyFiles } from '../../load-manifest.ts';
import type { ModelManifest, TensorRole } from '../../manifest.ts';
import type { EngineSession } from '../threads/serve-session.ts';
import { checkTensors, mismatch } from './check-tensors.ts';
import { providerUnavailable, type SessionSettings, sessionOptions } from './providers.ts';

export class OnnxSession implements EngineSession {
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;
  readonly #manifest: ModelManifest;

  private constructor(ort: typeof Ort, session: Ort.InferenceSession, manifest: ModelManifest) {
    this.#ort = ort;
    this.#session = session;
    this.#manifest = manifest;
  }

  /**
   * Files are verified again, so that a session replaced months later cannot pick up another network.
   * @throws EarsightError `model-missing`, `model-mismatch`, `engine-unavailable`.
   */
  static async open(folder: ModelFolder, settings: SessionSettings): Promise<OnnxSession> {
    const { manifest } = folder;
    await verifyFiles(folder);
    const path = onnxPath(folder, settings.precision);
    const ort = await importRuntime(settings);
    // The runtime prints to stderr what it throws as well.
    ort.env.logLevel = 'fatal';
    let session: Ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(path, sessionOptions(settings));
    } catch (cause) {
      if (settings.provider !== 'cpu') throw providerUnavailable(settings, cause);
      throw mismatch(manifest, [`files.onnx cannot be loaded (${String(cause)})`]);
    }
    checkTensors(manifest, session.inputMetadata, session.outputMetadata);
    return new OnnxSession(ort, session, manifest);
  }

  /** @throws EarsightError `model-mismatch` for outputs that are not as declared; whatever onnxruntime throws. */
  async run({ size, frames, logmel }: ModelBatch): Promise<ModelOutput> {
    const { tensors } = this.#manifest;
    const { Tensor } = this.#ort;
    const results = await this.#session.run({
      [tensors.frames.name]: new Tensor('uint8', frames, this.#dims('frames', size)),
      [tensors.logmel.name]: new Tensor('float32', logmel, this.#dims('logmel', size)),
    });
    const read = (role: TensorRole): Float32Array => {
      const dims = this.#dims(role, size);
      const tensor = results[tensors[role]?.name ?? role];
      if (tensor === undefined || String(tensor.dims) !== String(dims)) {
        const found = tensor === undefined ? 'missing' : `[${tensor.dims.join(', ')}]`;
        throw mismatch(this.#manifest, [
          `tensors.${role}.shape is [${dims.join(', ')}], the output ${found}`,
        ]);
      }
      return tensor.data as Float32Array;
    };
    return {
      audioProbability: read('audioProbability'),
      visualProbability: read('visualProbability'),
      similarity: read('similarity'),
      ...(tensors.activation === undefined ? {} : { activation: read('activation') }),
    };
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #dims(role: TensorRole, size: number): number[] {
    const shape = this.#manifest.tensors[role]?.shape ?? [];
    return shape.map((extent) => (extent === 'batch' ? size : extent));
  }
}

async function importRuntime(settings: SessionSettings): Promise<typeof Ort> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw providerUnavailable({ ...settings, provider: 'cpu' }, cause);
  }
}

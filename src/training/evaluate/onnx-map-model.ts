/** A network as an ONNX graph, run in this thread: evaluation has nothing else to do meanwhile. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { SampleBatch, SampleShape } from '../sample.ts';
import type { MapModel, MapOutputs } from './map-model.ts';

/** Names of inputs and outputs that every exported graph has; the last two only one made for evaluation. */
const NAMES = {
  audioProbability: 'audio_probability',
  visualProbability: 'visual_probability',
  similarity: 'similarity',
  activation: 'activation',
  matchMap: 'match_map',
} as const;

export class OnnxMapModel implements MapModel {
  readonly shape: SampleShape;
  readonly #session: InferenceSession;
  readonly #frames: 'uint8' | 'float32';
  readonly #logmelRank: number;

  private constructor(session: InferenceSession, shape: SampleShape) {
    this.shape = shape;
    this.#session = session;
    const input = (name: string): InferenceSession.TensorValueMetadata => {
      const found = session.inputMetadata.find((one) => one.name === name);
      if (found?.isTensor === true) return found;
      throw unfit(`it has no input "${name}"`);
    };
    this.#frames = input('frames').type === 'uint8' ? 'uint8' : 'float32';
    this.#logmelRank = input('logmel').shape.length;
  }

  /**
   * @param graph the file's path or its bytes
   * @param threads of the runtime; the same number gives the same bits
   * @throws EarsightError `model-mismatch`
   */
  static async open(graph: string | Uint8Array, shape: SampleShape, threads = 2): Promise<OnnxMapModel> {
    const options: InferenceSession.SessionOptions = { intraOpNumThreads: threads, logSeverityLevel: 4 };
    let session: InferenceSession;
    try {
      session = await (typeof graph === 'string'
        ? InferenceSession.create(graph, options)
        : InferenceSession.create(graph, options));
    } catch (cause) {
      throw unfit(`onnxruntime cannot load it: ${messageOf(cause)}`);
    }
    return new OnnxMapModel(session, shape);
  }

  async run({ size, frames, logmel }: SampleBatch): Promise<MapOutputs> {
    const { frame, logmel: sound, classes, grid } = this.shape;
    const pixels = [size, frame.height, frame.width, 3];
    const columns = [size, ...(this.#logmelRank === 4 ? [1] : []), sound.columns, sound.mels];
    const results = await this.#session.run({
      frames:
        this.#frames === 'uint8'
          ? new Tensor('uint8', frames, pixels)
          : new Tensor('float32', Float32Array.from(frames), pixels),
      logmel: new Tensor('float32', logmel, columns),
    });
    const cells = grid.rows * grid.cols;
    const read = (name: string, length: number): Float32Array | null => {
      const data = results[name]?.data;
      if (data === undefined) return null;
      if (data instanceof Float32Array && data.length === length) return data;
      throw unfit(`its output "${name}" has ${data.length} values, not ${length}`);
    };
    const need = (name: string, length: number): Float32Array => {
      const data = read(name, length);
      if (data === null) throw unfit(`it has no output "${name}"`);
      return data;
    };
    const perClass = size * classes.length;
    return {
      audioProbability: need(NAMES.audioProbability, perClass),
      visualProbability: need(NAMES.visualProbability, perClass),
      similarity: need(NAMES.similarity, perClass * cells),
      activation: read(NAMES.activation, perClass * cells),
      matchMap: read(NAMES.matchMap, size * cells),
    };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function unfit(why: string): EarsightError {
  return new EarsightError(
    'model-mismatch',
    `The network does not fit its description: ${why}. Export model and manifest together.`,
  );
}

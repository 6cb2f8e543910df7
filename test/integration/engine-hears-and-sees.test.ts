/** The repository's model on real photos and recordings: the class that is there beats silence and a blank picture. */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OnnxModel } from '../../src/model/engine/onnx/onnx-model.ts';
import { loadManifest, type ModelFolder } from '../../src/model/load-manifest.ts';
import { LogMel } from '../../src/pipeline/prep/log-mel.ts';
import { FrameResizer } from '../../src/pipeline/prep/resize.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const MODEL = fileURLToPath(new URL('../../models/studio-10', import.meta.url));
const FILES = 8;
const reason = !existsSync(DATA)
  ? 'the photos and recordings of the training collection are not here'
  : spawnSync('ffmpeg', ['-version']).status !== 0
    ? 'there is no ffmpeg to decode photos and recordings'
    : null;
if (reason !== null) console.warn(`skipped: ${reason}`);

/** Folder of photos of a class, and of its sounds. */
const CLASSES: [name: string, photos: string, sounds: string][] = [
  ['piano', 'piano', 'piano'],
  ['tuba', 'euphonium', 'tuba'],
  ['clock', 'metronome', 'clock'],
  ['speech', 'face', 'speech'],
  ['dog', 'dog', 'dog'],
];

describe.skipIf(reason !== null)('the model of this repository', () => {
  let folder: ModelFolder;
  let model: OnnxModel;
  beforeAll(async () => {
    folder = await loadManifest(MODEL);
    model = new OnnxModel(folder, { workers: 1, maxBatch: 1 });
    await model.initialize();
  });
  afterAll(() => model.close());

  const windows = (): {
    silence: Float32Array;
    toLogMel: (samples: Float32Array) => Float32Array<ArrayBuffer>;
  } => {
    const { logmel } = folder.manifest;
    const frontEnd = new LogMel(logmel);
    return {
      silence: new Float32Array(logmel.windowSamples),
      toLogMel: (samples) => {
        const out = new Float32Array(frontEnd.columns * frontEnd.mels);
        frontEnd.write(samples, out, 0);
        return out;
      },
    };
  };

  test.each(CLASSES)(
    'hears and sees a %s more surely than silence and a grey picture',
    async (name, photos, sounds) => {
      const { frame, logmel, classes } = folder.manifest;
      const index = classes.findIndex((entry) => entry.name === name);
      const resizer = new FrameResizer({ ...frame });
      const { silence, toLogMel } = windows();
      const grey = new Uint8Array(frame.width * frame.height * 3).fill(128);
      const ask = async (frames: Uint8Array<ArrayBuffer>, samples: Float32Array) => {
        const output = await model.run({ size: 1, frames: frames.slice(), logmel: toLogMel(samples) });
        return { heard: output.audioProbability[index]!, seen: output.visualProbability[index]! };
      };
      const nothing = await ask(grey, silence);
      const heard: number[] = [];
      const seen: number[] = [];
      for (const [photo, sound] of pairs(await first(`photos/${photos}`), await first(`audio/${sounds}`))) {
        const picture = await decodePicture(photo);
        const pixels = new Uint8Array(grey.length);
        resizer.writeRgb(picture.rgb, picture.width, picture.height, pixels, 0);
        const samples = (await decodeSound(sound, logmel.rateHz)).subarray(0, logmel.windowSamples);
        const window = new Float32Array(logmel.windowSamples);
        window.set(samples);
        const answer = await ask(pixels, window);
        heard.push(answer.heard);
        seen.push(answer.seen);
      }
      expect(heard).toHaveLength(FILES);
      // A weak model: the typical file, not each one.
      expect(median(heard)).toBeGreaterThan(nothing.heard + 0.3);
      expect(median(seen)).toBeGreaterThan(nothing.seen + 0.3);
    },
  );
});

async function first(directory: string): Promise<string[]> {
  const names = (await readdir(`${DATA}${directory}`)).filter((name) => /\.(jpg|ogg)$/.test(name));
  return names
    .toSorted()
    .slice(0, FILES)
    .map((name) => `${DATA}${directory}/${name}`);
}

function pairs<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.map((value, i) => [value, right[i]!]);
}

async function decodePicture(path: string): Promise<{ width: number; height: number; rgb: Uint8Array }> {
  const ppm = await ffmpeg(['-i', path, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'ppm', '-']);
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.subarray(0, 32).toString('latin1'))!;
  return { width: Number(header[1]), height: Number(header[2]), rgb: ppm.subarray(header[0].length) };
}

async function decodeSound(path: string, rateHz: number): Promise<Float32Array> {
  const bytes = await ffmpeg(['-i', path, '-ac', '1', '-ar', String(rateHz), '-f', 'f32le', '-']);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

async function ffmpeg(args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 1 << 26 } as const;
  return (await promisify(execFile)('ffmpeg', ['-v', 'error', ...args], options)).stdout;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

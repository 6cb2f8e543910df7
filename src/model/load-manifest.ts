/** Reads a model folder: its manifest checked, its files proven by their SHA-256. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EarsightError, messageOf } from '../pipeline/errors.ts';
import { type ModelManifest, manifestSchema } from './manifest.ts';

/** A model folder that was found whole. */
export interface ModelFolder {
  /** Folder of `manifest.json` and of the files it names. */
  directory: string;
  manifest: ModelManifest;
}

/**
 * Reads `<directory>/manifest.json` and verifies the files it names.
 * @throws EarsightError `model-missing` when the manifest or a file is not there, `bad-manifest` with every
 * problem and its path, `model-mismatch` when a file is not the one the manifest describes.
 */
export async function loadManifest(directory: string): Promise<ModelFolder> {
  const manifest = parseManifest(await readManifest(join(directory, 'manifest.json')), directory);
  const folder = { directory, manifest };
  await verifyFiles(folder);
  return folder;
}

/** How a network computes: in floating point, or in bytes where the model has such a graph. */
export type Precision = 'float32' | 'int8';

/** Path of the network's ONNX file. @throws EarsightError `engine-unavailable` when there is none of that precision */
export function onnxPath({ directory, manifest }: ModelFolder, precision: Precision = 'float32'): string {
  const file = precision === 'int8' ? manifest.files.int8 : manifest.files.onnx;
  if (file !== undefined) return join(directory, file.name);
  throw new EarsightError(
    'engine-unavailable',
    `The model ${manifest.name} has no int8 graph: its manifest names no files.int8. Set engine.precision to float32, or export the model anew.`,
  );
}

/**
 * Hashes every file of the folder against the manifest.
 * @throws EarsightError `model-missing`, `model-mismatch`.
 */
export async function verifyFiles({ directory, manifest }: ModelFolder): Promise<void> {
  for (const [role, file] of Object.entries(manifest.files)) {
    if (file === undefined) continue;
    const path = join(directory, file.name);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          hash.update(chunk);
        }
      });
    } catch (cause) {
      throw new EarsightError(
        'model-missing',
        `Cannot read the model file ${path} named by files.${role} of its manifest: ${messageOf(cause)}. ` +
          'Restore the model folder, or point the configuration at another one.',
        { details: { path }, cause },
      );
    }
    const sha256 = hash.digest('hex');
    if (bytes !== file.bytes || sha256 !== file.sha256) {
      throw new EarsightError(
        'model-mismatch',
        `The model file ${path} is not the one its manifest describes: files.${role} says ${file.bytes} bytes, ` +
          `sha256 ${file.sha256}; the file has ${bytes} bytes, sha256 ${sha256}. ` +
          'Restore the file, or export model and manifest together.',
        { details: { path, field: `files.${role}.${bytes === file.bytes ? 'sha256' : 'bytes'}` } },
      );
    }
  }
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new EarsightError(
      'model-missing',
      `There is no model at ${path}: ${messageOf(cause)}. Point the configuration at a folder with a manifest.json.`,
      { details: { path }, cause },
    );
  }
}

/** What `<directory>/manifest.json` says. @throws EarsightError `bad-manifest` */
export function parseManifest(text: string, directory: string): ModelManifest {
  const path = join(directory, 'manifest.json');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EarsightError('bad-manifest', `${path} is not JSON: ${messageOf(cause)}. Correct the syntax.`, {
      details: { path },
      cause,
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: z.core.toDotPath(path) || '(root)',
    message,
  }));
  throw new EarsightError(
    'bad-manifest',
    `The manifest in ${directory} has ${problems.length} problem(s); correct these fields:\n` +
      problems.map(({ path, message }) => `  ${path}: ${message}`).join('\n'),
    { details: { directory, problems } },
  );
}

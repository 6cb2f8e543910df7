/** Checkpoints on disk: the last few kept, each found whole or refused by name. */

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { decodeSafetensors, encodeSafetensors } from '../../model/safetensors.ts';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { PARTIAL, writeAtomically } from './atomic-file.ts';

const count = z.int().min(0);

const bestSchema = z.strictObject({
  /** What was compared, `visual mAP` for example. */
  metric: z.string(),
  value: z.number(),
  step: count,
});

const progressSchema = z.strictObject({
  /** Of the recipe, so that another recipe's checkpoint is not taken up. */
  recipeHash: z.string(),
  stage: z.string(),
  /** Steps taken in the stage. */
  step: count,
  /** Examples seen in the stage; the next one has this number. All randomness follows from it and the seed. */
  samples: count,
  /** Time spent on the stage. */
  elapsedMs: z.number().min(0),
  /** Validations done in the stage. */
  validations: count,
  /** Best validation so far; its weights are among the tensors. */
  best: bestSchema.nullable(),
  /** Validations since the best one. */
  sinceBest: count,
  workers: z.int().positive(),
});

const indexSchema = z.strictObject({
  format: z.literal(1),
  file: z.string().regex(/^[\w][\w.-]*$/),
  bytes: count,
  /** CRC-32 of the file. */
  crc32: count,
  progress: progressSchema,
});

/** An array and its shape; may lie in shared memory. */
export interface CheckpointTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Where a run stands. */
export type RunProgress = z.infer<typeof progressSchema>;
export type BestValidation = z.infer<typeof bestSchema>;

export interface Checkpoint {
  progress: RunProgress;
  /** Weights, averages and moments by name. */
  tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** A checkpoint that was passed over, and why. */
export interface Refused {
  path: string;
  reason: string;
}

export interface LoadedCheckpoint extends Checkpoint {
  path: string;
  refused: Refused[];
}

/**
 * One folder of `000001.json` (written last: it makes a checkpoint count) and `000001.safetensors`. One writer at a time.
 */
export class CheckpointStore {
  readonly #folder: string;
  readonly #keep: number;
  #next = 1;

  private constructor(folder: string, keep: number) {
    this.#folder = folder;
    this.#keep = keep;
  }

  /** Makes the folder, and clears away what a killed run left half-written. */
  static async open(folder: string, keep: number): Promise<CheckpointStore> {
    await mkdir(folder, { recursive: true });
    const store = new CheckpointStore(folder, keep);
    const names = await readdir(folder);
    await Promise.all(names.filter((name) => name.endsWith(PARTIAL)).map((name) => store.#remove(name)));
    store.#next = Math.max(0, ...numbersIn(names)) + 1;
    return store;
  }

  /** @returns the path of the checkpoint's index. @throws the file system's error; earlier checkpoints stay */
  async save({ progress, tensors }: Checkpoint): Promise<string> {
    const number = this.#next++;
    const file = `${nameOf(number)}.safetensors`;
    const bytes = encodeSafetensors(tensors);
    await writeAtomically(join(this.#folder, file), bytes);
    const index = { format: 1, file, bytes: bytes.length, crc32: crc32(bytes), progress };
    const path = join(this.#folder, `${nameOf(number)}.json`);
    await writeAtomically(path, `${JSON.stringify(index, null, 2)}\n`);
    await this.#prune();
    return path;
  }

  /**
   * The newest checkpoint that is whole; null when there has never been one.
   * @throws EarsightError `bad-checkpoint` when there are some and all are damaged
   */
  async loadLast(): Promise<LoadedCheckpoint | null> {
    const refused: Refused[] = [];
    for (const number of numbersIn(await readdir(this.#folder)).toSorted((a, b) => b - a)) {
      const path = join(this.#folder, `${nameOf(number)}.json`);
      try {
        return { ...(await readCheckpoint(this.#folder, path)), path, refused };
      } catch (thrown) {
        refused.push({ path, reason: messageOf(thrown) });
      }
    }
    if (refused.length === 0) return null;
    throw new EarsightError(
      'bad-checkpoint',
      `No checkpoint in ${this.#folder} is whole:\n${refused.map(({ path, reason }) => `  ${path}: ${reason}`).join('\n')}\n` +
        'Restore one from a backup, or remove the folder and start anew without --resume.',
      { details: { refused } },
    );
  }

  async #prune(): Promise<void> {
    const numbers = numbersIn(await readdir(this.#folder)).toSorted((a, b) => b - a);
    for (const number of numbers.slice(this.#keep)) {
      // The index first: what it no longer names does not count.
      await this.#remove(`${nameOf(number)}.json`);
      await this.#remove(`${nameOf(number)}.safetensors`);
    }
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }
}

async function readCheckpoint(folder: string, path: string): Promise<Checkpoint> {
  const parsed = indexSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success) throw new Error(`it is not a checkpoint's index: ${z.prettifyError(parsed.error)}`);
  const { file, bytes, crc32: expected, progress } = parsed.data;
  const content = await readFile(join(folder, file));
  if (content.length !== bytes) {
    throw new Error(`${file} is truncated: it has ${content.length} bytes of ${bytes}`);
  }
  if (crc32(content) !== expected) throw new Error(`${file} is damaged: its checksum does not fit`);
  return { progress, tensors: decodeSafetensors(content, join(folder, file)).tensors };
}

const nameOf = (number: number): string => String(number).padStart(6, '0');

function numbersIn(names: readonly string[]): number[] {
  return names.flatMap((name) => {
    const match = /^(\d+)\.json$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
}

/** What the main thread and an engine worker say to each other. */

import { EarsightError, type ErrorCode, messageOf } from '../../../pipeline/errors.ts';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import type { ModelFolder } from '../../load-manifest.ts';

/** `workerData` of an engine worker; the settings are the engine's own. */
export interface WorkerSetup<Settings = unknown> {
  folder: ModelFolder;
  settings: Settings;
  maxBatch: number;
  /** See native-guard.ts. */
  guard: Int32Array<SharedArrayBuffer>;
}

/** At most one `run` is under way at a time. The batch's buffers are transferred. */
export type WorkerRequest = { type: 'run'; batch: ModelBatch } | { type: 'close' };

/**
 * `ready` comes once, with the time of the slowest run of the warm-up; `failed` before it means that the worker could
 * not start, after it that the run failed. `isSound`: it has since computed blank input as it should, so the fault is
 * the input's.
 */
export type WorkerReply =
  | { type: 'ready'; slowestRunMs: number }
  | { type: 'done'; output: ModelOutput }
  | { type: 'failed'; error: PlainError; isSound: boolean };

/** An {@link EarsightError} as structured cloning can carry it. */
export interface PlainError {
  code: ErrorCode;
  message: string;
  details: Readonly<Record<string, unknown>>;
}

/** `fallback` is the code of anything that is not an {@link EarsightError}. */
export function toPlainError(thrown: unknown, fallback: ErrorCode): PlainError {
  if (thrown instanceof EarsightError) {
    return { code: thrown.code, message: thrown.message, details: thrown.details };
  }
  return { code: fallback, message: messageOf(thrown), details: {} };
}

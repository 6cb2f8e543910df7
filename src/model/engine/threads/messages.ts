/** What the main thread and an engine worker say to each other. */

import { EarsightError, type ErrorCode, messageOf } from '../../../pipeline/errors.ts';
import type { ModelBatch, ModelOutput } from '../../../pipeline/ports.ts';
import type { ModelFolder } from '../../load-manifest.ts';

/** `workerData` of an engine worker; the settings are the engine's own. */
export interface WorkerSetup<Settings = unknown> {
  folder: ModelFolder;
  settings: Settings;
  maxBatch: number;
}

/** At most one `run` is under way at a time. The batch's buffers are transferred. */
export type WorkerRequest = { type: 'run'; batch: ModelBatch } | { type: 'close' };

/** `ready` comes once; `failed` before it means that the worker could not start, after it that the run failed. */
export type WorkerReply =
  | { type: 'ready' }
  | { type: 'done'; output: ModelOutput }
  | { type: 'failed'; error: PlainError };

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

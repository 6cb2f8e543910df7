/** What a command that cannot go on says and with which exit code: one line for what the person can mend. */

import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { redactText } from '../../pipeline/redact.ts';

/** Something the person who started the program can mend: settings, files, addresses, disks. */
export const EXIT_USAGE = 2;
/** A fault of ours. */
export const EXIT_FAULT = 1;

const MENDABLE: ReadonlySet<string> = new Set([
  'bad-config',
  'bad-url',
  'forbidden-path',
  'bad-manifest',
  'bad-weights',
  'model-mismatch',
  'model-missing',
  'bad-dataset',
  'engine-unavailable',
  'bad-checkpoint',
  'training-diverged',
]);

export interface Failure {
  exitCode: number;
  /** Without a line end; free of credentials. */
  text: string;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof EarsightError) {
    const exitCode = MENDABLE.has(thrown.code) ? EXIT_USAGE : EXIT_FAULT;
    return { exitCode, text: redactText(thrown.message) };
  }
  if ((thrown as NodeJS.ErrnoException | null)?.code === 'ENOSPC') {
    return { exitCode: EXIT_USAGE, text: 'The disk is full: make room, then start again.' };
  }
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return { exitCode: EXIT_FAULT, text: redactText(stack ?? messageOf(thrown)) };
}

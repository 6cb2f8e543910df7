/** Reads JSON annotations and checks their form, naming the entry that is wrong. */

import type { z } from 'zod';
import { messageOf } from '../../../pipeline/errors.ts';
import type { AnnotationFile } from './annotation-folder.ts';
import { annotationFault } from './fault.ts';

/** @throws EarsightError `bad-dataset` naming file and entry. */
export function readJson<T>(file: AnnotationFile, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(file.text());
  } catch (cause) {
    throw annotationFault(
      file.path,
      null,
      messageOf(cause),
      'Fetch the file again: it is cut off or damaged',
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  throw annotationFault(
    file.path,
    path.length === 0 ? null : { entry: `entry ${path.map(String).join('.')}` },
    issue?.message ?? 'not of the published form',
    'Fetch the file again, or correct the entry',
  );
}

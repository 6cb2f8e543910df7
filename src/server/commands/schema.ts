/** `earsight schema`: the JSON Schema of the configuration, for editors and other programs. */

import { publishedSchema } from '../config/published-schema.ts';

/** @returns the exit code */
export function schema(): number {
  process.stdout.write(`${JSON.stringify(publishedSchema(), null, 2)}\n`);
  return 0;
}

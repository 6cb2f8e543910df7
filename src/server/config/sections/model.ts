/** What finds the sounds: the configuration's section `model`. */

import { z } from 'zod';
import { SHIPPED_MODEL } from '../../installation.ts';

export const modelSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .default(SHIPPED_MODEL)
    .describe(
      'Folder of the model, with its manifest.json. A relative path is looked up where the server was started, then where it is installed.',
    ),
});

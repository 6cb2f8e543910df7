/** What is kept over restarts: the configuration's section `data`. */

import { z } from 'zod';

export const dataSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .nullable()
    .default('auto')
    .describe(
      'Folder for what must outlive a restart: the streams that the API added. auto: $STATE_DIRECTORY of a systemd unit, else earsight/<port> in $XDG_STATE_HOME or ~/.local/state. null: nothing is kept.',
    ),
});

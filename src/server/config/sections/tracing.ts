/** Where the time of single results goes: the configuration's section `tracing`. */

import { z } from 'zod';

export const tracingSchema = z.strictObject({
  sampleRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'Share of the results that are traced by OpenTelemetry, from their first packet on; 0 switches it off. Needs @opentelemetry/api and an SDK that is loaded before the server.',
    ),
});

/** The description of a network on disk. */

import { z } from 'zod';
import type { NetworkOptions } from './options.ts';

/** Strict, without defaults: what was trained is written down in full. */
export const networkSchema = z.strictObject({
  classes: z.int().positive(),
  depth: z.union([z.literal(10), z.literal(18)]),
  width: z.int().positive(),
  visualPooling: z.enum(['average', 'log-sum-exp']),
  camFloor: z.number(),
  projection: z.strictObject({
    form: z.enum(['simplified', 'original']),
    hidden: z.int().positive(),
    size: z.int().positive(),
  }),
  similarity: z.enum(['cosine', 'distance']),
  damping: z.number(),
}) satisfies z.ZodType<NetworkOptions>;

/** Where the server listens and who may ask it: the configuration's section `server`. */

import { z } from 'zod';
import { isRange } from '../../../pipeline/ip-ranges.ts';
import { portSchema } from './port.ts';
import { tlsSchema } from './tls.ts';

export const serverSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'Address to listen on. 127.0.0.1 is this machine only; 0.0.0.0 is everyone who can reach it, who then needs a token (section auth).',
    ),
  port: portSchema.default(8080).describe('TCP port to listen on; 0 takes a free one.'),
  page: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the built page; null is the one that comes with the program.'),
  allowedOrigins: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe(
      'Origins of other pages, such as https://dashboard.example, that may use the API and the heatmaps from a browser. Its own page always may.',
    ),
  tls: tlsSchema
    .prefault({})
    .describe('HTTPS, without which browsers lend no camera to pages from other machines.'),
  allowedHosts: z
    .array(z.string().regex(/^[A-Za-z0-9._-]+$/))
    .default([])
    .describe(
      "Further names that the server is asked for by, such as the one a proxy serves it under. Without tokens, other names than this machine's are refused: a strange page could use them to get in.",
    ),
  trustedProxies: z
    .array(z.string().refine(isRange, 'must be an address or a range such as 10.0.0.0/8'))
    .default([])
    .describe(
      'Proxies whose X-Forwarded-For is believed, for telling apart who tries wrong tokens or publishes too often.',
    ),
  drainMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(5000)
    .describe('How long to wait for a clean end on SIGTERM, in milliseconds.'),
});

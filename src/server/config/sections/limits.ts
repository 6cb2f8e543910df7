/** What one server takes on: the configuration's section `limits`. */

import { z } from 'zod';

export const limitsSchema = z.strictObject({
  streams: z.int().min(1).max(10_000).default(64).describe('Most streams at a time.'),
  subscribers: z.int().min(1).max(100_000).default(1000).describe('Most WebSocket subscribers at a time.'),
  streamsPerToken: z
    .int()
    .min(1)
    .max(10_000)
    .default(32)
    .describe('Most streams at a time that one token has added or publishes, where tokens are asked for.'),
  subscribersPerToken: z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('Most WebSocket subscribers at a time with one token.'),
  subscriberRateHz: z
    .number()
    .positive()
    .max(240)
    .default(60)
    .describe(
      'Most results a second of one stream that a subscriber is sent, however many it asks for. Lower bounds what one viewer costs.',
    ),
  bodyBytes: z
    .int()
    .min(1024)
    .max(16_777_216)
    .default(65_536)
    .describe('Largest request body of the API, in bytes.'),
  sdpBytes: z
    .int()
    .min(1024)
    .max(1_048_576)
    .default(65_536)
    .describe('Largest SDP offer, in bytes. A browser sends about 6000.'),
  whipPostsPerMinute: z
    .int()
    .min(1)
    .max(100_000)
    .default(120)
    .describe(
      'Most WHIP offers (POST) a minute from one address, and with one token; so many may also come at once. Each starts a process. A webcam that calls once a second needs 60.',
    ),
  whipPatchesPerMinute: z
    .int()
    .min(1)
    .max(100_000)
    .default(600)
    .describe(
      'Most WHIP requests about sessions (PATCH, DELETE) a minute from one address, and with one token.',
    ),
});
